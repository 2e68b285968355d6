"""What this app shows on the first page: the way to its own organisation, for who has no customers and no services."""

from accounts.queries import is_customer, sees_customers
from partnerportal.lib.actors import Actor
from partnerportal.lib.blocks import FirstPageArea, FirstPageBlock


def _has_nothing_else(actor: Actor) -> bool:
    return not (sees_customers(actor) or is_customer(actor))


BLOCKS = (
    FirstPageBlock(
        area=FirstPageArea.WORK,
        order=10,
        template="accounts/first_page/organization.html",
        seen_by=_has_nothing_else,
    ),
)

"""What this app shows on the start page: the way to its own organisation, for who has no customers and no services."""

from accounts.queries import is_customer, sees_customers
from partnerportal.lib.actors import Actor
from partnerportal.lib.blocks import StartPageArea, StartPageBlock


def _has_nothing_else(actor: Actor) -> bool:
    return not (sees_customers(actor) or is_customer(actor))


BLOCKS = (
    StartPageBlock(
        area=StartPageArea.WORK,
        order=10,
        template="accounts/start_page/organization.html",
        seen_by=_has_nothing_else,
    ),
)

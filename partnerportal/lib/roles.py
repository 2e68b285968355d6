"""The roles in which people act for an organisation, and which of them an organisation of each kind has (E-5)."""

from collections.abc import Collection

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy


class Role(models.TextChoices):
    """A role of a person in an organisation. One may have several, and may do what any of them allows."""

    READER = "reader", _("Reader")
    ADMIN = "admin", _("Admin")
    ADMIN_AGENT = "admin_agent", _("Admin agent")
    SALES_AGENT = "sales_agent", _("Sales agent")


KINDS_WITH_AGENTS = frozenset({"partner", "distributor"})  # kinds that sell: only they have all four roles

SEE_FINANCE = frozenset({Role.ADMIN, Role.ADMIN_AGENT})  # who always see customers' orders and prices (E-13)

# The names of everybody in a role, for `describe_roles`. Languages with articles have theirs in the translation.
_EVERYBODY = {
    Role.READER: pgettext_lazy("everybody in the role", "Readers"),
    Role.ADMIN: pgettext_lazy("everybody in the role", "Admins"),
    Role.ADMIN_AGENT: pgettext_lazy("everybody in the role", "Admin agents"),
    Role.SALES_AGENT: pgettext_lazy("everybody in the role", "Sales agents"),
}


def list_roles_for_kind(organization_kind: str) -> list[Role]:
    """Return the roles that people in an organisation of this kind may have, in the order of Role."""
    return list(Role) if organization_kind in KINDS_WITH_AGENTS else [Role.READER, Role.ADMIN]


def describe_roles(roles: Collection[str]) -> str:
    """Return the names of the roles in the plural, joined to one phrase, such as "Admins and Admin agents".

    At least one role must be given.
    """
    *others, last = [str(_EVERYBODY[role]) for role in Role if role in roles]
    if not others:
        return last
    comma = pgettext("between the items of a list", ", ")
    return pgettext("roles", "%(others)s and %(last)s") % {"others": comma.join(others), "last": last}

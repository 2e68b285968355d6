"""Who may do what in accounts."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from accounts.models import FailedAttempts, Role
from partnerportal.lib.policies import RoleTable, Rule


class AccountPermission(StrEnum):
    VIEW_ACCOUNT = "accounts.view_account"
    EDIT_ACCOUNT = "accounts.edit_account"
    VIEW_OPERATORS = "accounts.view_operators"
    MANAGE_OPERATORS = "accounts.manage_operators"


FOUNDED_A_DAY = 10  # organisations, by one person
ATTEMPTS_A_DAY = 50  # wrong passwords or codes of one account; after that a password asks for a mailed code beside it
# From how many failures of a day on the owner is mailed. Wrong codes come from somebody who has the password.
TOLD_AT = {FailedAttempts.Kind.PASSWORD: ATTEMPTS_A_DAY, FailedAttempts.Kind.CODE: 5}

ROLE_TABLE: RoleTable = {
    AccountPermission.VIEW_ACCOUNT: Rule(label=_("See the account details: ORGID, badges, contact data")),
    AccountPermission.EDIT_ACCOUNT: Rule(label=_("Edit the contact data"), roles=frozenset({Role.ADMIN})),
    AccountPermission.VIEW_OPERATORS: Rule(label=_("See the operators and their roles")),
    AccountPermission.MANAGE_OPERATORS: Rule(
        label=_("Change an operator’s roles or remove an operator"), roles=frozenset({Role.ADMIN})
    ),
}

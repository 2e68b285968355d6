"""The permissions of accounts and who has them, and the limits of sign-ins and new organisations."""

import datetime as dt
from enum import StrEnum

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import FailedAttempts, Operator, OrganizationKind, Role
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.policies import ActionDenied, PermissionRule, RoleTable
from partnerportal.lib.roles import SEE_FINANCE, describe_roles, list_roles_for_kind


class AccountPermission(StrEnum):
    """The permissions to act on an organisation's account; ROLE_TABLE says which roles have each."""

    VIEW_ACCOUNT = "accounts.view_account"
    EDIT_ACCOUNT = "accounts.edit_account"
    VIEW_OPERATORS = "accounts.view_operators"
    INVITE_OPERATORS = "accounts.invite_operators"
    CHANGE_ROLES = "accounts.change_roles"
    REMOVE_OPERATORS = "accounts.remove_operators"
    DECIDE_JOIN_REQUESTS = "accounts.decide_join_requests"
    VIEW_DOMAINS = "accounts.view_domains"
    MANAGE_DOMAINS = "accounts.manage_domains"
    CONFIRM_DOMAINS = "accounts.confirm_domains"
    VIEW_SECURITY = "accounts.view_security"
    CHANGE_SECURITY = "accounts.change_security"
    SAVE_VIEWS = "accounts.save_views"
    SHARE_VIEWS = "accounts.share_views"
    VIEW_ORGANIZATIONS = "accounts.view_organizations"
    REGISTER_ORGANIZATIONS = "accounts.register_organizations"
    INVITE_FIRST_ADMINS = "accounts.invite_first_admins"
    CORRECT_ORGANIZATIONS = "accounts.correct_organizations"
    SUSPEND_ORGANIZATIONS = "accounts.suspend_organizations"
    MANAGE_MEMBERSHIPS = "accounts.manage_memberships"
    MOVE_PARTNERS = "accounts.move_partners"
    SET_ACCOUNT_MANAGERS = "accounts.set_account_managers"
    SET_QUALIFICATIONS = "accounts.set_qualifications"
    EDIT_QUALIFICATIONS = "accounts.edit_qualifications"
    IMPORT_OPERATORS = "accounts.import_operators"


JOIN_REQUESTS_A_DAY = 5  # how often one person may ask to be let in within 24 hours
MOST_DOMAINS = 50  # domains of one organisation, proved or not
CHECK_PAUSE = dt.timedelta(seconds=30)  # between two checks of one domain that an organisation asks for
CHECKS_A_DAY = 20  # checks of one domain that an organisation may ask for within 24 hours
FOUNDED_A_DAY = 10  # organisations that one person may create within 24 hours
INVITED_A_DAY = 50  # operators whom one person may invite to an organisation within 24 hours
ATTEMPTS_A_DAY = 50  # wrong passwords, or wrong codes, of an account in a day; then a password also needs a mailed code
# How many failures of each kind in a day cause a mail to the owner. Few wrong codes are enough: whoever gives one has
# the password already.
TOLD_AT = {FailedAttempts.Kind.PASSWORD: ATTEMPTS_A_DAY, FailedAttempts.Kind.CODE: 5}


def _is_somebody_else(actor: Actor, operator: Operator | None) -> ActionDenied | None:
    """Return why the actor may not change this operator's roles: they are their own."""
    if operator is None or operator.person_id != actor.person_id:
        return None
    return ActionDenied("own_role", _("You can’t change your own roles. Ask another Admin."))


def deny_without_finance_access(actor: Actor, _subject: object) -> ActionDenied | None:
    """Return an ActionDenied if the actor may not see customers' orders and prices, or None if they may (E-13).

    Its message says which roles may see them, and that an Admin can grant it. The second argument is ignored.
    """
    if actor.sees_finance:
        return None
    who = describe_roles(SEE_FINANCE.intersection(list_roles_for_kind(actor.organization_kind)))
    text = gettext("Only %(roles)s can see customers’ orders and prices. An Admin can let you see them too.")
    return ActionDenied("no_finance_sight", text % {"roles": who}, frozenset({Role.ADMIN}))


def _of_staff(label: Message) -> PermissionRule:
    """Return the rule of what the vendor's Admins change of any organisation."""
    return PermissionRule(label=label, kinds=frozenset({OrganizationKind.VENDOR}), roles=frozenset({Role.ADMIN}))


ROLE_TABLE: RoleTable = {
    AccountPermission.VIEW_ACCOUNT: PermissionRule(label=_("See the account details: ORGID, badges, contact details")),
    AccountPermission.EDIT_ACCOUNT: PermissionRule(label=_("Edit the contact details"), roles=frozenset({Role.ADMIN})),
    AccountPermission.VIEW_OPERATORS: PermissionRule(label=_("See the operators and their roles")),
    AccountPermission.INVITE_OPERATORS: PermissionRule(
        label=_("Invite an operator, and withdraw the invitation"), roles=frozenset({Role.ADMIN})
    ),
    AccountPermission.CHANGE_ROLES: PermissionRule(
        label=_("Change another operator’s roles"), roles=frozenset({Role.ADMIN}), when=_is_somebody_else
    ),
    AccountPermission.REMOVE_OPERATORS: PermissionRule(label=_("Remove an operator"), roles=frozenset({Role.ADMIN})),
    AccountPermission.DECIDE_JOIN_REQUESTS: PermissionRule(
        label=_("Accept or decline colleagues’ requests to join"), roles=frozenset({Role.ADMIN})
    ),
    AccountPermission.VIEW_DOMAINS: PermissionRule(label=_("See the organisation’s domains")),
    AccountPermission.MANAGE_DOMAINS: PermissionRule(
        label=_("Add, verify and remove the organisation’s domains"), roles=frozenset({Role.ADMIN})
    ),
    AccountPermission.VIEW_SECURITY: PermissionRule(label=_("See the organisation’s security rules")),
    AccountPermission.CHANGE_SECURITY: PermissionRule(
        label=_("Require two-factor authentication for all operators"), roles=frozenset({Role.ADMIN})
    ),
    AccountPermission.SAVE_VIEWS: PermissionRule(label=_("Save personal views and choose which columns to show")),
    AccountPermission.SHARE_VIEWS: PermissionRule(
        label=_("Share saved views with the organisation"), roles=frozenset({Role.ADMIN})
    ),
    AccountPermission.VIEW_ORGANIZATIONS: PermissionRule(
        label=_("See every organisation, with its memberships and activity"),
        kinds=frozenset({OrganizationKind.VENDOR}),
    ),
    AccountPermission.REGISTER_ORGANIZATIONS: _of_staff(_("Register distributors, partners, publishers and customers")),
    AccountPermission.INVITE_FIRST_ADMINS: _of_staff(_("Invite the first Admin of an organisation that has none")),
    AccountPermission.CORRECT_ORGANIZATIONS: _of_staff(
        _("Correct the verified name, country, tenant ID and partner ID of an organisation")
    ),
    AccountPermission.SUSPEND_ORGANIZATIONS: _of_staff(_("Suspend an organisation, and lift the suspension")),
    AccountPermission.MANAGE_MEMBERSHIPS: _of_staff(_("Grant, extend and end programme memberships")),
    AccountPermission.MOVE_PARTNERS: _of_staff(_("Move a partner to another distributor")),
    AccountPermission.SET_ACCOUNT_MANAGERS: _of_staff(_("Assign account managers")),
    AccountPermission.CONFIRM_DOMAINS: _of_staff(
        _("Confirm that a domain belongs to an organisation, and withdraw the confirmation")
    ),
    AccountPermission.SET_QUALIFICATIONS: _of_staff(_("Set the competencies and skills of an organisation")),
    AccountPermission.EDIT_QUALIFICATIONS: _of_staff(_("Add, rename and retire competencies and skills")),
    AccountPermission.IMPORT_OPERATORS: _of_staff(_("Import operators from the old portal, for any organisation")),
}


def may_share_saved_views(actor: Actor) -> bool:
    """Return whether the actor may share saved views in the organisation, and delete those that colleagues share."""
    return bool(ROLE_TABLE[AccountPermission.SHARE_VIEWS].check_actor(actor))

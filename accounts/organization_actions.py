"""The table of what vendor staff do with an organisation. The menu, the dialogs and the URLs are made of it.

The commands of the same names call the same functions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.actions.domains import confirm_domain, withdraw_domain_confirmation
from accounts.actions.first_admins import invite_first_admin
from accounts.actions.organizations import grant_membership
from accounts.actions.standing import (
    change_membership_end,
    correct_organization_identity,
    move_partner,
    reactivate_organization,
    set_account_manager,
    set_partner_onboarding,
    set_qualifications,
    suspend_organization,
)
from accounts.facts import StandingAspect, digest_standing, list_confirmed_domains
from accounts.forms.organizations import (
    AccountManagerForm,
    ConfirmDomainForm,
    CorrectIdentityForm,
    EndMembershipForm,
    ExtendMembershipForm,
    FirstAdminForm,
    GrantMembershipForm,
    MovePartnerForm,
    OnboardingForm,
    QualificationsForm,
    StandingForm,
    SuspendForm,
    WithdrawDomainForm,
)
from accounts.models import Organization, OrganizationKind, Role
from accounts.notices.requests import ALL_BUT_VENDOR
from accounts.organization_questions import (
    ask_for_manager,
    ask_to_confirm_domain,
    ask_to_correct,
    ask_to_end,
    ask_to_extend,
    ask_to_grant,
    ask_to_invite,
    ask_to_move,
    ask_to_onboard,
    ask_to_qualify,
    ask_to_reactivate,
    ask_to_suspend,
    ask_to_withdraw_domain,
)
from accounts.partner_moves import count_customers_told_of_move
from accounts.policies import AccountPermission
from accounts.queries.organizations import count_operators_of
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.policies import ActionAllowed, ActionDenied, Answer
from partnerportal.lib.row_actions import RowAction

State = Organization.State
SELLERS = frozenset({OrganizationKind.DISTRIBUTOR.value, OrganizationKind.PARTNER.value})
MEMBERS = SELLERS | {OrganizationKind.PUBLISHER.value}
HAS_ADMIN = gettext_lazy("This organisation already has an Admin, who can invite operators.")
NO_CONFIRMED_DOMAIN = gettext_lazy("None of this organisation’s domains is confirmed.")
NO_RUNNING_MEMBERSHIP = gettext_lazy("This organisation is not currently a member of any programme.")


@dataclass(frozen=True)
class ActionPreview:
    """What follows of a choice, which a dialog shows before it acts. `choice` names it when the form is sent again."""

    choice: str
    text: str


def _preview_nothing(organization: Organization, form: forms.Form) -> ActionPreview | None:
    return None


@dataclass(frozen=True, kw_only=True)
class OrganizationAction(RowAction[Organization]):
    """What vendor staff do with an organisation of certain kinds, as the table below declares it.

    `aspect` is the side of its standing that the action changes: the dialog carries a digest of it. `preview` returns
    what follows of the choice in a valid form, or None if the action is done without showing that.
    """

    aspect: StandingAspect
    states: frozenset[str] = frozenset(State.values)
    kinds: frozenset[str] = ALL_BUT_VENDOR
    preview: Callable[[Organization, forms.Form], ActionPreview | None] = _preview_nothing

    def make_form(
        self, actor: Actor, organization: Organization, data: Mapping[str, Any] | None, program: str = ""
    ) -> StandingForm:
        """Return the form of the action for this organisation. `data` is what was sent, or None.

        `program` is the code of the programme that was chosen before the dialog opened, or "".
        """
        form: Any = self.form
        made: StandingForm = form(data, actor=actor, organization=organization, program=program)
        return made

    def make_digest(self, organization: Organization) -> str:
        """Return the digest of what the dialog shows of the organisation, for its hidden field `seen`."""
        return digest_standing(organization, self.aspect)

    def check_possible(self, row: Organization) -> Answer:
        if row.kind not in self.kinds:
            return ActionDenied("wrong_kind", _("This action isn’t available for this type of organisation."))
        return super().check_possible(row)


def _correct(*, actor: Actor, organization: Organization, seen: str, **fields: Any) -> Organization:
    return correct_organization_identity(actor=actor, organization=organization, seen=seen, **fields)


def _move(*, actor: Actor, organization: Organization, seen: str, distributor: Organization | None) -> Organization:
    return move_partner(actor=actor, partner=organization, distributor=distributor, seen=seen)


def _onboard(*, actor: Actor, organization: Organization, seen: str, at_once: bool) -> Organization:
    return set_partner_onboarding(actor=actor, distributor=organization, at_once=at_once, seen=seen)


def _qualify(*, actor: Actor, organization: Organization, **chosen: Any) -> Organization:
    set_qualifications(actor=actor, organization=organization, **chosen)
    return organization


def _end_membership(*, actor: Actor, organization: Organization, **chosen: Any) -> Organization:
    return change_membership_end(actor=actor, organization=organization, **chosen).organization


def _grant(*, actor: Actor, organization: Organization, **chosen: Any) -> Organization:
    return grant_membership(actor=actor, organization=organization, **chosen).organization


def _invite(*, actor: Actor, organization: Organization, **chosen: Any) -> Organization:
    invite_first_admin(actor=actor, organization=organization, **chosen)
    return organization


def _confirm_domain(*, actor: Actor, organization: Organization, **chosen: Any) -> Organization:
    confirm_domain(actor=actor, organization=organization, **chosen)
    return organization


def _withdraw_domain(*, actor: Actor, organization: Organization, **chosen: Any) -> Organization:
    withdraw_domain_confirmation(actor=actor, organization=organization, **chosen)
    return organization


def _lacks_admin(row: Organization) -> Answer:
    if count_operators_of(row).by_role.get(Role.ADMIN):
        return ActionDenied("has_admin", HAS_ADMIN)
    return ActionAllowed()


def _has_confirmed_domain(row: Organization) -> Answer:
    if list_confirmed_domains(row).exists():
        return ActionAllowed()
    return ActionDenied("no_confirmed_domain", NO_CONFIRMED_DOMAIN)


def _has_running_membership(row: Organization) -> Answer:
    is_member = bool(row.active_programs)  # type: ignore[attr-defined]  # of `get_managed_organization`
    return ActionAllowed() if is_member else ActionDenied("no_membership", NO_RUNNING_MEMBERSHIP)


def _preview_move(row: Organization, form: forms.Form) -> ActionPreview | None:
    """Return who sees the partner's customers before and after the move, and how many customers are told."""
    before, after = row.parent, form.cleaned_data["distributor"]
    if before == after:
        return None
    texts = []
    if before:
        texts.append(_("%(name)s will no longer be able to see this partner or its customers.") % {"name": before.name})
    if after:
        text = _("%(name)s will be able to see this partner and everything that the partner’s customers share with it.")
        texts.append(text % {"name": after.name})
    count = count_customers_told_of_move(row)
    told = ngettext(
        "%(count)s customer will get a notification.", "%(count)s customers will get a notification.", count
    )
    texts.append(told % {"count": formats.format_number(count)})
    return ActionPreview(str(after.public_id) if after else "none", " ".join(texts))


ORGANIZATION_ACTIONS: dict[str, OrganizationAction] = {  # in the order of the menu
    "correct": OrganizationAction(
        run=_correct,
        permission=AccountPermission.CORRECT_ORGANIZATIONS,
        aspect=StandingAspect.IDENTITY,
        label=gettext_lazy("Correct verified details…"),
        icon="pencil",
        done=gettext_lazy("Details saved for %(name)s."),
        question=ask_to_correct,
        form=CorrectIdentityForm,
    ),
    "invite": OrganizationAction(
        run=_invite,
        permission=AccountPermission.INVITE_FIRST_ADMINS,
        aspect=StandingAspect.ADMIN,
        states=frozenset({State.ACTIVE.value}),
        label=gettext_lazy("Invite first Admin…"),
        icon="send",
        done=gettext_lazy("The first Admin of %(name)s was invited."),
        question=ask_to_invite,
        form=FirstAdminForm,
        condition=_lacks_admin,
    ),
    "domain": OrganizationAction(
        run=_confirm_domain,
        permission=AccountPermission.CONFIRM_DOMAINS,
        aspect=StandingAspect.DOMAINS,
        label=gettext_lazy("Confirm a domain…"),
        icon="globe",
        done=gettext_lazy("A domain was confirmed for %(name)s."),
        question=ask_to_confirm_domain,
        form=ConfirmDomainForm,
    ),
    "withdraw": OrganizationAction(
        run=_withdraw_domain,
        permission=AccountPermission.CONFIRM_DOMAINS,
        aspect=StandingAspect.DOMAINS,
        label=gettext_lazy("Withdraw a domain confirmation…"),
        icon="ban",
        done=gettext_lazy("A domain confirmation was withdrawn for %(name)s."),
        question=ask_to_withdraw_domain,
        form=WithdrawDomainForm,
        condition=_has_confirmed_domain,
        is_danger=True,
    ),
    "manager": OrganizationAction(
        run=set_account_manager,
        permission=AccountPermission.SET_ACCOUNT_MANAGERS,
        aspect=StandingAspect.ACCOUNT_MANAGER,
        label=gettext_lazy("Set account manager…"),
        icon="users",
        done=gettext_lazy("Account manager saved for %(name)s."),
        question=ask_for_manager,
        form=AccountManagerForm,
    ),
    "grant": OrganizationAction(
        run=_grant,
        permission=AccountPermission.MANAGE_MEMBERSHIPS,
        aspect=StandingAspect.MEMBERSHIPS,
        kinds=MEMBERS,
        label=gettext_lazy("Grant membership…"),
        icon="badge-check",
        done=gettext_lazy("Membership granted to %(name)s."),
        question=ask_to_grant,
        form=GrantMembershipForm,
    ),
    "extend": OrganizationAction(
        run=_end_membership,
        permission=AccountPermission.MANAGE_MEMBERSHIPS,
        aspect=StandingAspect.MEMBERSHIPS,
        kinds=MEMBERS,
        label=gettext_lazy("Extend membership…"),
        icon="calendar-plus",
        done=gettext_lazy("The membership’s last day was changed for %(name)s."),
        question=ask_to_extend,
        form=ExtendMembershipForm,
        condition=_has_running_membership,
    ),
    "end": OrganizationAction(
        run=_end_membership,
        permission=AccountPermission.MANAGE_MEMBERSHIPS,
        aspect=StandingAspect.MEMBERSHIPS,
        kinds=MEMBERS,
        label=gettext_lazy("End membership…"),
        icon="calendar-clock",
        done=gettext_lazy("The membership’s end date was set for %(name)s."),
        question=ask_to_end,
        form=EndMembershipForm,
        condition=_has_running_membership,
        is_danger=True,
    ),
    "qualify": OrganizationAction(
        run=_qualify,
        permission=AccountPermission.SET_QUALIFICATIONS,
        aspect=StandingAspect.QUALIFICATIONS,
        kinds=SELLERS,
        label=gettext_lazy("Set competencies and skills…"),
        icon="list-tree",
        done=gettext_lazy("Competencies and skills saved for %(name)s."),
        question=ask_to_qualify,
        form=QualificationsForm,
    ),
    "move": OrganizationAction(
        run=_move,
        permission=AccountPermission.MOVE_PARTNERS,
        aspect=StandingAspect.PARENT,
        kinds=frozenset({OrganizationKind.PARTNER.value}),
        label=gettext_lazy("Move to another distributor…"),
        icon="building-2",
        done=gettext_lazy("%(name)s was moved."),
        question=ask_to_move,
        form=MovePartnerForm,
        preview=_preview_move,
    ),
    "onboard": OrganizationAction(
        run=_onboard,
        permission=AccountPermission.MANAGE_MEMBERSHIPS,
        aspect=StandingAspect.ONBOARDING,
        kinds=frozenset({OrganizationKind.DISTRIBUTOR.value}),
        label=gettext_lazy("Set confirmation rule for new partners…"),
        icon="clipboard-check",
        done=gettext_lazy("Setting saved for new partners of %(name)s."),
        question=ask_to_onboard,
        form=OnboardingForm,
    ),
    "suspend": OrganizationAction(
        run=suspend_organization,
        permission=AccountPermission.SUSPEND_ORGANIZATIONS,
        aspect=StandingAspect.STATE,
        states=frozenset({State.ACTIVE.value}),
        label=gettext_lazy("Suspend…"),
        icon="lock",
        done=gettext_lazy("%(name)s was suspended."),
        question=ask_to_suspend,
        form=SuspendForm,
        is_danger=True,
    ),
    "reactivate": OrganizationAction(
        run=reactivate_organization,
        permission=AccountPermission.SUSPEND_ORGANIZATIONS,
        aspect=StandingAspect.STATE,
        states=frozenset({State.SUSPENDED.value}),
        label=gettext_lazy("Lift suspension…"),
        icon="check",
        done=gettext_lazy("The suspension of %(name)s was lifted."),
        question=ask_to_reactivate,
        form=StandingForm,
    ),
}

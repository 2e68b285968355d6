"""Actions of vendor staff on what an organisation is to the vendor: who it is, its standing and who looks after it.

The vendor's Admins do them, and staff at the command line. `seen` is the digest (`accounts.facts`) of what the person
saw before, or None for any: each raises Conflict("changed_meanwhile") if a colleague has changed that since.
"""

import datetime as dt
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.actions.locking import ensure_as_seen, lock_organization
from accounts.actions.organizations import PERSONAL_FIELDS
from accounts.actions.partner_news import make_parent_data
from accounts.events import AccountEventKind
from accounts.facts import StandingAspect
from accounts.models import (
    Competency,
    Operator,
    Organization,
    OrganizationCompetency,
    OrganizationKind,
    OrganizationSkill,
    Program,
    ProgramMembership,
    Skill,
)
from accounts.policies import ROLE_TABLE, AccountPermission
from notifications.actions.recording import record_event
from partnerportal.lib.actors import Actor
from partnerportal.lib.changes import list_changes_between, list_row_changes
from partnerportal.lib.days import today
from partnerportal.lib.errors import InvalidInput, NotFound
from partnerportal.lib.policies import authorize
from partnerportal.lib.states import change_row_state
from partnerportal.lib.text import make_single_line

State = Organization.State
RETIRED = _("%(name)s is retired and can no longer be assigned.")
NO_MEMBERSHIP = _("%(organization)s is not currently a member of %(program)s.")


@transaction.atomic
def correct_organization_identity(
    *,
    actor: Actor,
    organization: Organization,
    name: str | None = None,
    country: str | None = None,
    tenant_id: UUID | None = None,
    partner_id: str | None = None,
    seen: str | None = None,
) -> Organization:
    """Correct the name, country, tenant ID or partner ID of an organisation, as vendor staff; return the organisation.

    None leaves a field as it is, and an empty `partner_id` takes the number away. Raises ValidationError for a bad
    value, and for a number that another organisation has.
    """
    authorize(actor, ROLE_TABLE, AccountPermission.CORRECT_ORGANIZATIONS)
    given = {"name": name, "country": country, "tenant_id": tenant_id, "partner_id": partner_id}
    row = lock_organization(actor, organization)
    changes = list_row_changes(
        row, {field: value for field, value in given.items() if value is not None}, redacted_fields=PERSONAL_FIELDS
    )
    if changes:
        ensure_as_seen(row, StandingAspect.IDENTITY, seen)
        for field in changes:
            setattr(row, field, given[field])
        row.full_clean(exclude={"name_folded"})
        row.save(update_fields=[*changes, "name_folded"])
        _record_about(AccountEventKind.IDENTITY_CORRECTED, actor, row, changes=changes)
    return row


@transaction.atomic
def suspend_organization(
    *, actor: Actor, organization: Organization, reason: str, seen: str | None = None
) -> Organization:
    """Suspend an organisation at once; return the organisation.

    Its people then see only that it is suspended, and whom to ask; each of them is mailed the reason. What it has and
    shares stays. Raises InvalidInput("reason") without a reason, InvalidInput("vendor") for the vendor itself, and
    Conflict("state_changed") if it is suspended already.
    """
    authorize(actor, ROLE_TABLE, AccountPermission.SUSPEND_ORGANIZATIONS)
    if not make_single_line(reason):
        raise InvalidInput("reason", _("Enter a reason."), field="reason")
    if organization.kind == OrganizationKind.VENDOR:
        raise InvalidInput("vendor", _("The vendor itself can’t be suspended."))
    return _change_state(
        AccountEventKind.SUSPENDED, actor, organization, State.SUSPENDED, seen, make_single_line(reason)
    )


@transaction.atomic
def reactivate_organization(*, actor: Actor, organization: Organization, seen: str | None = None) -> Organization:
    """Let a suspended organisation take part again, and return it.

    Raises Conflict("state_changed") for an organisation that is not suspended.
    """
    authorize(actor, ROLE_TABLE, AccountPermission.SUSPEND_ORGANIZATIONS)
    return _change_state(AccountEventKind.REACTIVATED, actor, organization, State.ACTIVE, seen)


def _change_state(
    kind: AccountEventKind, actor: Actor, organization: Organization, to: State, seen: str | None, note: str = ""
) -> Organization:
    before = lock_organization(actor, organization)
    ensure_as_seen(before, StandingAspect.STATE, seen)
    row = change_row_state(organization, to)
    changes = list_changes_between({"state": before.state}, {"state": to})
    _record_about(kind, actor, row, changes=changes, note=note)
    return row


@transaction.atomic
def change_membership_end(
    *, actor: Actor, organization: Organization, program: Program, ends_on: dt.date | None, seen: str | None = None
) -> ProgramMembership:
    """Change the last day of a programme membership that runs today; return the membership.

    `ends_on` is the new last day, None for no end. Raises NotFound if the organisation is no member today, and
    InvalidInput("dates") for a last day before the first.
    """
    authorize(actor, ROLE_TABLE, AccountPermission.MANAGE_MEMBERSHIPS)
    member = lock_organization(actor, organization)
    running = ProgramMembership.objects.filter(organization=organization, program=program).active(today())
    row = running.select_for_update().order_by("starts_on").last()
    if row is None:
        raise NotFound("not_found", NO_MEMBERSHIP % {"organization": organization, "program": program})
    if ends_on and ends_on < row.starts_on:
        raise InvalidInput("dates", _("The last day can’t be before the first day of the membership."), field="ends_on")
    changes = list_row_changes(row, {"ends_on": ends_on})
    if changes:
        ensure_as_seen(member, StandingAspect.MEMBERSHIPS, seen)
        row.ends_on = ends_on
        row.save(update_fields=["ends_on"])
        data = {"program": program.name, "starts_on": str(row.starts_on), "ends_on": str(ends_on) if ends_on else None}
        _record_about(AccountEventKind.MEMBERSHIP_CHANGED, actor, member, changes=changes, data=data)
    return row


@transaction.atomic
def move_partner(
    *, actor: Actor, partner: Organization, distributor: Organization | None, seen: str | None = None
) -> Organization:
    """Move a partner under another distributor, or directly under the vendor for None; return the partner.

    In the same transaction, triggers change which distributor sees the partner's customers. Raises
    InvalidInput("parent") unless a partner is moved under a distributor.
    """
    authorize(actor, ROLE_TABLE, AccountPermission.MOVE_PARTNERS)
    if partner.kind != OrganizationKind.PARTNER or (distributor and distributor.kind != OrganizationKind.DISTRIBUTOR):
        raise InvalidInput(
            "parent",
            _("Only a partner can have an organisation above it, and that organisation must be a distributor."),
        )
    row = lock_organization(actor, partner)
    before = row.parent
    if before != distributor:
        ensure_as_seen(row, StandingAspect.PARENT, seen)
        row.parent = distributor
        row.save(update_fields=["parent"])
        changes = list_changes_between({"parent": _org_id(before)}, {"parent": _org_id(distributor)})
        _record_about(AccountEventKind.PARTNER_MOVED, actor, row, changes=changes)
    return row


@transaction.atomic
def set_partner_onboarding(
    *, actor: Actor, distributor: Organization, at_once: bool, seen: str | None = None
) -> Organization:
    """Set whether new partners of a distributor need no confirmation by vendor staff; return the distributor.

    With `at_once` the membership that the distributor asks for begins when the partner activates its organisation.
    Raises InvalidInput("distributor") for an organisation of another kind.
    """
    authorize(actor, ROLE_TABLE, AccountPermission.MANAGE_MEMBERSHIPS)
    if distributor.kind != OrganizationKind.DISTRIBUTOR:
        raise InvalidInput("distributor", _("Only distributors can onboard partners."))
    row = lock_organization(actor, distributor)
    changes = list_row_changes(row, {"onboards_partners_at_once": at_once})
    if changes:
        ensure_as_seen(row, StandingAspect.ONBOARDING, seen)
        row.onboards_partners_at_once = at_once
        row.save(update_fields=["onboards_partners_at_once"])
        _record_about(AccountEventKind.ONBOARDING_CHANGED, actor, row, changes=changes)
    return row


@transaction.atomic
def set_account_manager(
    *,
    actor: Actor,
    organization: Organization,
    operator: Operator | None,
    phone: str = "",
    seen: str | None = None,
) -> Organization:
    """Set or remove the account manager of an organisation; return the organisation.

    `operator` is one of the vendor's operators, or None. The database copies the operator's name and address, and
    `phone` is shown beside them (CV-12). Raises InvalidInput("operator") for an operator who is not the vendor's.
    """
    authorize(actor, ROLE_TABLE, AccountPermission.SET_ACCOUNT_MANAGERS)
    if operator and operator.organization.kind != OrganizationKind.VENDOR:
        raise InvalidInput("operator", _("Choose one of the vendor’s operators as account manager."), field="operator")
    row = lock_organization(actor, organization)
    before, phone = row.account_manager, make_single_line(phone) if operator else ""
    if (before, row.account_manager_phone) == (operator, phone):
        return row
    ensure_as_seen(row, StandingAspect.ACCOUNT_MANAGER, seen)
    row.account_manager, row.account_manager_phone = operator, phone
    row.save(update_fields=["account_manager", "account_manager_phone"])
    row.refresh_from_db()
    named = operator or before
    if named:
        is_named = operator is not None
        changes = list_changes_between({"is_account_manager": not is_named}, {"is_account_manager": is_named})
        kind = AccountEventKind.ACCOUNT_MANAGER_CHANGED
        record_event(kind, actor=actor, subject=named.person, counterpart=row, changes=changes)
    return row


@transaction.atomic
def set_qualifications(
    *,
    actor: Actor,
    organization: Organization,
    competencies: Collection[Competency],
    skills: Collection[Skill],
    seen: str | None = None,
) -> None:
    """Replace the competencies and skills of an organisation by the given ones, for vendor staff.

    It keeps those that are retired, and gets none of them anew: that raises InvalidInput("retired_qualification").
    """
    authorize(actor, ROLE_TABLE, AccountPermission.SET_QUALIFICATIONS)
    row = lock_organization(actor, organization)
    for new in {*competencies} - {*row.competencies.all()} | {*skills} - {*row.skills.all()}:
        if new.is_retired:
            raise InvalidInput("retired_qualification", RETIRED % {"name": new.name})
    before = {"competencies": _codes(row.competencies.all()), "skills": _codes(row.skills.all())}
    after = {"competencies": _codes(competencies), "skills": _codes(skills)}
    changes = list_changes_between(before, after)
    if changes:
        ensure_as_seen(row, StandingAspect.QUALIFICATIONS, seen)
        OrganizationCompetency.objects.filter(organization=row).delete()
        OrganizationSkill.objects.filter(organization=row).delete()
        OrganizationCompetency.objects.bulk_create(
            OrganizationCompetency(organization=row, competency=competency) for competency in competencies
        )
        OrganizationSkill.objects.bulk_create(OrganizationSkill(organization=row, skill=skill) for skill in skills)
        _record_about(AccountEventKind.QUALIFICATIONS_CHANGED, actor, row, changes=changes)


def _record_about(
    kind: AccountEventKind, actor: Actor, organization: Organization, data: dict[str, Any] | None = None, **details: Any
) -> None:
    """Record an event about an organisation that it may read too."""
    data = (data or {}) | make_parent_data(organization)
    record_event(kind, actor=actor, subject=organization, counterpart=organization, data=data, **details)


def _org_id(organization: Organization | None) -> str | None:
    return organization.org_id if organization else None


def _codes(rows: Any) -> list[str]:
    return sorted(row.code for row in rows)

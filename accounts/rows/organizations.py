"""The rows of the vendor's pages of organisations, in the reader's words."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.facts import StandingAspect, list_confirmed_domains, list_first_admin_invitations
from accounts.models import AdminVacancy, Organization, ProgramMembership, Role
from accounts.queries.organizations import OperatorCounts
from partnerportal.lib import formats
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.days import today
from partnerportal.lib.domain_names import format_domain_name
from partnerportal.lib.roles import list_roles_for_kind
from partnerportal.lib.rows import AttentionItem, LastDayLabel

ENDS_SOON = dt.timedelta(days=60)


@dataclass(frozen=True)
class MembershipRow:
    """A programme membership of an organisation, with both its days and its state in words."""

    name: str  # of the organisation
    org_id: str
    kind: str
    url: str  # of the organisation's page
    program: str
    program_code: str
    first: str
    last: LastDayLabel | None  # None without an end
    tone: str
    state: str
    is_running: bool


def make_membership_rows(memberships: Iterable[ProgramMembership]) -> list[MembershipRow]:
    """Return a MembershipRow for each membership, in this order. Each must come with its organisation and programme."""
    return [_membership_row(membership) for membership in memberships]


def _membership_row(row: ProgramMembership) -> MembershipRow:
    organization, day = row.organization, today()
    is_over, is_running = bool(row.ends_on and row.ends_on < day), row.starts_on <= day
    return MembershipRow(
        name=organization.name,
        org_id=organization.org_id,
        kind=organization.get_kind_display(),
        url=reverse("organization", args=[organization.public_id]),
        program=row.program.name,
        program_code=row.program.code,
        first=formats.format_date(row.starts_on),
        last=LastDayLabel.from_date(row.ends_on, ENDS_SOON),
        tone="" if is_over else "ok" if is_running else "info",
        state=_("Ended") if is_over else _("Active") if is_running else _("Not started yet"),
        is_running=is_running and not is_over,
    )


@dataclass(frozen=True)
class OperatorCountRow:
    """How many people act for an organisation in one role."""

    role: str
    count: str


@dataclass(frozen=True)
class OperatorSummary:
    """How many people act for an organisation, in all and by role, and when one of them signed in last."""

    total: str
    has_admin: bool
    rows: list[OperatorCountRow]
    last_sign_in: dt.datetime | None


def make_operator_count_rows(organization: Organization, counts: OperatorCounts) -> OperatorSummary:
    """Return the numbers of an organisation's operators, with a row for each role that its kind has."""
    rows = [
        OperatorCountRow(str(role.label), formats.format_number(counts.by_role.get(role.value, 0)))
        for role in list_roles_for_kind(organization.kind)
    ]
    has_admin = bool(counts.by_role.get(Role.ADMIN))
    return OperatorSummary(formats.format_number(counts.total), has_admin, rows, counts.last_sign_in)


@dataclass(frozen=True)
class OrganizationRow:
    """An organisation on a list of the vendor's."""

    name: str
    org_id: str
    url: str
    country: str
    manager: str
    created: str
    is_suspended: bool


def make_organization_rows(organizations: Iterable[Organization]) -> list[OrganizationRow]:
    """Return an OrganizationRow for each organisation, in this order."""
    return [
        OrganizationRow(
            name=row.name,
            org_id=row.org_id,
            url=reverse("organization", args=[row.public_id]),
            country=get_country_name(row.country),
            manager=row.account_manager_name,
            created=formats.format_date(row.created_at),
            is_suspended=row.is_suspended,
        )
        for row in organizations
    ]


def _describe_memberships(row: Organization) -> list[str]:
    rows = row.memberships.select_related("program").order_by("starts_on", "pk")
    return [
        _("%(program)s: %(first)s – %(last)s")
        % {
            "program": each.program.name,
            "first": formats.format_date(each.starts_on),
            "last": formats.format_date(each.ends_on) if each.ends_on else _("no end date"),
        }
        for each in rows
    ]


def _describe_identity(row: Organization) -> list[str]:
    return [row.name, get_country_name(row.country), str(row.tenant_id), *([row.partner_id] if row.partner_id else [])]


def _describe_qualifications(row: Organization) -> list[str]:
    names = [entry.name for entries in (row.competencies, row.skills) for entry in entries.all()]
    return names or [_("None")]


_DESCRIBED_BY: dict[StandingAspect, Callable[[Organization], list[str]]] = {
    StandingAspect.IDENTITY: _describe_identity,
    StandingAspect.STATE: lambda row: [_("Suspended") if row.is_suspended else _("Active")],
    StandingAspect.PARENT: lambda row: [row.parent.name if row.parent else _("Works directly with the vendor")],
    StandingAspect.ACCOUNT_MANAGER: lambda row: [row.account_manager_name or _("Nobody"), row.account_manager_phone],
    StandingAspect.QUALIFICATIONS: _describe_qualifications,
    StandingAspect.MEMBERSHIPS: _describe_memberships,
    StandingAspect.DOMAINS: lambda row: [format_domain_name(each.name) for each in list_confirmed_domains(row)],
    StandingAspect.ADMIN: lambda row: [each.email for each in list_first_admin_invitations(row)],
    StandingAspect.ONBOARDING: lambda row: [_("Yes") if row.onboards_partners_at_once else _("No")],
}


def describe_standing(organization: Organization, aspect: StandingAspect) -> list[str]:
    """Return one side of what an organisation is to the vendor as short texts: what is stored now.

    A dialog that comes back with an error shows it beside what was entered.
    """
    return [text for text in _DESCRIBED_BY[aspect](organization) if text]


def list_ending_badge_items(memberships: Iterable[ProgramMembership]) -> list[AttentionItem]:
    """Return an item for each membership that ends soon, which leads to the memberships of its organisation."""
    return [
        AttentionItem(
            tone="warn",
            icon="badge-check",
            title=row.organization.name,
            text=row.program.name,
            url=reverse("organization_memberships", args=[row.organization.public_id]),
            day=LastDayLabel.from_date(row.ends_on),
        )
        for row in memberships
    ]


def list_vacancy_items(vacancies: Iterable[AdminVacancy]) -> list[AttentionItem]:
    """Return an item for each organisation without an Admin, which leads to its operators."""
    return [
        AttentionItem(
            tone="warn",
            icon="users",
            title=row.organization.name,
            text=f"{row.organization.get_kind_display()} · {row.organization.org_id}",
            url=reverse("organization_operators", args=[row.organization.public_id]),
        )
        for row in vacancies
    ]

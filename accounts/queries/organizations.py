"""What the vendor's staff look up: an organisation of any kind, how many act for it, and lists of memberships."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import AdminVacancy, Operator, Organization, OrganizationKind, Program, ProgramMembership
from accounts.models.organization import OrganizationQuerySet
from accounts.models.program import ProgramMembershipQuerySet
from accounts.queries.programs import annotate_qualifications, make_active_programs_subquery
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.errors import NotFound
from partnerportal.lib.visible_rows import get_by_public_id

BADGES_END_WITHIN = dt.timedelta(days=60)  # how far ahead the vendor's start page looks for memberships that end
ADMIN_CHOICES = (("none", _("Without an Admin")),)  # the choices of a filter of organisations by their Admins
COUNTED_VACANCIES = 1000  # organisations without an Admin are counted no further
COUNTED_MEMBERS = 10_000  # members of a programme are counted no further


def list_organizations_for_staff(actor: Actor) -> OrganizationQuerySet:
    """Return the organisations that the actor manages: all of them for the vendor's staff, none for anybody else."""
    rows = Organization.objects.visible_to(actor)
    return rows if actor.is_system or actor.organization_kind == OrganizationKind.VENDOR else rows.none()


def get_managed_organization(actor: Actor, public_id: UUID) -> Organization:
    """Return an organisation with its distributor and account manager, for the vendor's staff.

    It is annotated with `active_programs`, as `build_program_badges` takes them, and with the names of its competencies
    and skills. Raises NotFound for anybody else, and for an unknown organisation.
    """
    rows = annotate_qualifications(list_organizations_for_staff(actor)).select_related("parent")
    return get_by_public_id(rows.annotate(active_programs=make_active_programs_subquery("pk")), public_id)


def find_organizations_by_org_id(org_ids: Iterable[str | None]) -> dict[str, Organization]:
    """Return the organisations with these ORGIDs, in one query, as a dict by ORGID. None among them is left out.

    It does not ask who the reader is: it is for jobs that tell several sides of an event.
    """
    wanted = {org_id for org_id in org_ids if org_id}
    return {row.org_id: row for row in Organization.objects.filter(org_id__in=wanted)} if wanted else {}


def list_memberships_of(actor: Actor, organization: Organization) -> ProgramMembershipQuerySet:
    """Return all memberships that an organisation has or had, with their programmes, the latest first."""
    rows = ProgramMembership.objects.visible_to(actor).filter(organization=organization)
    return rows.select_related("program").order_by("-starts_on", "-pk")


@dataclass(frozen=True)
class OperatorCounts:
    """How many people act for an organisation, by role, and when one of them signed in last. It names nobody."""

    total: int
    by_role: Mapping[str, int]  # a person with two roles counts in both
    last_sign_in: dt.datetime | None


def count_operators_of(organization: Organization) -> OperatorCounts:
    """Return how many people act for an organisation, for the vendor's staff and for the distributor above a partner.

    A function of the database counts them, because nobody sees the operators of others; for anybody else it finds none.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT role, operators, last_sign_in FROM portal_operators_of(%s)", [organization.pk])
        rows = {role: (count, at) for role, count, at in cursor.fetchall()}
    total, last_sign_in = rows.pop("", (0, None))
    return OperatorCounts(total, {role: count for role, (count, _at) in rows.items()}, last_sign_in)


def list_vendor_operators(actor: Actor) -> QuerySet[Operator]:
    """Return the vendor's operators by name, from whom account managers are chosen; none for other organisations."""
    rows = Operator.objects.visible_to(actor).select_related("person", "organization")
    return rows.filter(organization__kind=OrganizationKind.VENDOR).order_by("person__name", "pk")


def list_distributors(actor: Actor) -> OrganizationQuerySet:
    """Return the distributors by name, under which vendor staff place a partner."""
    rows = list_organizations_for_staff(actor).filter(kind=OrganizationKind.DISTRIBUTOR)
    return rows.order_by("name_folded", "pk")


def list_organizations_of_kind(actor: Actor, kind: OrganizationKind) -> OrganizationQuerySet:
    """Return all organisations of one kind, unordered, for the vendor's staff."""
    return list_organizations_for_staff(actor).filter(kind=kind)


def list_programs() -> QuerySet[Program]:
    """Return the vendor's programmes by name."""
    return Program.objects.order_by("name")


def get_program(code: str) -> Program:
    """Return the programme with this code. Raises NotFound for an unknown code."""
    program = Program.objects.filter(code=code).first()
    if program is None:
        raise NotFound("not_found", "")
    return program


def count_active_members(actor: Actor, program: Program) -> int:
    """Return how many organisations are members of a programme today (UTC), counted up to COUNTED_MEMBERS."""
    rows = ProgramMembership.objects.visible_to(actor).filter(program=program).active()
    return rows.order_by()[:COUNTED_MEMBERS].count()


def list_all_memberships(actor: Actor) -> ProgramMembershipQuerySet:
    """Return the memberships of all organisations, with both names, unordered, for the vendor's staff."""
    rows = ProgramMembership.objects.visible_to(actor)
    if not (actor.is_system or actor.organization_kind == OrganizationKind.VENDOR):
        rows = rows.none()
    return rows.select_related("organization", "program")


def list_ending_memberships(actor: Actor, limit: int) -> list[ProgramMembership]:
    """Return up to `limit` memberships whose last day is within BADGES_END_WITHIN, those that end first.

    One that another membership of the same programme follows is left out: its badge stays.
    """
    last = today() + BADGES_END_WITHIN
    follows = ProgramMembership.objects.filter(
        organization=OuterRef("organization"), program=OuterRef("program"), starts_on__gt=OuterRef("starts_on")
    ).exclude(ends_on__lte=OuterRef("ends_on"))
    rows = list_all_memberships(actor).filter(ends_on__range=(today(), last)).exclude(Exists(follows))
    return list(rows.order_by("ends_on", "pk")[:limit])


def list_admin_vacancies(actor: Actor, limit: int) -> list[AdminVacancy]:
    """Return up to `limit` organisations that have no Admin, as AdminVacancy rows, found latest first."""
    rows = AdminVacancy.objects.visible_to(actor).select_related("organization")
    return list(rows.order_by("-found_at", "organization")[:limit])


def count_admin_vacancies(actor: Actor) -> dict[str, int] | None:
    """Return how many organisations of each kind have no Admin, or None if there are COUNTED_VACANCIES or more."""
    rows = AdminVacancy.objects.visible_to(actor).order_by("-found_at", "organization")
    kinds = list(rows.values_list("organization__kind", flat=True)[:COUNTED_VACANCIES])
    return None if len(kinds) == COUNTED_VACANCIES else Counter(kinds)


def make_vacancy_condition(actor: Actor, organization: str = "pk") -> Exists:
    """Return a condition for organisations that have no Admin, which vendor staff alone find.

    `organization` names the column with the organisation's primary key.
    """
    return Exists(AdminVacancy.objects.visible_to(actor).filter(organization=OuterRef(organization)))

"""Reads over persons, organisations, operators and badges."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, QuerySet, TextField
from django.db.models.functions import Cast, JSONObject

from accounts.models import Feature, Kind, Operator, Organization, Person, ProgramMembership, Role
from notifications.registry import Addressee
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.prepared import Prepared
from partnerportal.lib.scoping import by_public_id

# What a kind grants without a badge: a distributor's own pages (CV-8).
KIND_FEATURES = {Kind.DISTRIBUTOR: frozenset({Feature.CUSTOMER_DASHBOARD})}


@dataclass(frozen=True)
class Badge:
    program: str
    name: str
    since: dt.date


def operators_of(person_id: int, on: dt.date | None = None) -> QuerySet[Operator]:
    """Every organisation the person acts for, by name, each with its `active_programs` (name, grants) in one query.

    Deliberately across tenants: it is the person's own list, which the policy on operators allows by person.
    """
    return (
        Operator.objects.filter(person_id=person_id)
        .select_related("organization", "person")
        .annotate(active_programs=active_programs("organization_id", on))
        .order_by("organization__name_folded", "organization_id")
    )


_OPERATORS = Prepared(operators_of, -1, dt.date.min)


def operators_today(person_id: int) -> list[Operator]:
    """The same, as every request asks for it."""
    return _OPERATORS(person_id, today())


def active_programs(organization: str, on: dt.date | None = None) -> ArraySubquery:
    """Annotation: active memberships of the organisation in that column, for `badges_of` and `features_of`."""
    return ArraySubquery(
        ProgramMembership.objects.filter(organization=OuterRef(organization))
        .active(on)
        .order_by("program__name")
        .values(
            json=JSONObject(
                code="program__code",
                name="program__name",
                grants="program__grants",
                since=Cast("starts_on", TextField()),
            )
        )
    )


def badges_of(programs: Iterable[Mapping[str, Any]]) -> list[Badge]:
    """What `active_programs` fetched, for display (CC-3, CC-4)."""
    return [Badge(p["code"], p["name"], dt.date.fromisoformat(p["since"])) for p in programs]


def features_of(kind: str, grants: Iterable[str]) -> frozenset[str]:
    return frozenset(grants) | KIND_FEATURES.get(Kind(kind), frozenset())


def operators(actor: Actor) -> QuerySet[Operator]:
    return Operator.objects.visible_to(actor).select_related("person").order_by("person__name", "pk")


def operator(actor: Actor, public_id: UUID) -> Operator:
    """One of the actor's organisation. Raises NotFound."""
    return by_public_id(operators(actor), public_id)


def admin_names(actor: Actor) -> list[str]:
    """Who can help a Reader of the actor's organisation."""
    return [str(o.person) for o in operators(actor).filter(roles__contains=[Role.ADMIN])]


def organizations_with_one_admin(person: Person) -> list[Organization]:
    """Where the person is the only Admin, by ORGID."""
    admins = Operator.objects.filter(roles__contains=[Role.ADMIN])
    others = admins.filter(organization=OuterRef("organization")).exclude(person=person)
    rows = admins.filter(~Exists(others), person=person).select_related("organization")
    return [row.organization for row in rows.order_by("organization__org_id")]


def vendor_ids() -> list[int]:
    """For the system: whom to tell what customers ask of the vendor."""
    return list(Organization.objects.filter(kind=Kind.VENDOR).order_by("pk").values_list("pk", flat=True))


def people_to_tell(organization_ids: Iterable[int]) -> dict[int, list[Addressee]]:
    """Active persons who act for each organisation; registered as the notices' directory."""
    rows = Operator.objects.filter(organization__in=organization_ids, person__is_active=True)
    rows = rows.select_related("person", "organization").annotate(programs=active_programs("organization_id"))
    people: dict[int, list[Addressee]] = {}
    for row in rows.order_by("pk"):
        people.setdefault(row.organization_id, []).append(_addressee(row))
    return people


def _addressee(row: Operator) -> Addressee:
    person = row.person
    grants = (grant for program in row.programs for grant in program["grants"])  # type: ignore[attr-defined]
    return Addressee(
        person_id=person.pk,
        email=person.email,
        name=person.name,
        language=person.language,
        time_zone=person.time_zone,
        organization_name=row.organization.name,
        roles=frozenset(row.roles),
        features=features_of(row.organization.kind, grants),
    )

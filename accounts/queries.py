"""Reads over persons, organisations, operators and badges."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.utils import timezone

from accounts.models import Feature, Kind, Operator, Organization, ProgramMembership
from notifications.registry import Addressee
from partnerportal.lib.actors import Actor

# What a kind grants without a badge: a distributor's own pages (CV-8).
KIND_FEATURES = {Kind.DISTRIBUTOR: frozenset({Feature.CUSTOMER_DASHBOARD})}


@dataclass(frozen=True)
class Badge:
    program: str
    name: str
    since: dt.date


def operators_of(person_id: int) -> QuerySet[Operator]:
    """Every organisation the person acts for, by name, each with its `active_programs` (name, grants) in one query.

    Deliberately across tenants: it is the person's own list, which the policy on operators allows by person.
    """
    programs = (
        ProgramMembership.objects.filter(organization=OuterRef("organization_id"))
        .active()
        .order_by("program__name")
        .values(json=JSONObject(code="program__code", name="program__name", grants="program__grants"))
    )
    return (
        Operator.objects.filter(person_id=person_id)
        .select_related("organization")
        .annotate(active_programs=ArraySubquery(programs))
        .order_by("organization__name_folded", "organization_id")
    )


def features_of(kind: str, grants: Iterable[str]) -> frozenset[str]:
    return frozenset(grants) | KIND_FEATURES.get(Kind(kind), frozenset())


def badges(organization_id: int) -> list[Badge]:
    """Active memberships, for display (CC-3, CC-4). Takes an organisation the caller already sees."""
    rows = ProgramMembership.objects.filter(organization=organization_id).active().select_related("program")
    return [Badge(m.program.code, m.program.name, m.starts_on) for m in rows.order_by("program__name")]


def has_feature(organization_id: int, feature: Feature) -> bool:
    """Whether an organisation may use a feature now; for actions that depend on the other side's badge."""
    kind = Organization.objects.values_list("kind", flat=True).get(pk=organization_id)
    grants = (
        ProgramMembership.objects.filter(organization=organization_id)
        .active()
        .values_list("program__grants", flat=True)
    )
    return feature in features_of(kind, (grant for row in grants for grant in row))


def operators(actor: Actor) -> QuerySet[Operator]:
    return Operator.objects.visible_to(actor).select_related("person").order_by("person__name", "pk")


def people_to_tell(organization_ids: Iterable[int], roles: Iterable[str]) -> dict[int, list[Addressee]]:
    """Active persons who act for each organisation in one of the roles; registered as the notices' directory."""
    rows = Operator.objects.filter(
        organization__in=organization_ids, person__is_active=True, roles__overlap=list(roles)
    ).select_related("person")
    people: dict[int, list[Addressee]] = {}
    for row in rows.order_by("pk"):
        p = row.person
        people.setdefault(row.organization_id, []).append(Addressee(p.pk, p.email, p.name, p.language, p.time_zone))
    return people


def today() -> dt.date:
    """The portal's day: UTC."""
    return timezone.now().date()

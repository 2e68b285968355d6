"""Queries over badges, competencies and skills, and what each lets an organisation do."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, QuerySet, Subquery, TextField
from django.db.models.functions import Cast, Coalesce, JSONObject

from accounts.models import (
    Competency,
    Organization,
    OrganizationCompetency,
    OrganizationKind,
    OrganizationSkill,
    Program,
    ProgramFeature,
    ProgramMembership,
    Skill,
)
from partnerportal.lib.actors import Actor
from partnerportal.lib.visible_rows import get_by_public_id

FEATURED_KINDS = frozenset({OrganizationKind.PARTNER, OrganizationKind.DISTRIBUTOR})  # that have features at all
# The features that an organisation has by its kind, without a badge: a distributor's own pages need them (CV-8).
KIND_FEATURES = {OrganizationKind.DISTRIBUTOR: frozenset({ProgramFeature.CUSTOMER_DASHBOARD})}


# The models of what organisations have of each catalogue, with the column that names it.
HOLDINGS: dict[type[Competency | Skill], tuple[Any, str]] = {
    Competency: (OrganizationCompetency, "competency"),
    Skill: (OrganizationSkill, "skill"),
}


@dataclass(frozen=True)
class ProgramBadge:
    """An active programme membership, as pages and the API show it. `program` is the programme's code."""

    program: str
    name: str
    since: dt.date


def make_active_programs_subquery(organization_column: str, day: dt.date | None = None) -> ArraySubquery:
    """Return a subquery that annotates rows with an organisation's active programme memberships.

    `organization_column` is the column with the organisation's id. Each membership is a JSON object with code, name,
    grants and since, as `build_program_badges` takes it. `day` is a day in UTC, by default today.
    """
    return ArraySubquery(
        ProgramMembership.objects.filter(organization=OuterRef(organization_column))
        .active(day)
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


def list_catalogue_qualifications(actor: Actor, model: type[Competency | Skill]) -> QuerySet[Any]:
    """Return the vendor's competencies or skills by name, those that are retired last.

    Each has `holders`, the number of organisations that the actor sees with it. `model` is Competency or Skill.
    """
    held, column = HOLDINGS[model]
    holders = held.objects.visible_to(actor).filter(**{column: OuterRef("pk")}).order_by().values(column)
    counted = Subquery(holders.annotate(number=Count("pk")).values("number"))
    return model._default_manager.annotate(holders=Coalesce(counted, 0)).order_by("is_retired", "name", "pk")


def get_catalogue_qualification(actor: Actor, model: type[Competency | Skill], public_id: UUID) -> Any:
    """Return a competency or a skill as `list_catalogue_qualifications` does. Raises NotFound for an unknown one."""
    return get_by_public_id(list_catalogue_qualifications(actor, model), public_id)


def annotate_qualifications(organizations: QuerySet[Organization]) -> QuerySet[Organization]:
    """Annotate organisations with `competency_names` and `skill_names`, two lists in alphabetical order."""
    competencies = OrganizationCompetency.objects.filter(organization=OuterRef("pk")).order_by("competency__name")
    skills = OrganizationSkill.objects.filter(organization=OuterRef("pk")).order_by("skill__name")
    return organizations.annotate(
        competency_names=ArraySubquery(competencies.values("competency__name")),
        skill_names=ArraySubquery(skills.values("skill__name")),
    )


def build_program_badges(programs: Iterable[Mapping[str, Any]]) -> list[ProgramBadge]:
    """Return a ProgramBadge for each programme membership (CC-3, CC-4).

    `programs` are dicts, as `make_active_programs_subquery` fetches them.
    """
    return [ProgramBadge(p["code"], p["name"], dt.date.fromisoformat(p["since"])) for p in programs]


def collect_organization_features(kind: str, grants: Iterable[str]) -> frozenset[str]:
    """Return the features of an organisation: those its memberships grant, and those its kind always has.

    `grants` are the codes of the features that its active memberships grant. They are features of partners and
    distributors: a publisher's badge shows that it is a member, and opens no page about customers.
    """
    granted = frozenset(grants) if kind in FEATURED_KINDS else frozenset()
    return granted | KIND_FEATURES.get(OrganizationKind(kind), frozenset())


def list_program_names_granting(feature: ProgramFeature) -> list[str]:
    """Return the names of the programmes whose members have the feature."""
    return list(Program.objects.filter(grants__contains=[feature]).order_by("name").values_list("name", flat=True))

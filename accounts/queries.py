"""Queries over persons, organisations, operators and badges."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery, TextField
from django.db.models.functions import Cast, Coalesce, JSONObject

from accounts.models import (
    Competency,
    ListSettings,
    Operator,
    Organization,
    OrganizationCompetency,
    OrganizationDomain,
    OrganizationKind,
    OrganizationSkill,
    Person,
    Program,
    ProgramFeature,
    ProgramMembership,
    Role,
    SavedView,
    Skill,
)
from accounts.policies import may_share_saved_views
from notifications.registry import MailAddressee
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.personal_lists import ListPreferences, SavedViewSummary
from partnerportal.lib.prepared import PreparedQuery, build_model_instance, list_column_names
from partnerportal.lib.visible_rows import get_by_public_id

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


def list_operators_of_person(person_id: int, day: dt.date | None = None) -> QuerySet[Operator]:
    """Return the person's operators, one for each organisation they act for, by the organisations' names.

    Each comes with its organisation, its person, `has_second_factor` and `active_programs`: the organisation's
    memberships that run on the day `day` (UTC, default today). This list crosses tenants on purpose: it is the person's
    own, which the policy on operators allows.
    """
    return (
        Operator.objects.filter(person_id=person_id)
        .select_related("organization", "person")
        .annotate(
            active_programs=make_active_programs_subquery("organization_id", day),
            has_second_factor=make_second_factor_condition("person_id"),
        )
        .order_by("organization__name_folded", "organization_id")
    )


def _operator_columns(person_id: int, day: dt.date) -> QuerySet[Operator, tuple[Any, ...]]:
    columns = (
        *list_column_names(Operator),
        *list_column_names(Organization, "organization__"),
        *list_column_names(Person, "person__"),
        "active_programs",
        "has_second_factor",
    )
    return list_operators_of_person(person_id, day).values_list(*columns)


_OPERATORS = PreparedQuery(_operator_columns, -1, dt.date.min)


def list_current_operators_of_person(person_id: int) -> list[Operator]:
    """Return a person's operators with the programme memberships that run today (UTC), by a prepared statement.

    The result is that of `list_operators_of_person`. Every request needs it, so the statement is prepared once.
    """
    return [_operator(row) for row in _OPERATORS(person_id, today())]


def _operator(row: tuple[Any, ...]) -> Operator:
    values = iter(row)
    operator = build_model_instance(Operator, values)
    operator.organization = build_model_instance(Organization, values)
    operator.person = build_model_instance(Person, values)
    operator.active_programs = next(values)  # type: ignore[attr-defined]
    operator.has_second_factor = next(values)  # type: ignore[attr-defined]
    return operator


def make_second_factor_condition(person_column: str) -> Exists:
    """Return a condition that holds for rows whose person has a passkey, a security key or an authenticator app.

    `person_column` is the column with the person's id. Recovery codes alone are no second factor.
    """
    factors = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    return Exists(Authenticator.objects.filter(user=OuterRef(person_column), type__in=factors))


def has_second_factor(actor: Actor) -> bool:
    """Return whether the acting person has a passkey, a security key or an authenticator app."""
    return Person.objects.filter(make_second_factor_condition("pk"), pk=actor.person_id or 0).exists()


def count_operators_without_second_factor(actor: Actor) -> int:
    """Return how many operators of the actor's organisation have no second factor."""
    return Operator.objects.visible_to(actor).exclude(make_second_factor_condition("person_id")).count()


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

    `grants` are the codes of the features that its active memberships grant.
    """
    return frozenset(grants) | KIND_FEATURES.get(OrganizationKind(kind), frozenset())


def list_operators(actor: Actor) -> QuerySet[Operator]:
    """Return the operators of the actor's organisation, by the person's name."""
    return Operator.objects.visible_to(actor).select_related("person").order_by("person__name", "pk")


def get_operator(actor: Actor, public_id: UUID) -> Operator:
    """Return an operator of the actor's organisation.

    Raises NotFound for an unknown operator, and for one of another organisation.
    """
    return get_by_public_id(list_operators(actor), public_id)


def list_own_domains(actor: Actor) -> QuerySet[OrganizationDomain]:
    """Return the domains of the actor's organisation, by name."""
    return OrganizationDomain.objects.visible_to(actor).of_organization(actor.organization_id).order_by("name")


def get_own_domain(actor: Actor, public_id: UUID) -> OrganizationDomain:
    """Return a domain of the actor's organisation. Raises NotFound for an unknown one, and for one of another."""
    return get_by_public_id(list_own_domains(actor), public_id)


def list_admin_names(actor: Actor) -> list[str]:
    """Return the names of the Admins of the actor's organisation who are not locked out: whom to ask for help."""
    rows = Operator.objects.visible_to(actor).of_working_admins()
    return [str(o.person) for o in rows.select_related("person").order_by("person__name", "pk")]


def list_organizations_with_sole_admin(person: Person) -> list[Organization]:
    """Return the organisations in which the person is an Admin and no other Admin works, in the order of their ORGIDs.

    An Admin who is locked out works in none.
    """
    others = Operator.objects.of_working_admins().filter(organization=OuterRef("organization")).exclude(person=person)
    rows = Operator.objects.filter(~Exists(others), person=person, roles__contains=[Role.ADMIN]).select_related(
        "organization"
    )
    return [row.organization for row in rows.order_by("organization__org_id")]


def sees_customers(actor: Actor) -> bool:
    """Return whether the actor's organisation sees what customers share with it.

    Any other sees only its own data.
    """
    return ProgramFeature.CUSTOMER_DASHBOARD in actor.features


def is_customer(actor: Actor) -> bool:
    """Return whether the actor's organisation is a customer, which has services of its own."""
    return actor.organization_kind == OrganizationKind.CUSTOMER


def list_vendor_organization_ids() -> list[int]:
    """Return the primary keys of the vendor's organisations, whose people are told what customers ask of the vendor.

    Only the system sees all of these organisations.
    """
    return list(Organization.objects.filter(kind=OrganizationKind.VENDOR).order_by("pk").values_list("pk", flat=True))


def list_program_names_granting(feature: ProgramFeature) -> list[str]:
    """Return the names of the programmes whose members have the feature."""
    return list(Program.objects.filter(grants__contains=[feature]).order_by("name").values_list("name", flat=True))


def find_addressees_by_organization(
    organization_ids: Iterable[int], with_suspended: bool = False
) -> dict[int, list[MailAddressee]]:
    """Return the people who can be notified, as a dict of lists of MailAddressee by their organisation's primary key.

    They are the active persons who act for each of these organisations. An organisation without any is left out, and so
    is a suspended one unless `with_suspended` is true. `AccountsConfig` registers this function as the directory by
    which notices are mailed.
    """
    rows = Operator.objects.filter(organization__in=organization_ids, person__is_active=True)
    if not with_suspended:
        rows = rows.filter(organization__state=Organization.State.ACTIVE)
    rows = rows.select_related("person", "organization").annotate(
        programs=make_active_programs_subquery("organization_id")
    )
    people: dict[int, list[MailAddressee]] = {}
    for row in rows.order_by("pk"):
        people.setdefault(row.organization_id, []).append(_addressee(row))
    return people


def _addressee(row: Operator) -> MailAddressee:
    person = row.person
    grants = (grant for program in row.programs for grant in program["grants"])  # type: ignore[attr-defined]
    return MailAddressee(
        person_id=person.pk,
        email=person.email,
        name=person.name,
        language=person.language,
        time_zone=person.time_zone,
        organization_name=row.organization.name,
        roles=frozenset(row.roles),
        features=collect_organization_features(row.organization.kind, grants),
    )


def list_external_identities(person: Person) -> list[Any]:
    """Return by which ids other systems know a person, and since when, for the export of their data."""
    return list(person.external_identities.order_by("pk").values("source", "external_id", "created_at"))


def get_saved_view(actor: Actor, public_id: UUID) -> SavedView:
    """Return a saved view of the acting person, or one that a colleague shares in the organisation.

    Raises NotFound for any other view.
    """
    return get_by_public_id(SavedView.objects.visible_to(actor), public_id)


def _preferences(
    organization: int, person: int, key: str
) -> QuerySet[Person, tuple[dict[str, Any], list[dict[str, Any]]]]:
    actor = Actor(person_id=person, organization_id=organization)
    mine = (
        ListSettings.objects.visible_to(actor)
        .filter(list_key=key)
        .values(json=JSONObject(columns="columns", density="density", view="default_view__public_id"))
    )
    is_mine = Exists(SavedView.objects.filter(pk=OuterRef("pk"), person_id=person))
    views = SavedView.objects.visible_to(actor).filter(list_key=key).order_by("name", "pk")
    facts = JSONObject(public_id="public_id", name="name", query="query", is_shared="is_shared", is_mine=is_mine)
    rows = Person.objects.filter(pk=person)  # everybody has this one row, and its policy plans nothing
    rows = rows.annotate(mine=Subquery(mine[:1]), views=ArraySubquery(views.values(json=facts)))
    return rows.values_list("mine", "views")


_PREFERENCES = PreparedQuery(_preferences, -1, -2, "list")


def get_list_preferences(actor: Actor, list_key: str) -> ListPreferences:
    """Return the acting person's settings of the list with this key, and the saved views they see of it.

    One query reads them all.
    """
    rows = _PREFERENCES(actor.organization_id or 0, actor.person_id or 0, list_key)
    mine, views = rows[0] if rows else (None, [])
    settings: dict[str, Any] = mine or {}
    return ListPreferences(
        columns=tuple(settings.get("columns", ())),
        density=settings.get("density", ListSettings.Density.COMFORTABLE),
        default_view=settings.get("view") or "",
        views=tuple(SavedViewSummary(**facts) for facts in views),
        may_share=may_share_saved_views(actor),
    )

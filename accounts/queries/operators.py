"""Queries over operators: for whom a person acts, who acts for an organisation, and who gets its mails."""

import datetime as dt
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When

from accounts.models import (
    Operator,
    Organization,
    Person,
    Role,
)
from accounts.queries.programs import collect_organization_features, make_active_programs_subquery
from notifications.registry import MailAddressee
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.prepared import PreparedQuery, build_model_instance, list_column_names
from partnerportal.lib.visible_rows import get_by_public_id

COLLEAGUES_NAMED = 3  # of those who may do what somebody else may not


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


def list_operators(actor: Actor) -> QuerySet[Operator]:
    """Return the operators of the actor's organisation, by the person's name."""
    return Operator.objects.visible_to(actor).select_related("person").order_by("person__name", "pk")


def get_operator(actor: Actor, public_id: UUID) -> Operator:
    """Return an operator of the actor's organisation.

    Raises NotFound for an unknown operator, and for one of another organisation.
    """
    return get_by_public_id(list_operators(actor), public_id)


def list_admin_names(actor: Actor) -> list[str]:
    """Return the names of the Admins of the actor's organisation who are not locked out: whom to ask for help."""
    rows = Operator.objects.visible_to(actor).of_working_admins()
    return [str(o.person) for o in rows.select_related("person").order_by("person__name", "pk")]


def name_colleagues_to_ask(actor: Actor, roles: Iterable[str]) -> str:
    """Return the names of colleagues who have one of these roles and are not locked out: "Emma Clarke or Jonas Beck".

    Admins come first, and at most COLLEAGUES_NAMED are named; without any the text is empty.

    An Admin can also change the role of whoever asks.
    """
    rows = Operator.objects.visible_to(actor).filter(roles__overlap=list(roles), person__is_active=True)
    is_admin = Q(roles__contains=[Role.ADMIN])
    ordered = rows.select_related("person").order_by(Case(When(is_admin, then=0), default=1), "person__name", "pk")
    return formats.join_alternatives(operator.person for operator in ordered[:COLLEAGUES_NAMED])


def list_organizations_with_sole_admin(person: Person) -> list[Organization]:
    """Return the organisations in which the person is an Admin and no other Admin works, in the order of their ORGIDs.

    An Admin who is locked out works in none.
    """
    others = Operator.objects.of_working_admins().filter(organization=OuterRef("organization")).exclude(person=person)
    rows = Operator.objects.filter(~Exists(others), person=person, roles__contains=[Role.ADMIN]).select_related(
        "organization"
    )
    return [row.organization for row in rows.order_by("organization__org_id")]


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


def list_operators_with_sign_in(actor: Actor) -> QuerySet[Operator]:
    """Return the operators of the actor's organisation, unordered, each with its person.

    They are annotated with `has_second_factor`: whether the person has an authenticator app or a passkey.
    """
    return list_operators(actor).order_by().annotate(has_second_factor=make_second_factor_condition("person_id"))


def count_admins(actor: Actor) -> int:
    """Return how many Admins the actor's organisation has who are not locked out."""
    return Operator.objects.visible_to(actor).of_working_admins().count()

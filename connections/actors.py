"""Builds the Actor, from what accounts and connections know. For a job, `actor_now` builds who a person is today."""

from functools import partial
from typing import Any

from django.utils.functional import SimpleLazyObject

from accounts.models import Operator, Person
from accounts.queries import features_of, operators_of
from connections.models import Portfolio
from partnerportal.lib.actors import Actor


def actor_of(operator: Operator, person: Person) -> Actor:
    """The actor a person is when acting through `operator`, which comes from `operators_of`."""
    organization = operator.organization
    grants = (grant for program in operator.active_programs for grant in program["grants"])  # type: ignore[attr-defined]
    return Actor(
        person_id=person.pk,
        person_name=str(person),
        organization_id=organization.pk,
        organization_public_id=str(organization.public_id),
        organization_name=organization.name,
        organization_kind=organization.kind,
        roles=frozenset(operator.roles),
        features=features_of(organization.kind, grants),
        reach=SimpleLazyObject(partial(_reach, organization.pk)),
    )


def _reach(organization_id: int) -> Any:
    return Portfolio.objects.filter(viewer=organization_id).values("subject_id")


def actor_for(person: Person, organization_id: int | None, operators: list[Operator]) -> Actor:
    """The person acting for the organisation asked for, else for the first by name, else for none.

    `operators` are the person's choices, from `operators_of`.
    """
    chosen = next((o for o in operators if o.organization_id == organization_id), None) or next(iter(operators), None)
    if chosen is None:
        return Actor(person_id=person.pk, person_name=str(person))
    return actor_of(chosen, person)


def actor_now(person_id: int, organization_id: int) -> Actor | None:
    """What a job may do in a person's name: as they are now, or None when they no longer act for the organisation."""
    operators = list(operators_of(person_id).filter(organization=organization_id, person__is_active=True))
    return actor_of(operators[0], operators[0].person) if operators else None

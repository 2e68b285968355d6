"""Building the Actor of a person, for a request or for a job, from what accounts and connections know."""

from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from accounts.models import Operator, Person
from accounts.queries import collect_features, list_operators_of_person
from connections.models import Portfolio
from partnerportal.lib.actors import Actor


def build_actor(operator: Operator, person: Person) -> Actor:
    """Return the actor for a person who acts through this operator, which `list_operators_of_person` has fetched."""
    organization = operator.organization
    grants = (grant for program in operator.active_programs for grant in program["grants"])  # type: ignore[attr-defined]
    return Actor(
        person_id=person.pk,
        label=str(person),
        organization_id=organization.pk,
        organization_public_id=str(organization.public_id),
        organization_name=organization.name,
        organization_kind=organization.kind,
        roles=frozenset(operator.roles),
        features=collect_features(organization.kind, grants),
        sees_finance=operator.sees_finance,
        reach=partial(_reach, organization.pk, operator.sees_finance),
    )


def _reach(organization_id: int, sees_finance: bool, scope: Any) -> Any:
    """Return a subquery of the organisations that share this scope with this organisation.

    Without finance sight, only the organisation itself is among those that share orders.
    """
    rows = Portfolio.objects.filter(viewer=organization_id).filter_sharing(scope)
    return (rows if sees_finance else rows.exclude_orders_of_others(scope)).values("subject_id")


def choose_operator(organization_id: int | None, operators: list[Operator]) -> Operator | None:
    """Return the operator through which a person acts who asks for this organisation, or None if they have none.

    `operators` are the person's own, from `list_operators_of_person`. If none of them is of the organisation, it is the
    first whose organisation is not suspended, or else the first.
    """
    asked_for = (o for o in operators if o.organization_id == organization_id)
    taking_part = (o for o in operators if not o.organization.is_suspended)
    return next(chain(asked_for, taking_part, operators), None)


def choose_actor(person: Person, organization_id: int | None, operators: list[Operator]) -> Actor:
    """Return the actor for a person who asks to act for this organisation, by `choose_operator`.

    Without an operator, or for a suspended organisation, the actor acts for no organisation.
    """
    operator = choose_operator(organization_id, operators)
    if operator is None or operator.organization.is_suspended:
        return Actor(person_id=person.pk, label=str(person))
    return build_actor(operator, person)


@dataclass(frozen=True)
class PersonSession:
    """The credential of a person who is signed in and asks to act for an organisation (`lib.authentication`)."""

    person: Person
    organization_id: int | None
    operators: list[Operator]  # the person's own, from `list_operators_of_person`

    @property
    def operator(self) -> Operator | None:
        """The operator through which the person acts, by `choose_operator`; that of a suspended organisation too."""
        return choose_operator(self.organization_id, self.operators)

    def as_actor(self) -> Actor:
        return choose_actor(self.person, self.organization_id, self.operators)

    def log_fields(self) -> dict[str, str]:
        return {"person": str(self.person.public_id)}


def build_current_actor(person_id: int, organization_id: int) -> Actor | None:
    """Return the actor for a job that works in a person's name, with the roles and sight they have now.

    Return None when the person is locked or no longer acts for the organisation, or when it is suspended.
    """
    operator = list_operators_of_person(person_id).filter(organization=organization_id, person__is_active=True).first()
    if operator is None or operator.organization.is_suspended:
        return None
    return build_actor(operator, operator.person)

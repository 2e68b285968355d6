"""Building the Actor of a person, for a request or for a job, from what accounts and connections know."""

from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from accounts.models import Operator, Person
from accounts.queries.operators import list_operators_of_person
from accounts.queries.programs import collect_organization_features
from connections.models import Portfolio
from partnerportal.lib.actors import Actor


def build_actor(operator: Operator, person: Person) -> Actor:
    """Return the Actor for a person who acts for an organisation through `operator`, their membership in it.

    The operator must come from `list_operators_of_person`, which reads the memberships in programmes that it needs.
    """
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
        features=collect_organization_features(organization.kind, grants),
        sees_finance=operator.sees_finance,
        reach=partial(_reach, organization.pk, operator.sees_finance),
    )


def _reach(organization_id: int, sees_finance: bool, scope: Any) -> Any:
    """Return a subquery of the organisations that share this scope with this organisation.

    Without permission to see orders and prices, only the organisation itself is among those that share orders.
    """
    rows = Portfolio.objects.filter(viewer=organization_id).filter_sharing_scope(scope)
    return (rows if sees_finance else rows.limit_orders_to_own_organization(scope)).values("subject_id")


def choose_operator(organization_id: int | None, operators: list[Operator]) -> Operator | None:
    """Return the operator, a person's membership in an organisation, through which the person acts.

    It is the one in the organisation with this primary key, for which they ask, if there is one; else the first in an
    organisation that they may enter, or else the first of all. `operators` are all memberships of the person, from
    `list_operators_of_person`; None is returned if there are none.
    """
    asked_for = (o for o in operators if o.organization_id == organization_id)
    open_to_them = (o for o in operators if not is_kept_out(o))
    return next(chain(asked_for, open_to_them, operators), None)


def is_kept_out(operator: Operator) -> bool:
    """Return whether the person may not enter the organisation at present.

    It is suspended, or requires a second factor that the person has not set up. What runs in their name in the
    background goes on in the second case. The operator must come from `list_operators_of_person`.
    """
    return operator.organization.is_suspended or operator.lacks_second_factor


def build_actor_for_organization(person: Person, organization_id: int | None, operators: list[Operator]) -> Actor:
    """Return the Actor for a person who asks to act for the organisation with this primary key.

    `choose_operator` chooses another organisation if the person is not a member of it. The Actor acts for no
    organisation if the person has no membership at all, or is kept out of the chosen one (`is_kept_out`).
    """
    operator = choose_operator(organization_id, operators)
    if operator is None or is_kept_out(operator):
        return Actor(person_id=person.pk, label=str(person))
    return build_actor(operator, person)


@dataclass(frozen=True)
class PersonSession:
    """A signed-in person and the organisation that they want to act for, as a credential of `lib.authentication`."""

    person: Person
    organization_id: int | None
    operators: list[Operator]  # the person's own, from `list_operators_of_person`

    @property
    def operator(self) -> Operator | None:
        """The person's membership through which they act, even if they are kept out; None if they have none."""
        return choose_operator(self.organization_id, self.operators)

    def as_actor(self) -> Actor:
        """Return the Actor for the requests of this person."""
        return build_actor_for_organization(self.person, self.organization_id, self.operators)

    def list_log_fields(self) -> dict[str, str]:
        """Return the fields that each log line of a request gets: the person's public id."""
        return {"person": str(self.person.public_id)}


def build_actor_with_current_roles(person_id: int, organization_id: int, *, is_shown: bool = False) -> Actor | None:
    """Return an Actor with the roles that this person has in this organisation now, for a background job in their name.

    Return None if the person is locked, no longer acts for the organisation, or the organisation is suspended. With
    `is_shown` the person sees at once what is made for them: then None is also returned while they lack the second
    factor that the organisation requires.
    """
    operator = list_operators_of_person(person_id).filter(organization=organization_id, person__is_active=True).first()
    if operator is None or operator.organization.is_suspended or (is_shown and is_kept_out(operator)):
        return None
    return build_actor(operator, operator.person)

"""Of the sample data: people as actors, who do what is done by actions."""

from collections.abc import Mapping

from accounts.models import Organization, Person
from accounts.queries.operators import list_operators_of_person
from connections.actors import build_actor_for_organization
from partnerportal.lib.actors import Actor
from partnerportal.sample import cast


def build_admin(key: str, organizations: Mapping[str, Organization]) -> Actor:
    """Return the first person of cast.PEOPLE who acts for the company with this key, as its actor."""
    human = next(human for human in cast.PEOPLE if key in human.acts_for)
    return build_sample_actor(human.email, organizations[key])


def build_sample_actor(email: str, organization: Organization) -> Actor:
    """Return the person with this address as an actor of an organisation."""
    person = Person.objects.get(email=email)
    return build_actor_for_organization(person, organization.pk, list(list_operators_of_person(person.pk)))

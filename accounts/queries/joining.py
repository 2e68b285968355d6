"""Which organisations a person may ask to be let in, and what they have asked."""

from dataclasses import dataclass
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import connection
from django.db.models import QuerySet

from accounts.models import JoinRequest, Person
from accounts.work_addresses import is_consumer_mail_domain
from partnerportal.lib.actors import Actor
from partnerportal.lib.domain_names import format_domain_name, parse_email_domain
from partnerportal.lib.visible_rows import get_by_public_id


@dataclass(frozen=True)
class JoinOffer:
    """An organisation that a person may ask to be let in, because it has proved the domain of their address.

    `state` is that of the person's last request to it, or "" for none.
    """

    organization_id: int
    public_id: UUID
    name: str
    domain: str
    state: str

    @property
    def shown_domain(self) -> str:
        """The domain as readers see it."""
        return format_domain_name(self.domain)


def list_join_offers(person: Person) -> list[JoinOffer]:
    """Return the organisations that have proved the domain of the person's verified address, by name.

    Those that are suspended, and those that the person acts for already, are left out. Nobody in them is named. The
    transaction must have entered the person: the database looks at the address of that person alone.
    """
    domain = find_own_domain(person)
    if domain is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, public_id, name FROM portal_organizations_to_join(%s) ORDER BY name, id", [domain])
        found = cursor.fetchall()
    asked = JoinRequest.objects.filter(person=person, organization__in=[pk for pk, _id, _name in found])
    states = dict(asked.order_by("created_at", "pk").values_list("organization_id", "state"))
    return [JoinOffer(pk, public_id, name, domain, states.get(pk, "")) for pk, public_id, name in found]


def find_own_domain(person: Person) -> str | None:
    """Return the domain of the person's main address, or None if it is not verified or of a consumer mail service."""
    if not EmailAddress.objects.filter(user=person, email=person.email, verified=True).exists():
        return None
    try:
        domain = parse_email_domain(person.email)
    except ValueError:
        return None
    return None if is_consumer_mail_domain(domain) else domain


def list_open_join_requests(actor: Actor) -> QuerySet[JoinRequest]:
    """Return the open requests to join the actor's organisation, oldest first. Only Admins see any."""
    rows = JoinRequest.objects.visible_to(actor).filter(state=JoinRequest.State.OPEN)
    return rows.select_related("person").order_by("created_at", "pk")


def get_open_join_request(actor: Actor, public_id: UUID) -> JoinRequest:
    """Return an open request to join the actor's organisation. Raises NotFound for any other."""
    return get_by_public_id(list_open_join_requests(actor), public_id)

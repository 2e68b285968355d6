"""One activation link, used or withdrawn by many at the same moment: exactly one outcome, and nothing of any other."""

import uuid

import pytest
from allauth.account.models import EmailAddress

from accounts.models import Operator, Organization, Person
from connections.actions import end_connection
from connections.models import Connection
from entitlements.actions.activation import (
    change_activation_link,
    resend_activation_link,
    revoke_activation_link,
    send_activation_link,
)
from entitlements.actions.activation_accept import accept_activation
from entitlements.models import ActivationLink, ActivationToken, Entitlement, Sku
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict, DomainError, NotFound, TooManyAttempts
from partnerportal.lib.mailed_invitations import compute_invitation_end
from partnerportal.lib.scopes import ALL
from partnerportal.lib.tokens import digest_secret, generate_token
from tests.counts import count
from tests.portfolio import differences
from tests.races.conftest import later
from tests.world import SKU_OF_NOBODY

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]


def new_link(cast, number):
    """Return a link that the partner has sent to a person who is there already, with that person and a token."""
    email = f"race-{number}-{uuid.uuid4().hex[:8]}@example.com"
    person = Person.objects.create_user(email, None, name="Racer")
    EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    link = ActivationLink.objects.create(
        organization=cast.partner, sender_name=cast.partner.name, kind="customer", email=email, name=f"Race {number}",
        country="FR", language="en", partner=cast.partner, partner_name=cast.partner.name, seats=1,
        sku=Sku.objects.get(code=SKU_OF_NOBODY), expires_at=compute_invitation_end(),
    )  # fmt: skip
    token = generate_token()
    ActivationToken.objects.create(invitation=link, digest=digest_secret(token))
    return link, person, token


def accept(person, token, name, **options):
    actor = Actor(person_id=person.pk, label=person.name)
    details = {"name": name, "country": "FR"}
    return actor, lambda: accept_activation(actor=actor, token=token, details=details, scopes=ALL, **options)


def of_sender(cast, act, link, **options):
    actor = cast.actor("partner.admin")
    return actor, lambda: act(actor=actor, activationlink=link, **options)


def made_by(person, link):
    """What an activation makes: how many of each there are."""
    founded = Organization.objects.filter(operators__person=person)
    return (
        founded.count(),
        Operator.objects.filter(person=person).count(),
        Connection.objects.active().filter(customer__in=founded).count(),
        Entitlement.objects.filter(customer__in=founded, state="active").count(),
        Event.objects.filter(kind="activation.accepted", subject_id=link.public_id).count(),
    )


@pytest.mark.promise("CV-11")
def test_a_link_that_sixteen_use_at_once_activates_once(cast, race):
    for number in range(count(200)):
        link, person, token = new_link(cast, number)
        results = race.run([accept(person, token, link.name)] * 16)
        used = [result for result in results if not isinstance(result, DomainError)]
        assert len(used) == 1
        assert {type(result) for result in results if isinstance(result, DomainError)} == {NotFound}
        assert made_by(person, link) == (1, 1, 1, 1, 1)
        assert differences() == []


def test_using_it_against_withdrawing_it(cast, race):
    for number in range(count(200)):
        link, person, token = new_link(cast, number)
        actions = [accept(person, token, link.name)] * 4 + [of_sender(cast, revoke_activation_link, link)] * 4
        results = race.run(actions)
        won = [result for result in results if not isinstance(result, DomainError)]
        assert len(won) == 1
        link.refresh_from_db()
        is_used = link.state == "accepted"
        assert won[0].state == link.state
        assert made_by(person, link) == ((1,) * 5 if is_used else (0,) * 5)
        assert not ActivationToken.objects.filter(invitation=link).exists()
        assert Event.objects.filter(kind="activation.revoked", subject_id=link.public_id).count() == (not is_used)
        assert differences() == []


def test_using_it_while_it_goes_to_another_address(cast, race, settings):
    settings.PORTAL_ACTIVATIONS_A_DAY = 100_000
    sku = Sku.objects.get(code=SKU_OF_NOBODY)
    for number in range(count(100)):
        link, person, token = new_link(cast, number)
        details = {"name": link.name, "email": f"other-{number}@example.com", "country": "FR", "language": "en"}
        change = of_sender(cast, change_activation_link, link, sku=sku, seats=1, **details)
        resend = of_sender(cast, resend_activation_link, link)
        results = race.run([accept(person, token, link.name), later(change, 0.5), later(resend, 0.5)])
        link.refresh_from_db()
        is_used = link.state == "accepted"
        assert is_used is not isinstance(results[0], DomainError)
        assert is_used is isinstance(results[1], Conflict)
        assert made_by(person, link) == ((1,) * 5 if is_used else (0,) * 5)


def test_two_links_of_one_address_to_one_organisation(cast, race):
    """Neither waits for the other for ever, and the service is tried once."""
    for number in range(count(100)):
        link, person, token = new_link(cast, number)
        twin = ActivationLink.objects.get(pk=link.pk)
        twin.pk, twin.public_id, twin._state.adding = None, uuid.uuid4(), True
        twin.save()
        other = generate_token()
        ActivationToken.objects.create(invitation=twin, digest=digest_secret(other))
        race.run([accept(person, token, link.name), accept(person, other, link.name)])
        founded = Organization.objects.filter(operators__person=person)
        assert founded.count() == 1
        assert Entitlement.objects.filter(customer__in=founded).count() == 1
        assert Connection.objects.active().filter(customer__in=founded).count() == 1


def test_many_links_at_once_keep_to_the_limit_of_a_day(cast, race, settings):
    sku = Sku.objects.get(code=SKU_OF_NOBODY)
    actor = cast.actor("partner.admin")

    def send(number):
        values = {"name": f"N {number}", "email": f"n{number}@example.com", "country": "FR", "language": "en"}
        return actor, lambda: send_activation_link(actor=actor, kind="customer", sku=sku, seats=1, **values)

    for round_number in range(count(10)):
        mailed = Event.objects.filter(organization_id=cast.partner.pk, kind__startswith="activation.").count()
        settings.PORTAL_ACTIVATIONS_A_DAY = mailed + 10
        results = race.run([send(100 * round_number + number) for number in range(16)])
        assert sum(isinstance(result, TooManyAttempts) for result in results) == 6


def test_accepting_while_the_connection_of_the_chosen_organisation_ends(cast, race):
    for number in range(count(10)):
        link, person, token = new_link(cast, number)
        Operator.objects.create(organization=cast.stranger, person=person, roles=["admin"])
        Entitlement.objects.filter(customer=cast.stranger, sku__code=SKU_OF_NOBODY).delete()
        use = accept(person, token, link.name, organization_id=cast.stranger.public_id)
        live = Connection.objects.active().filter(customer=cast.stranger, partner=cast.partner).first()
        stranger = cast.actor("stranger.admin")
        ends = [(stranger, lambda live=live, s=stranger: end_connection(actor=s, connection=live))] if live else []
        race.run([use, *ends])
        assert differences() == []
        link.refresh_from_db()
        trials = Entitlement.objects.filter(customer=cast.stranger, external_id__startswith="trial-link-")
        assert trials.count() == (link.state == "accepted")
        Operator.objects.filter(person=person).delete()

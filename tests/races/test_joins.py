"""A request to be let in is stored once, and answered once, however many ask and answer at the same moment."""

import pytest
from django.utils import timezone

from accounts.actions.domains import add_domain
from accounts.actions.joins import ask_to_join, decline_join_request, grant_join_request
from accounts.models import JoinRequest, Operator, OrganizationDomain
from notifications.models import Event, SecretMail
from tests.counts import count

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]


@pytest.fixture
def proved(cast):
    return OrganizationDomain.objects.create(
        organization=cast.partner, name="example.com", state="proved", proved_at=timezone.now()
    )


def ask(cast):
    person = cast.person("nobody")
    return cast.actor("nobody"), lambda: ask_to_join(person=person, organization_id=cast.partner.public_id)


def test_sixteen_clicks_ask_once(cast, race, proved):
    for _round in range(count(50)):
        JoinRequest.objects.filter(organization=cast.partner).delete()
        before = Event.objects.count()
        results = race.run([ask(cast)] * 16)
        assert len({result.pk for result in results}) == 1
        assert Event.objects.count() - before == 1


def test_granting_and_declining_at_once_has_one_answer(cast, race, proved):
    """The person is mailed once, and is an operator exactly if the request says so."""
    person, admin, other = cast.person("nobody"), cast.actor("partner.admin"), cast.actor("many@partner")
    for _round in range(count(200)):
        JoinRequest.objects.filter(organization=cast.partner).delete()
        SecretMail.objects.all().delete()
        (row,) = race.run([ask(cast)])
        grant = (admin, lambda row=row: grant_join_request(actor=admin, join_request=row, roles=["reader"]))
        decline = (other, lambda row=row: decline_join_request(actor=other, join_request=row))
        results = race.run([grant, decline] * 8)
        refused = [result.code for result in results if isinstance(result, Exception)]
        assert refused == ["state_changed"] * 15
        row.refresh_from_db()
        operators = Operator.objects.filter(organization=cast.partner, person=person)
        assert operators.exists() == (row.state == "added")
        assert SecretMail.objects.count() == 1
        operators.delete()


def test_many_domains_added_at_once_keep_to_the_limit(cast, race, monkeypatch):
    monkeypatch.setattr("accounts.actions.domains.MOST_DOMAINS", 5)
    admin = cast.actor("partner.admin")
    for _round in range(count(5)):
        OrganizationDomain.objects.filter(organization=cast.partner).delete()
        results = race.run(
            [
                (admin, lambda n=n: add_domain(actor=admin, organization=cast.partner, name=f"d{n}.example"))
                for n in range(16)
            ]
        )
        assert OrganizationDomain.objects.filter(organization=cast.partner).count() == 5
        assert [r.code for r in results if isinstance(r, Exception)] == ["too_many_domains"] * 11

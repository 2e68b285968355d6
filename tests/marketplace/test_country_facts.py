"""What staff read of markets before they decide about the country of an organisation that sells."""

import pytest

from marketplace.models import Market, MarketCountry
from partnerportal.lib.errors import Conflict
from support.actions.deciding import approve_request
from support.actions.drafts import start_request
from support.actions.rows import check_request
from support.actions.submitting import submit_request, withdraw_request
from support.country_change import CODE
from support.models import Request
from tests.support.asking import FIELDS

pytestmark = pytest.mark.django_db


def ask(world, who, country):
    actor = world.actor(f"{who}.admin")
    for open_one in Request.objects.filter(organization=world[who], kind=CODE).open():
        withdraw_request(actor=actor, request=open_one)
    draft = start_request(actor=actor, kind=CODE, subject_id=world[who].public_id)
    return submit_request(actor=actor, request=draft, **FIELDS | {"payload": {"country": country}})


def facts_of(request):
    return {fact.name: (fact.value, fact.shown) for fact in check_request(request).facts}


@pytest.mark.promise("E-10")
def test_the_market_now_and_then_are_facts_of_the_decision(world):
    request = ask(world, "partner", "JP")
    seen = facts_of(request)
    assert seen["new_market"] == ("japan JPY", "Japan · JPY")
    assert seen["market"][0].startswith("europe ")
    MarketCountry.objects.filter(country="JP").delete()
    assert facts_of(request)["new_market"] == ("", "None, so no sales are possible")


def test_a_country_that_has_moved_since_is_looked_at_again(world):
    request = ask(world, "partner", "JP")
    seen = check_request(request)
    row = MarketCountry.objects.get(country=world.partner.country)
    row.market, row.currency = Market.objects.get(code="japan"), "JPY"
    row.save()
    with pytest.raises(Conflict) as refused:
        approve_request(
            actor=world.actor("vendor.admin"), request=request, facts_digest=seen.digest, revision=request.revision
        )
    assert refused.value.code == "facts_changed"


def test_a_publisher_has_no_market(world):
    assert "market" not in facts_of(ask(world, "publisher", "JP"))

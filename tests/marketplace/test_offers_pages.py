"""The publisher's pages of offers: the list, the form that creates one, and the overview."""

import pytest

from marketplace.models import Offer

pytestmark = pytest.mark.django_db


def test_a_publisher_lists_its_offers_and_creates_one(world, web):
    client = web("publisher.admin")
    page = client.get("/offers/").content.decode()
    assert "backup" in page and "Draft qdraftq" in page and "monitor" in page
    answer = client.post("/offers/new/", {"code": "vault", "type": "saas", "pricing_model": "per_seat"}, follow=True)
    assert answer.status_code == 200 and "vault" in answer.content.decode()
    assert Offer.objects.get(code="vault").publisher == world.publisher

"""The catalogue: what partners, distributors, customers and the vendor see of published offers."""

from typing import Any

import pytest

from marketplace.models import Offer
from tests.entitlements.test_views import text_of

pytestmark = pytest.mark.django_db
BACKUP, MONITOR = "Backup", "Monitor"


def offer(code: str) -> Offer:
    return Offer.objects.get(code=code)


def test_a_partner_finds_what_it_may_sell(web: Any) -> None:
    text = text_of(web("partner.admin").get("/marketplace/offers/"))
    assert "Backup" in text and "€9.90 per licence and month" in text and "Monitor" in text
    assert "qdraftq" not in text and "JPY" not in text


def test_pages(web: Any, world: Any) -> None:
    backup, monitor = offer("backup").public_id, offer("monitor").public_id
    for who in ("partner.admin", "distributor.reader"):
        client = web(who)
        for url in (
            "/marketplace/offers/",
            "/marketplace/offers/?sellable=true&q=bac&category=backup&type=saas&pricing=per_seat",
            "/marketplace/offers/?reason=no_price",
            "/marketplace/offers/?sort=-name",
            f"/marketplace/offers/?customer={world.customer.public_id}",
            "/marketplace/offers/choose/",
            f"/marketplace/offers/{backup}/",
            f"/marketplace/offers/{monitor}/?customer={world.customer.public_id}",
            "/marketplace/simulator/",
        ):
            assert client.get(url).status_code == 200, url
    assert web("partner.admin").get(f"/marketplace/offers/{backup}/contact/").status_code == 200
    for url in ("/marketplace/", f"/marketplace/{backup}/", f"/marketplace/{backup}/ask/"):
        assert web("customer.admin").get(url).status_code == 200, url
    for url in ("/marketplace/all/", f"/marketplace/all/{backup}/", "/marketplace/simulator/"):
        assert web("vendor.admin").get(url).status_code == 200, url
    assert web("publisher.admin").get("/marketplace/simulator/").status_code == 200

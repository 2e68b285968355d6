"""The vendor's pages of whose product each SKU is."""

import re
from html import unescape
from typing import Any

import pytest

from entitlements.models import Sku, SkuPublisher
from tests.world import SKU_OF_NOBODY, World

LIST, DIALOG = "/marketplace/settings/skus/", "/marketplace/settings/skus/publisher/"


def text(answer: Any) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


def publisher_of(code: str) -> Any:
    row = SkuPublisher.objects.filter(sku__code=code).select_related("publisher").first()
    return row.publisher if row else None


def test_the_list_names_the_publisher_or_the_vendor(world: World, web: Any) -> None:
    page = text(web("vendor.reader").get(LIST))
    own = SkuPublisher.objects.select_related("sku").get(publisher=world.publisher).sku
    assert f"{own.name} {own.code} Product {own.service} {world.publisher.name}" in page
    nobody = Sku.objects.get(code=SKU_OF_NOBODY)
    assert f"{nobody.name} {nobody.code} Product {nobody.service} The vendor’s own" in page
    assert "Only Admins can do this." in page and DIALOG not in web("vendor.reader").get(LIST).content.decode()


def test_an_admin_sets_it_and_takes_it_back(world: World, web: Any) -> None:
    client, own = web("vendor.admin"), world.publisher.org_id
    assert f"{world.publisher.name} · {own}" in text(client.get(f"{DIALOG}?sku={SKU_OF_NOBODY}"))
    for publisher, seen in ((own, ""), ("", own)):
        answer = client.post(DIALOG, {"sku": SKU_OF_NOBODY, "publisher": publisher, "seen": seen})
        assert answer.status_code == 302 and answer.headers["Location"] == LIST
        assert publisher_of(SKU_OF_NOBODY) == (world.publisher if publisher else None)


def test_what_a_colleague_has_set_meanwhile_is_shown_first(world: World, web: Any) -> None:
    client, own = web("vendor.admin"), world.publisher.org_id
    SkuPublisher.objects.create(sku=Sku.objects.get(code=SKU_OF_NOBODY), publisher=world.publisher)
    answer = client.post(DIALOG, {"sku": SKU_OF_NOBODY, "publisher": "", "seen": ""})
    assert "A colleague has changed the publisher in the meantime." in text(answer)
    assert "Current values" in text(answer) and f'name="seen" value="{own}"' in answer.content.decode()
    assert publisher_of(SKU_OF_NOBODY) == world.publisher


@pytest.mark.parametrize("publisher", ["99999999", "{partner}", "x"])
def test_only_a_publisher_can_be_chosen(publisher: str, world: World, web: Any) -> None:
    org_id = publisher.format(partner=world.partner.org_id)
    answer = web("vendor.admin").post(DIALOG, {"sku": SKU_OF_NOBODY, "publisher": org_id, "seen": ""})
    assert answer.status_code == 200 and publisher_of(SKU_OF_NOBODY) is None


@pytest.mark.parametrize("code", ["none", "", "a%00b", "%FF"])
def test_an_unknown_sku_is_not_found(code: str, world: World, web: Any) -> None:
    assert web("vendor.admin").get(f"{DIALOG}?sku={code}").status_code == 404


@pytest.mark.parametrize(("who", "status"), [("vendor.reader", 403), ("publisher.admin", 404), ("partner.admin", 404)])
def test_nobody_else_sets_it(who: str, status: int, world: World, web: Any) -> None:
    answer = web(who).post(DIALOG, {"sku": SKU_OF_NOBODY, "publisher": world.publisher.org_id, "seen": ""})
    assert answer.status_code == status and publisher_of(SKU_OF_NOBODY) is None

"""A publisher's pages of its products: numbers, dashes, changes, filters, the file, the start page."""

import datetime as dt
import re
from html import unescape
from typing import Any

import pytest
from django.utils import translation

from entitlements.models import SkuPublisher, get_first_day_of_month
from marketplace.models import Measure, Product, ProductFigure
from marketplace.product_notices import SkuAssignedNotice
from marketplace.queries.products import get_year_before, list_months
from marketplace.rows.products import describe_change, rank_countries
from notifications.actions.outbox import write_due_notices
from notifications.models import Notice
from notifications.registry import get_notice_kinds
from partnerportal.lib import days, formats
from tests.exports.test_views import NEW, table
from tests.marketplace.rivals import Rival
from tests.world import World

pytestmark = pytest.mark.usefixtures("private_folder")


def main(answer: Any) -> str:
    assert answer.status_code == 200
    text = unescape(answer.content.decode())
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text.partition("<main")[2].partition("</main>")[0]))


def this_month() -> dt.date:
    return get_first_day_of_month(days.today())


def product_of(world: World) -> Product:
    return Product.objects.get(sku__isnull=False, publisher=world.publisher)


def test_the_list_shows_the_latest_month_against_the_year_before(world: World, web: Any) -> None:
    page = main(web("publisher.reader").get("/products/"))
    assert "715 +9%" in page  # 660 and 55, against 600 and 55
    assert "Not counted for offers" in page and "Fewer than 5 customers" in page
    assert f"Numbers for {formats.format_month(this_month())}" in page and "Counted on" in page


def test_month_and_country_stand_in_the_url(world: World, web: Any) -> None:
    client = web("publisher.reader")
    before = get_year_before(this_month()).isoformat()[:7]
    assert "655" in main(client.get(f"/products/?month={before}"))
    assert "660 +10%" in main(client.get("/products/?country=DE"))
    assert "55 0%" in main(client.get("/products/?country=other"))
    assert "660" not in main(client.get("/products/?country=FR"))


@pytest.mark.parametrize("query", ["month=2026-13", "month=1999-01", "month=x", "country=ZZ", "type=x", "cursor=x"])
def test_an_unknown_choice_is_the_usual_one(query: str, web: Any) -> None:
    assert "715 +9%" in main(web("publisher.reader").get(f"/products/?{query}"))


def test_the_tabs_tell_skus_and_offers_apart(world: World, web: Any) -> None:
    skus, offers = (main(web("publisher.reader").get(f"/products/?type={type}")) for type in ("sku", "offer"))
    assert product_of(world).code in skus and "backup" not in skus
    assert product_of(world).code not in offers and "backup" in offers


def test_a_products_page(world: World, web: Any) -> None:
    product = product_of(world)
    ProductFigure.objects.create(
        product=product, publisher=world.publisher, month=this_month(), measure="trials", country="SE", amount=8
    )
    client = web("publisher.reader")
    page = main(client.get(f"/products/{product.public_id}/"))
    assert "715 +9% in a year" in page and "Germany 660 92%" in page and "Other countries 55 8%" in page
    assert "Fewer than 5 customers" in page and "Your own licences are left out" in page
    assert "Sweden 8 100%" in main(client.get(f"/products/{product.public_id}/?measure=trials"))
    assert "660 +10% in a year" in main(client.get(f"/products/{product.public_id}/?country=DE"))
    assert "715 +9%" in main(client.get(f"/products/{product.public_id}/?measure=x&month=x&country=x"))


def test_a_month_with_too_few_is_a_gap_of_the_chart(world: World, web: Any) -> None:
    html = web("publisher.reader").get(f"/products/{product_of(world).public_id}/").content.decode()
    rows = re.findall(r'<th scope="row">([^<]+)</th><td class="num">([^<]+)</td>', html)
    months = list_months(days.today())[::-1]
    assert [month for month, _number in rows] == [formats.format_month(month) for month in months]
    assert [number for _month, number in rows] == ["655", *["–"] * 11, "715"]


def test_another_publishers_product_is_not_found(rival: Rival, world: World, web: Any) -> None:
    product = product_of(world)
    Product.objects.filter(pk=product.pk).update(publisher=rival.offer.publisher)
    assert web("publisher.admin").get(f"/products/{product.public_id}/").status_code == 404
    assert product.code not in main(web("publisher.admin").get("/products/"))


@pytest.mark.parametrize("who", ["partner.admin", "customer.admin", "distributor.reader", "vendor.admin"])
def test_pages_are_for_publishers(who: str, world: World, web: Any) -> None:
    for path in ("/products/", f"/products/{product_of(world).public_id}/"):
        assert web(who).get(path).status_code == 404


def test_before_the_first_numbers_it_says_what_to_do(world: World, web: Any) -> None:
    product = product_of(world)
    ProductFigure.objects.all().delete()
    assert "at least five customers have this product" in main(
        web("publisher.reader").get(f"/products/{product.public_id}/")
    )
    assert "Your products" not in main(web("publisher.reader").get("/"))
    Product.objects.all().delete()
    page = main(web("publisher.reader").get("/products/"))
    assert "No products yet" in page and "counted every night" in page


def test_the_file_has_the_sums_that_are_shown(world: World, web: Any) -> None:
    product = product_of(world)
    rows = table(web("publisher.reader").post(NEW, {"list": "product_figures", "query": ""}))
    assert len(rows) == ProductFigure.objects.filter(publisher=world.publisher).count() == 8
    queries = {
        f"product={product.public_id}&country=DE": {("DE", "660"), ("DE", "600")},
        f"type=sku&country=other&month={this_month().isoformat()[:7]}": {("", "55")},
        "product=x": set(),
        "q=nothing-like-it": set(),
    }
    for query, expected in queries.items():
        rows = table(web("publisher.reader").post(NEW, {"list": "product_figures", "query": query}))
        assert {(row["country"], row["amount"]) for row in rows} == expected, query


def test_the_start_page_shows_the_largest_products(world: World, web: Any) -> None:
    page = main(web("publisher.reader").get("/"))
    assert "Your products" in page and "715 licences +9%" in page
    assert "Your products" not in main(web("partner.admin").get("/"))


def test_a_publisher_is_told_of_its_skus(world: World, web: Any, actor_for: Any) -> None:
    from entitlements.actions.publishers import set_sku_publisher

    sku = SkuPublisher.objects.get(publisher=world.publisher).sku
    for publisher in (None, world.publisher):
        set_sku_publisher(actor=actor_for("vendor.admin"), sku=sku, publisher=publisher)
    while write_due_notices():
        pass
    notices = Notice.objects.filter(kind__startswith="sku_").order_by("pk")
    assert {notice.recipient_id for notice in notices} == {world.publisher.pk}
    subjects = [get_notice_kinds()[notice.kind].get_subject(notice) for notice in notices]
    assert subjects == [f"{sku.name} is no longer one of your products", f"{sku.name} is now one of your products"]
    assert SkuAssignedNotice().get_link_path(notices[1]) == "/products/"


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (110, 100, ("+10%", "ok")),
        (90, 100, ("−10%", "bad")),
        (100, 100, ("0%", "")),
        (1001, 1000, ("0%", "")),
        (5, None, ("", "")),
    ],
)
def test_a_change_in_words(now: int, before: int | None, said: tuple[str, str]) -> None:
    assert describe_change(now, before) == said


def test_countries_are_ranked_with_the_others_last() -> None:
    rows = rank_countries([("DE", 60), ("FR", 30), ("", 10)])
    assert [(row.name, row.share, row.width) for row in rows] == [
        ("Germany", "60%", 100),
        ("France", "30%", 50),
        ("Other countries", "10%", 17),
    ]


@pytest.mark.parametrize("language", ["fr", "ja"])
def test_measures_have_their_words(language: str) -> None:
    english = [str(measure.label) for measure in Measure]
    with translation.override(language):
        assert not set(english) & {str(measure.label) for measure in Measure} - {"Licences"}

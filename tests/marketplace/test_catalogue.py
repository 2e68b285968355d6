"""The catalogue and the storefront: what partners, distributors, customers and the vendor see of published offers."""

import datetime as dt
import re
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organization, Person
from connections.actions import end_connection
from marketplace.actions.offers import publish_offer, save_draft
from marketplace.models import (
    Authorization,
    ChannelInfo,
    HealthIssue,
    Market,
    Offer,
    OfferVersion,
    Plan,
    Price,
    SaleStop,
)
from marketplace.queries.offers import get_newest_version
from tests.entitlements.test_views import text_of
from tests.world_offers import CHANNEL, MATERIAL, make_content

pytestmark = pytest.mark.django_db
CATALOGUE = "/marketplace/offers/"
BROWSERS = ("partner.reader", "distributor.reader")
JPY = 987_650  # an amount of another market that stands nowhere else


def offer(code: str = "backup") -> Offer:
    return Offer.objects.get(code=code)


def price(plan: Plan, market: str, currency: str, amount: Any, **more: Any) -> Price:
    values = {"term": "P1M", "billing": "P1M", "valid_from": timezone.now().date()} | more
    return Price.objects.create(
        plan=plan, market=Market.objects.get(code=market), currency=currency, amount=amount, **values
    )


def plan_of(code: str = "backup", plan: str = "basic") -> Plan:
    return Plan.objects.get(offer__code=code, code=plan)


def publish(actor: Any, code: str, **changes: Any) -> Offer:
    """Publish another version of an offer of the cast, in which something is different."""
    row = offer(code)
    content = make_content(code.title(), "basic") | changes
    save_draft(actor=actor, offer=row, content=content, channel=CHANNEL, revision=None)
    publish_offer(actor=actor, offer=row, revision=get_newest_version(row).revision)
    return offer(code)


def rows_of(response: Any) -> list[str]:
    body = re.search(r"<tbody>(.*)</tbody>", response.content.decode(), re.DOTALL)
    return [text_of_html(row) for row in body[1].split("</tr>")[:-1]] if body else []


def text_of_html(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


class TestTheList:
    """The page of all published offers."""

    def test_each_offer_says_its_price_and_whether_it_may_be_sold(self, web: Any) -> None:
        backup, monitor = rows_of(web("partner.reader").get(CATALOGUE))
        assert "Backup" in backup and "€9.90 per licence per month" in backup and "Can be sold" in backup
        assert "Monitor" in monitor and "—" in monitor and "No price in the partner’s currency" in monitor

    def test_all_are_counted_by_reason_and_lead_to_theirs(self, web: Any, actor_for: Any) -> None:
        page = text_of(web("partner.reader").get(CATALOGUE))
        assert (
            "All offers 2 Can be sold 1 Can’t be sold 1" in page
            and "Can’t be sold because: No price in the partner’s currency 1 " in page
        )
        (row,) = rows_of(web("partner.reader").get(f"{CATALOGUE}?reason=no_price"))
        assert "Monitor" in row
        (row,) = rows_of(web("partner.reader").get(f"{CATALOGUE}?sellable=true"))
        assert "Backup" in row
        publish(actor_for("publisher.admin"), "backup", plans=make_content("Backup", "basic", "pro")["plans"])
        page = text_of(web("partner.reader").get(CATALOGUE))
        assert "Can’t be sold because: No price in the partner’s currency 1 " in page, (
            "of an offer that can be sold, no plan counts"
        )
        SaleStop.objects.create(offer=offer(), by_vendor=True)
        page = text_of(web("partner.reader").get(CATALOGUE))
        assert "Can be sold 0 Can’t be sold 2" in page and "Sale stopped 1" in page

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("q=bACK", {"Backup"}),
            ("q=nqpublisher", {"Backup", "Monitor"}),
            ("q=qdraftq", set()),
            ("category=backup", {"Backup", "Monitor"}),
            ("category=it-management", {"Backup", "Monitor"}),
            ("category=security", set()),
            ("type=container", set()),
            ("pricing=per_seat", {"Backup", "Monitor"}),
            ("pricing=flat&q=", set()),
            ("publisher=00000000-0000-4000-8000-000000000000", set()),
            ("publisher=rubbish&reason=rubbish&customer=rubbish&sellable=perhaps", {"Backup", "Monitor"}),
        ],
    )
    def test_filters(self, web: Any, query: str, names: set[str]) -> None:
        found = rows_of(web("partner.reader").get(f"{CATALOGUE}?{query}"))
        assert {name for name in ("Backup", "Monitor") if any(name in row for row in found)} == names
        assert len(found) == len(names)

    def test_an_offer_with_a_plan_that_may_be_sold_has_no_reason(self, web: Any, actor_for: Any) -> None:
        publish(actor_for("publisher.admin"), "backup", plans=make_content("Backup", "basic", "unpriced")["plans"])
        for query, names in (("reason=no_price", ["Monitor"]), ("sellable=true", ["Backup"])):
            found = rows_of(web("partner.reader").get(f"{CATALOGUE}?{query}"))
            assert [row.split()[0] for row in found] == names

    def test_a_customer_turns_it_into_what_may_be_sold_to_it(self, web: Any, world: Any) -> None:
        Organization.objects.filter(pk=world.customer.pk).update(country="JP")
        page = web("partner.reader").get(f"{CATALOGUE}?customer={world.customer.public_id}")
        assert all("Customer outside the partner’s market" in row or "No price" in row for row in rows_of(page))
        text = text_of(page)
        assert (
            "Can be sold 0" in text
            and "Customer outside the partner’s market 2" in text
            and world.customer.name in text
        )

    def test_of_strangers_it_knows_nothing(self, web: Any, world: Any) -> None:
        text = text_of(web("partner.reader").get(f"{CATALOGUE}?customer={world.stranger.public_id}"))
        assert world.stranger.name not in text and "Can be sold 1" in text

    def test_a_customer_whose_connection_has_ended_is_missed_in_words(self, web: Any, world: Any) -> None:
        """A bookmark or a second tab goes on to name it."""
        url, said = f"{CATALOGUE}?customer={world.customer.public_id}", "This page ignores that choice."
        assert said not in text_of(web("partner.reader").get(url))
        end_connection(actor=world.actor("customer.admin"), connection=world.connection("customer", "partner"))
        assert said in text_of(web("partner.reader").get(url))
        assert said in text_of(web("partner.reader").get(f"{CATALOGUE}?customer={world.stranger.public_id}"))
        assert said not in text_of(web("partner.reader").get(CATALOGUE))

    def test_a_distributor_looks_for_its_partner(self, web: Any, world: Any) -> None:
        Organization.objects.filter(pk=world.partner.pk).update(country="JP")
        SaleStop.objects.all().update(lifted_at=timezone.now())
        page = web("distributor.reader").get(f"{CATALOGUE}?partner={world.partner.public_id}")
        backup, _monitor = rows_of(page)
        assert "¥1,000" in backup and "Can be sold" in backup and "Prices for Japan in JPY." in text_of(page)
        backup, _monitor = rows_of(web("distributor.reader").get(f"{CATALOGUE}?partner={world.partner2.public_id}"))
        assert "€9.90" in backup, "it is another distributor's"

    def test_texts_fall_back_and_say_so(self, web: Any, world: Any, actor_for: Any) -> None:
        texts = {
            "fr": {"name": "Sauvegarde", "summary": "En bref", "description": "Tout."},
            "ja": {"name": "バックアップ", "summary": "一言", "description": "全部"},
        }
        publish(actor_for("publisher.admin"), "backup", texts=texts)
        client = web("partner.reader")
        page = client.get(CATALOGUE)
        assert 'lang="fr">Sauvegarde' in page.content.decode() and "In French" in text_of(page)
        shown = client.get(f"{CATALOGUE}{offer().public_id}/")
        assert "so it is shown in French." in text_of(shown) and "Sauvegarde" in text_of(shown)
        Person.objects.filter(pk=world.person("partner.reader").pk).update(language="ja")
        page = client.get(CATALOGUE)
        assert "バックアップ" in text_of(page) and "Sauvegarde" not in text_of(page)
        assert rows_of(client.get(f"{CATALOGUE}?q=SAUVEG")), "a search finds every language"

    def test_the_number_of_queries_is_constant(self, web: Any, world: Any, count_queries: Any) -> None:
        client = web("partner.reader")
        query = f"{CATALOGUE}?customer={world.customer.public_id}&sellable=false"
        counts = []
        for size in (1, 30):
            for number in range(size):
                row = offer("monitor")
                copy = Offer.objects.create(
                    publisher=row.publisher, code=f"copy{size}-{number}", type="saas", pricing_model="flat",
                    audience="any", listing=row.listing, sort_en="copy",
                )  # fmt: skip
                version = OfferVersion.objects.create(offer=copy, number=1, content=row.live_version.content)
                Offer.objects.filter(pk=copy.pk).update(live_version=version, published_at=timezone.now())
                Plan.objects.create(offer=copy, code="basic", published_in=1, is_live=True)
                HealthIssue.objects.create(offer=copy, kind="outage")
            with count_queries() as statements:
                assert len(rows_of(client.get(query))) > size
            counts.append(len(statements))
        assert counts[0] == counts[1] <= 19, counts


@pytest.mark.promise("CA-30")
def test_only_resellers_see_the_channel_material(web: Any, api: Any) -> None:
    url = f"{offer().public_id}/"
    for who in BROWSERS:
        assert MATERIAL in web(who).get(f"{CATALOGUE}{url}").content.decode(), who
        assert MATERIAL in api(who).get(f"/api/v1/catalogue/{url}").content.decode(), who
    assert MATERIAL not in web("customer.admin").get(f"/marketplace/{url}").content.decode()


class TestAnOffer:
    """The page of one offer."""

    def test_prices_say_what_they_are(self, web: Any) -> None:
        price(plan_of(), "europe", "EUR", 120, term="P1Y", billing="P1Y")
        price(plan_of(), "europe", "EUR", 240, term="P2Y", billing="once")
        text = text_of(web("partner.reader").get(f"{CATALOGUE}{offer().public_id}/"))
        assert "Per licence per bill Per licence per month Per licence, whole term" in text
        assert "1 year yearly €120.00 €10.00 €120.00" in text
        assert "1 month monthly €9.90 €9.90 €9.90" in text
        assert "2 years once for the whole term €240.00 €10.00 €240.00" in text

    def test_a_price_is_not_shown_before_its_day_nor_after_it_was_withdrawn(self, web: Any) -> None:
        now = timezone.now()
        price(plan_of(), "europe", "EUR", 77, term="P3Y", valid_from=now.date() + dt.timedelta(days=1))
        price(plan_of(), "europe", "EUR", 88, term="P2Y", withdrawn_at=now)
        text = text_of(web("partner.reader").get(f"{CATALOGUE}{offer().public_id}/"))
        assert "€9.90" in text and "€77" not in text and "€88" not in text

    def test_a_reason_has_its_fact_and_the_next_step(self, web: Any) -> None:
        page = web("partner.admin").get(f"{CATALOGUE}{offer('monitor').public_id}/")
        text = text_of(page)
        assert "The plan has no price in EUR for the market Europe. Market: Europe · Currency: EUR no_price" in text
        assert f'href="{CATALOGUE}{offer("monitor").public_id}/contact/"' in page.content.decode()

    def test_a_free_plan_alone_costs_0(self, web: Any) -> None:
        price(plan_of("monitor"), "europe", "EUR", "0.05", term="P1Y", billing="P1Y")
        rows = rows_of(web("partner.reader").get(CATALOGUE))
        assert "€0.01" in rows[1], "a twelfth of five cents is not free"
        price(plan_of("monitor"), "europe", "EUR", 0)
        assert "€0.00" in rows_of(web("partner.reader").get(CATALOGUE))[1]

    def test_what_is_not_published_is_not_there(self, web: Any, actor_for: Any) -> None:
        row = offer("monitor")
        draft = Offer.objects.create(publisher=row.publisher, code="draft", type="saas", pricing_model="flat")
        for who, url in (
            ("partner.admin", CATALOGUE), ("customer.admin", "/marketplace/"), ("vendor.admin", "/marketplace/all/"),
        ):  # fmt: skip
            assert web(who).get(f"{url}{draft.public_id}/").status_code == 404, who


class TestOthers:
    """Customers, the vendor, and who is not in the programme."""

    def test_customers_see_the_listing_alone(self, web: Any) -> None:
        client = web("customer.reader")
        for url in ("/marketplace/", f"/marketplace/{offer().public_id}/"):
            html = client.get(url).content.decode()
            assert "Backup" in html
            for secret in ("9.90", "EUR", "€", MATERIAL, "audience", "Can be sold", "Specific partners", "qdraftq"):
                assert secret not in html, (url, secret)
        assert "1 month, 1 year · monthly" in html, "for how long the plan is sold, not for how much"

    def test_the_vendor_sees_who_is_selected_and_nothing_that_is_only_saved(self, web: Any, world: Any) -> None:
        client, url = web("vendor.reader"), f"/marketplace/all/{offer('monitor').public_id}/"
        page = client.get(url).content.decode()
        row = re.search(r"<tbody>(.*?)</tbody>", page, re.DOTALL)
        assert row and world.distributor.name in row[1] and "and its" in row[1]
        assert world.partner.name not in row[1], "an addition that the publisher has only saved"
        assert "Nothing matches these filters" in client.get(url, {"q": world.partner.name}).content.decode()
        found = client.get(url, {"q": str(world.distributor.tenant_id)}, HTTP_HX_REQUEST="true").content.decode()
        assert world.distributor.name in found and "<html" not in found
        Organization.objects.filter(parent=world.distributor).update(parent=None)
        alone = client.get(url, {"q": str(world.distributor.tenant_id)}, HTTP_HX_REQUEST="true").content.decode()
        assert world.distributor.name in alone and "and its" not in alone
        Authorization.objects.update(ended_at=timezone.now())
        assert "Nobody can make new sales until the publisher" in client.get(url).content.decode()
        assert 'id="list"' not in client.get(f"/marketplace/all/{offer().public_id}/").content.decode()

    def test_the_vendor_sees_audiences_and_stops(self, web: Any) -> None:
        SaleStop.objects.create(offer=offer())
        backup, monitor = rows_of(web("vendor.reader").get("/marketplace/all/"))
        assert "Sale stopped" in backup and "Any partner in the CSP programme" in backup
        assert "Live" in monitor and "Specific partners in the CSP programme I select" in monitor
        (row,) = rows_of(web("vendor.reader").get("/marketplace/all/?audience=specific"))
        assert "Monitor" in row
        page = text_of(web("vendor.reader").get(f"/marketplace/all/{offer('monitor').public_id}/"))
        assert "2 partners and distributors selected" in page or "1 partner or distributor selected" in page

    @pytest.mark.parametrize(
        ("who", "status"),
        [("partner2.admin", 403), ("lapsed.admin", 403), ("nobadge.admin", 403), ("publisher.admin", 404)],
    )
    def test_who_is_not_in_the_programme_is_told_so(self, web: Any, api: Any, who: str, status: int) -> None:
        for url in (CATALOGUE, f"{CATALOGUE}{offer().public_id}/", f"{CATALOGUE}choose/"):
            assert web(who).get(url).status_code == status, url
        for path in ("", f"{offer().public_id}/", "price-list/"):
            assert api(who).get(f"/api/v1/catalogue/{path}").status_code == status, path


class TestSecondLock:
    """What the database shows to a tenant, without the first lock."""

    def seen(self, actor: Any, as_tenant: Any) -> dict[str, set[Any]]:
        with as_tenant(actor):
            return {
                "prices": set(Price.objects.values_list("market__code", "currency")),
                "channel": set(ChannelInfo.objects.values_list("version__offer__code", "version__number")),
                "versions": set(OfferVersion.objects.values_list("offer__code", "number")),
                "audience": set(Authorization.objects.values_list("offer__code", "organization")),
            }

    def test_who_sees_what(self, world: Any, actor_for: Any, as_tenant: Any) -> None:
        published = {("backup", 1), ("monitor", 1)}
        distributor, partner = world.distributor.pk, world.partner.pk
        for who, prices, channel, audience in (
            ("partner.reader", {("europe", "EUR")}, published, {("monitor", distributor)}),
            ("customer.admin", set(), set(), set()),
            ("partner2.admin", set(), set(), set()),
            ("lapsed.admin", set(), set(), set()),
        ):
            seen = self.seen(actor_for(who), as_tenant)
            assert seen["prices"] == prices and seen["channel"] == channel and seen["versions"] == published, who
            assert {row for row in seen["audience"] if row != ("monitor", partner)} == audience, who

    def test_a_partner_of_another_market_sees_its_prices_alone(
        self, world: Any, actor_for: Any, as_tenant: Any, web: Any, api: Any
    ) -> None:
        price(plan_of(), "japan", "JPY", JPY, term="P1Y")
        Organization.objects.filter(pk=world.partner.pk).update(country="GB")
        assert self.seen(actor_for("partner.reader"), as_tenant)["prices"] == set()
        for html in (
            web("partner.reader").get(CATALOGUE).content,
            web("partner.reader").get(f"{CATALOGUE}{offer().public_id}/").content,
            api("partner.reader").get("/api/v1/catalogue/").content,
            api("partner.reader").get("/api/v1/catalogue/price-list/").content,
            api("partner.reader").get(f"/api/v1/catalogue/{offer().public_id}/").content,
        ):
            text = html.decode()
            assert not [word for word in ("9.90", "987,650", "987650", "JPY", "EUR", "1000.0") if word in text]
        Organization.objects.filter(pk=world.partner.pk).update(country="JP")
        assert self.seen(actor_for("partner.reader"), as_tenant)["prices"] == {("japan", "JPY")}

    def test_who_is_connected_stays_with_those_it_concerns(self, world: Any, actor_for: Any, as_tenant: Any) -> None:
        from django.db import connection

        def customers(who: str) -> int:
            with as_tenant(actor_for(who)), connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM portal_customers_of(%s)", [world.partner.pk])
                return int(cursor.fetchone()[0])

        told = {who: customers(f"{who}.reader") for who in ("partner", "distributor", "vendor")}
        assert told == {"partner": 2, "distributor": 2, "vendor": 2}
        for who in ("publisher.admin", "partner2.admin", "distributor2.admin", "customer.admin", "stranger.admin"):
            assert customers(who) == 0, who

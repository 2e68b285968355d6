"""The licensing summary, the trend and the summary over all customers, as pages and through the API."""

import datetime as dt
import re
from html import unescape
from typing import Any

import pytest
from django.utils import timezone

from connections.actions import change_connection_sharing, end_connection
from connections.models import Connection
from entitlements.actions.usage import ReportedUsageDay, store_usage_days
from entitlements.models import CustomerListing, CustomerPace, CustomerUsage, Entitlement, Sku, UsageDay, UsageMonth
from entitlements.queries import usage
from entitlements.queries.usage import PeriodUsage, sum_usage_by_period
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.lib.scopes import ALL, Scope
from tests.entitlements.test_views import connect, entitle
from tests.world import World, canary

WEEK = dt.timedelta(days=7)


def today() -> dt.date:
    return timezone.now().date()


def text_of(response: Any) -> str:
    html = response.content.decode().split("<main", 1)[-1].split("</main>")[0]
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)))


def report(world: World, sku: Sku, *, name: str = "customer", days: int = 100, until: int = 0, **numbers: int) -> None:
    """`days` days up to `until` days ago, each the same, of what the customer has."""
    facts = {"purchased": 100, "assigned": 87, "newly": 3, "daily": 40, "devices": 44, "monthly": 70, **numbers}
    Entitlement.objects.update_or_create(
        external_id=f"reported-{name}-{sku.code}",
        defaults={"customer": world[name], "sku": sku, "kind": "production", "state": "active",
                  "quantity": facts["purchased"], "assigned": facts["assigned"]},
    )  # fmt: skip
    store_usage_days(
        actor=Actor.system("test"),
        usage_days=[
            ReportedUsageDay(
                back, world[name].pk, sku.pk, today() - dt.timedelta(days=back + until), facts["purchased"],
                facts["assigned"], facts["newly"], facts["daily"], facts["devices"], facts["monthly"],
                facts["monthly"] + 5, 9,
            )
            for back in range(days)
        ],
    )  # fmt: skip


@pytest.fixture
def sku(world: World) -> Sku:
    """Of a customer that has nothing else, and with nothing else reported."""
    Entitlement.objects.filter(customer=world.customer).delete()
    UsageDay.objects.filter(customer=world.customer).delete()
    UsageMonth.objects.filter(customer=world.customer).delete()
    CustomerUsage.objects.filter(customer=world.customer).delete()
    return Sku.objects.create(code="VLT", service="Vault", name="Vault Pro")


def usage_page(world: World, web: Any, who: str = "partner.reader", tab: str = "usage/") -> Any:
    return web(who).get(f"/customers/{world.customer.public_id}/{tab}")


@pytest.mark.promise("CC-14", "CC-30", "CC-31", "CC-33")
def test_licensing_in_words_and_numbers(world: World, sku: Sku, web: Any) -> None:
    """CC-30…CC-34: the way from the row's menu, and what stands there."""
    report(world, sku)
    page = usage_page(world, web)
    words = text_of(page)
    assert "View usage trend" in words and "87% · Within limit" in words
    assert "For concurrent licences, the highest number in use at the same time is counted." in words
    assert "13 licences available" in words and "Monthly active users 70" in words and "Daily active users 40" in words
    assert 'data-path="usage/"' in web("partner.reader").get("/customers/").content.decode()


@pytest.mark.parametrize(
    ("assigned", "status", "tone"),
    [(40, "Within limit", "ok"), (90, "Nearly full", "warn"), (100, "Full", "warn"), (104, "Over limit", "bad")],
)
def test_green_amber_and_red(world: World, sku: Sku, web: Any, assigned: int, status: str, tone: str) -> None:
    report(world, sku, assigned=assigned)
    html = usage_page(world, web).content.decode()
    assert f'<span class="status {tone}">{status}</span>' in html
    if assigned > 100:
        assert "4 more licences assigned than purchased" in html


def test_data_older_than_two_days_says_so(world: World, sku: Sku, web: Any) -> None:
    report(world, sku, until=2)
    assert "warn-text" not in usage_page(world, web).content.decode().split("Usage last reported")[0][-40:]
    UsageDay.objects.filter(customer=world.customer).delete()
    CustomerUsage.objects.filter(customer=world.customer).update(as_of=today() - dt.timedelta(days=3))
    assert "warn-text" in usage_page(world, web).content.decode().split("Usage last reported")[0][-40:]


def test_before_the_first_report_the_page_says_what_will_be_there(world: World, sku: Sku, web: Any) -> None:
    assert "No usage reported yet" in text_of(usage_page(world, web))


@pytest.mark.parametrize(
    ("is_reported", "shared", "said"),
    [
        (True, ALL, "Nothing ends in the next 90 days, no limit is exceeded, and usage is normal."),
        (False, ALL, "Nothing ends in the next 90 days, and no limit is exceeded."),
        (True, Scope.ACCOUNT | Scope.USAGE, "No unusual usage was found."),
        (False, Scope.ACCOUNT | Scope.USAGE, ""),
    ],
)
def test_that_all_is_calm_is_said_only_of_what_is_known(
    world: World, sku: Sku, web: Any, is_reported: bool, shared: Scope, said: str
) -> None:
    if is_reported:
        report(world, sku)
    Connection.objects.filter(customer=world.customer, partner=world.partner).update(scopes=int(shared))
    words = text_of(usage_page(world, web))
    assert said in words and ("Needs attention" in words) is bool(said)


def test_two_weeks_are_not_enough_for_a_forecast(world: World, sku: Sku, web: Any) -> None:
    report(world, sku, days=14)
    assert "Not enough history" in text_of(usage_page(world, web))


@pytest.mark.promise("CC-33", "CC-34", "CC-35", "CC-36", "CC-37")
def test_the_trend_has_four_numbers_and_says_them_in_words(world: World, sku: Sku, web: Any) -> None:
    """CC-34…CC-37, and every number in a table."""
    report(world, sku, days=60)
    html = usage_page(world, web, tab="usage/").content.decode()
    words = text_of(usage_page(world, web, tab="usage/"))
    assert "87 of 100 licences assigned" in words and "Licence limit 100" in words
    assert "latest 87, peak 87" in words
    assert "Previously assigned" in words and "Newly assigned" in words
    assert "Monthly active" in words and "Daily active" in words
    assert html.count("View as table") == 4 and html.count('role="img"') == 8
    assert html.count('scope="row"') == 84 + 84 + 3 + 3  # twelve weeks of days twice, and their months twice


def test_the_trend_had_an_address_of_its_own(world: World, sku: Sku, web: Any) -> None:
    report(world, sku)
    client, address = web("partner.reader"), f"/customers/{world.customer.public_id}/usage/"
    assert client.get(f"{address}trend/?range=6m&service=Vault").url == f"{address}?range=6m&service=Vault#trend"
    assert web("customer.reader").get("/usage/trend/?range=13m").url == "/usage/?range=13m#trend"
    assert web("partner2.reader").get(f"{address}trend/").status_code == 404


def test_far_below_the_limit_the_scale_is_the_datas(world: World, sku: Sku, web: Any) -> None:
    report(world, sku, purchased=1200, assigned=174)
    assert "Licence limit 1,200, above the range of this chart" in text_of(usage_page(world, web, tab="usage/"))


@pytest.mark.parametrize(("asked", "rows"), [("6m", 6), ("13m", 13), ("rubbish", 84), ("", 84)])
def test_ranges_in_the_address(world: World, sku: Sku, web: Any, asked: str, rows: int) -> None:
    report(world, sku)
    page = usage_page(world, web, tab=f"usage/?range={asked}&service=unknown")
    table = page.content.decode().split('data-chart-table="assigned"')[1].split("</table>")[0]
    assert table.count('scope="row"') == rows


def test_one_service_or_all_together(world: World, sku: Sku, web: Any) -> None:
    other = Sku.objects.create(code="FLW", service="Flow", name="Flow Team")
    report(world, sku)
    report(world, other, purchased=50, assigned=10)
    assert "97 of 150 licences" in text_of(usage_page(world, web))
    assert "10 of 50 licences" in text_of(usage_page(world, web, tab="usage/?service=Flow%20Team"))


def test_a_trial_has_a_row_of_its_own_words_and_is_in_no_total(world: World, sku: Sku, web: Any) -> None:
    report(world, sku)
    Sku.objects.filter(pk=sku.pk).update(service="Another name")
    tried = Sku.objects.create(code="FLW", service="Flow", name="Flow Team")
    held = {"customer": world.customer, "state": "active", "kind": "trial", "quantity": 25, "assigned": 9}
    Entitlement.objects.create(**held, sku=tried, external_id="tried")
    page = text_of(usage_page(world, web))
    assert "Licences purchased 100 + 9 of 25 on trial Licences assigned 87 87% · Within limit" in page
    assert "Flow Team Trial 9 of 25 on trial – – – –" in page and "Vault Pro Within limit 87 / 100" in page
    assert "Another name" not in page
    assert "87% 87 of 100 licences assigned + 9 of 25 on trial" in page


def test_what_was_reported_last_is_not_what_the_customer_has_now(world: World, sku: Sku, web: Any, api: Any) -> None:
    """Unless it shares its usage alone: then nothing else is known."""
    report(world, sku)
    Entitlement.objects.filter(sku=sku).update(quantity=60, assigned=70)
    url = f"/api/v1/customers/{world.customer.public_id}/usage/"
    page = text_of(usage_page(world, web))
    assert "Licences purchased 60 Licences assigned 70 117% · Over limit" in page
    assert "Vault Pro Over limit 70 / 60" in page and "70 of 60 licences assigned" in page
    told = api("partner.reader").get(url).json()
    assert (told["purchased"], told["assigned"], told["overage"], told["trial_purchased"]) == (60, 70, 10, 0)
    change_connection_sharing(
        actor=world.actor("customer.admin"),
        connection=world.connection("customer", "partner"),
        scopes=Scope.ACCOUNT | Scope.USAGE,
    )
    page = text_of(usage_page(world, web))
    assert "Licences purchased 100 Licences assigned 87 87%" in page and "Vault Pro Within limit 87 / 100" in page
    assert "87 of 100 licences assigned" in page
    told = api("partner.reader").get(url).json()
    assert (told["purchased"], told["assigned"], told["overage"], told["trial_purchased"]) == (100, 87, 0, None)


def test_licences_of_one_sku_do_not_fill_in_for_another(world: World, sku: Sku, web: Any, api: Any) -> None:
    """Together 94 of 150 are assigned, and 4 of them were never bought."""
    other = Sku.objects.create(code="FLW", service=sku.service, name="Flow Team")
    report(world, sku, assigned=40)
    report(world, other, purchased=50, assigned=54)
    page = text_of(usage_page(world, web))
    assert page.count("Overage 4") == 2 and "Licences available" not in page
    assert "63% · Over limit" in page and "4 more licences assigned than purchased" in page
    totals = api("partner.reader").get(f"/api/v1/customers/{world.customer.public_id}/usage/").json()
    assert (totals["overage"], totals["available"]) == (4, 60)
    asked = {"list": "trend", "customer": world.customer.public_id, "query": ""}
    latest = web("partner.reader").post("/exports/new/", asked).content.decode().splitlines()[-1]
    assert ",94,60," in latest  # assigned, available


@pytest.mark.parametrize("tab", ["usage/", "usage/?range=13m"])
def test_queries_do_not_grow_with_services(world: World, sku: Sku, web: Any, count_queries: Any, tab: str) -> None:
    client, address = web("partner.reader"), f"/customers/{world.customer.public_id}/{tab}"
    report(world, sku)
    client.get(address)  # the first of a session asks for more
    with count_queries() as one:
        client.get(address)
    for number in range(2):
        report(world, Sku.objects.create(code=f"S{number}", service=f"S{number}", name=f"S{number}"))
    with count_queries() as three:
        client.get(address)
    assert len(three) == len(one) <= 12  # one is for the prices of proposals


def test_the_customer_sees_its_own_and_only_its_admins_the_way_to_people(world: World, sku: Sku, web: Any) -> None:
    report(world, sku)
    for who, leads in (("customer.admin", True), ("customer.reader", False)):
        page = web(who).get("/usage/")
        assert "87% · Within limit" in text_of(page)
        assert ("/usage/licences/" in page.content.decode()) == leads
        assert "87 of 100 licences" in text_of(page)


def use(day: int, sku: int, assigned: int) -> PeriodUsage:
    return PeriodUsage(dt.date(2026, 1, day), sku, f"S{sku}", 100, assigned, 0, 0, 0, 0)


def test_a_service_that_did_not_report_is_a_gap_and_not_a_dip() -> None:
    moments = [dt.date(2026, 1, day) for day in range(1, 6)]
    uses = [use(1, 1, 10), use(1, 2, 5), use(2, 1, 10), use(3, 1, 11), use(3, 2, 5), use(4, 1, 12), use(4, 2, 5)]
    found = sum_usage_by_period([*uses, use(5, 1, 12)], moments, WEEK)
    assert [each and each.assigned for each in found] == [15, None, 16, 17, None]
    ended = sum_usage_by_period([*uses, use(5, 1, 12)], moments, dt.timedelta(days=1))  # long ago: it has ended
    assert ended[-1] and ended[-1].assigned == 12


@pytest.mark.promise("G-6")
def test_all_customers_in_sum_and_who_stands_out(world: World, web: Any, count_queries: Any) -> None:
    CustomerUsage.objects.filter(customer=world.customer).update(assigned=30, assigned_before=10)
    CustomerUsage.objects.filter(customer=world.customer2).update(assigned=5, assigned_before=9)
    CustomerUsage.objects.filter(customer=world.customer2).update(full_on=today() + dt.timedelta(days=40))
    client = web("partner.reader")
    with count_queries() as few:
        words = text_of(client.get("/usage/customers/"))
    rows = CustomerListing.objects.filter(viewer=world.partner)
    unused = sum(row.unused_seats for row in rows)
    assert f"Unused licences {unused}" in words and "+20" in words and "−4" in words
    assert "less than 28 days of history" in words and len(few) <= 15
    assert words.index("Biggest changes") < words.index("+20") < words.index("−4") < words.index("First to run out")


def cells_of(page: Any) -> list[list[str]]:
    """Return the cells of each row of the list of usage as a wide screen has them, after the customer's name."""
    body = page.content.decode().split('id="list"')[1].split("<tbody>")[1].split("</tbody>")[0]
    body = re.sub(r'<span class="narrow-only">.*?</span>', "", body)
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in body.split("<tr>")[1:]]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row[1:]] for row in rows]


@pytest.mark.promise("E-14")
def test_usage_by_customer_in_one_list(world: World, sku: Sku, web: Any, actor_for: Any) -> None:
    customer = connect(world.partner, "Listed SARL")
    for quantity, assigned in ((100, 90), (10, 13)):
        entitle(customer, Sku.objects.create(code=f"L{quantity}", service="L", name=f"L{quantity}"),
                quantity=quantity, assigned=assigned)  # fmt: skip
    CustomerUsage.objects.create(
        customer=customer, as_of=today(), updated_at=timezone.now(), purchased=110, assigned=103, overage=3,
        monthly_active=77, history_days=1, weeks=[-1] * 16,
    )  # fmt: skip
    client = web("partner.reader")
    page = client.get("/usage/customers/?q=listed")
    assert cells_of(page) == [["94%", "110", "103", "10", "77", "3"]]
    page = client.get("/usage/customers/?q=listed", headers={"HX-Request": "true"})
    assert cells_of(page) and "Biggest changes" not in page.content.decode()
    Connection.objects.filter(customer=customer).update(scopes=int(ALL & ~Scope.USAGE))
    assert cells_of(client.get("/usage/customers/?q=listed")) == [["94%", "110", "103", "10", "Not shared", "3"]]


def test_a_customer_that_leaves_while_the_page_is_made_is_left_out(world: World, web: Any, monkeypatch: Any) -> None:
    """Who moved is asked first, and who they are after it."""
    CustomerPace.objects.filter(viewer=world.partner).update(moved=7)
    asked = usage._fastest

    def leave(*given: Any) -> Any:
        found = asked(*given)
        assert {row.customer_id for row in found} == {world.customer.pk, world.customer2.pk}
        with tenancy.as_tenant(organization_id=world.customer.pk, person_id=world.person("customer.admin").pk):
            end_connection(actor=world.actor("customer.admin"), connection=world.connection("customer", "partner"))
        return found

    monkeypatch.setattr(usage, "_fastest", leave)
    page = web("partner.reader").get("/usage/customers/").content.decode()
    ranked = page.split('id="changed"')[1].split('id="list"')[0]
    assert world.customer2.name in ranked and world.customer.name not in ranked


@pytest.mark.promise("CC-14", "CC-24", "CC-32", "CC-36", "CC-37")
def test_the_api_has_months_and_days_and_no_people(world: World, sku: Sku, api: Any) -> None:
    report(world, sku, days=60)
    found = api("partner.reader").get(f"/api/v1/customers/{world.customer.public_id}/usage/").json()
    assert (found["purchased"], found["assigned"], found["available"]) == (100, 87, 13)
    assert len(found["days"]) == 60 and found["days"][0]["sku"] == "VLT"
    assert found["months"][-1]["previously_assigned"] == 84
    own = api("customer.reader").get("/api/v1/usage/")
    assert own.json()["days"] == found["days"]
    for who in ("partner.admin", "customer.admin", "distributor.admin"):
        for address in ("/api/v1/usage/", f"/api/v1/customers/{world.customer.public_id}/usage/"):
            assert canary("customer", "licence holders") not in api(who).get(address).content.decode()
    assert api("partner2.admin").get(f"/api/v1/customers/{world.customer.public_id}/usage/").status_code == 404
    assert api("partner.admin").get("/api/v1/usage/?limit=1").status_code == 400

"""The first page of everyone: its numbers, what it says to act on, and who sees whose data."""

import datetime as dt
import re
from html import unescape
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organization, ProgramMembership
from connections.actions import change_connection_sharing
from connections.models import Connection
from entitlements.models import Anomaly, CustomerListing, Sku
from entitlements.queries.customers import get_portfolio_totals
from partnerportal.lib.days import today
from partnerportal.lib.scopes import ALL, Scope
from tests.entitlements.test_views import LIST, connect, entitle, names_in, partner, sku, text_of
from tests.world import World

__all__ = ["partner", "sku"]


@pytest.mark.parametrize("who", ["partner", "distributor", "customer", "nobadge", "vendor", "publisher", "stranger"])
@pytest.mark.parametrize("role", ["admin", "reader"])
def test_everyone_has_an_overview(who: str, role: str, world: World, web: Any, count_queries: Any) -> None:
    client = web(f"{who}.{role}")
    with count_queries() as queries:  # this page writes the session, too
        client.get("/")
    of_newcomer = len(queries)
    client.post("/me/first-steps/dismiss/")
    client.get("/")
    with count_queries() as queries:
        page = client.get("/")
    assert len(queries) < of_newcomer <= len(queries) + 12  # each step of the checklist asks once
    assert page.status_code == 200 and world[who].name in text_of(page)
    # Of a partner one is for its own licences, and one for what it has asked; of a distributor four are for partners.
    # The vendor's work queue asks each of its eight sources once, and a publisher sees its offers and its products.
    # Of all customers there are four more: their months, what ends ahead, and the services and numbers of those named.
    assert len(queries) <= {"partner": 14, "distributor": 18, "publisher": 15, "vendor": 17}.get(who, 10)


def test_each_tab_counts_what_it_leads_to(partner: Organization, sku: Sku, web: Any) -> None:
    """Five different numbers, so that a mix-up shows."""
    many = [Organization.objects.get(name=name) for name in ("Ähren AG", "Beta KK", "delta")]
    for number, customer in enumerate(many):
        entitle(customer, sku, assigned=13 if number == 0 else 1, kind="trial" if number else "production",
                ends_on=timezone.now().date() + dt.timedelta(days=9))  # fmt: skip
    client = web("partner.admin")
    page = client.get(LIST).content.decode()
    tabs = re.findall(r'<a href="([^"]+)"[^>]*>[^<]+<span class="count">(\d+)</span>', page)
    assert len(tabs) == 5
    counts = {int(count): len(names_in(client.get(unescape(url)))) for url, count in tabs}
    assert len(counts) == 5 and all(count == shown for count, shown in counts.items())


def test_seats_of_one_sku_do_not_fill_in_for_another(world: World, sku: Sku, web: Any, api: Any) -> None:
    """A customer with an overage is over its licence, however many seats of other SKUs it does not use."""
    mixed, other = connect(world.partner, "Mixed SARL"), Sku.objects.create(code="OTH", service="Other", name="Other")
    before = get_portfolio_totals(world.actor("partner.admin"))
    entitle(mixed, sku, quantity=5, assigned=12)
    entitle(mixed, sku, quantity=4, assigned=0)  # of the same: these do
    entitle(mixed, other, quantity=100, assigned=10)
    client = web("partner.admin")
    assert names_in(client.get(f"{LIST}?over=true")) == ["Mixed SARL"]
    assert "22 / 109 +3" in text_of(client.get(LIST))
    overview = text_of(client.get("/"))
    assert "Mixed SARL Vault Pro +3" in overview
    page = text_of(client.get(f"{LIST}{mixed.public_id}/"))
    assert "licences assigned Vault Pro +3" in page and "Vault Pro 3 more licences assigned than purchased" in page
    after = get_portfolio_totals(world.actor("partner.admin"))
    assert (after.over - before.over, after.overage - before.overage, after.unused - before.unused) == (1, 3, 90)
    assert api("partner.admin").get(f"/api/v1/customers/{mixed.public_id}/").json()["overage"] == 3


def groups_of(page: Any) -> dict[str, tuple[int, list[str], str]]:
    """Return each group of customers that need attention: its number, the customers named, and the list of all."""
    found = {}
    for panel in page.content.decode().split('<section class="panel')[1:]:
        title = re.search(r"<h2>([^<(]+) \((\d+)\)</h2>", panel)
        if title:
            names = re.findall(r"<strong>([^<]+)</strong></a>", panel.split("</section>")[0])
            url = unescape(re.search(r'<a href="([^"]+)" class="button ghost', panel)[1])  # type: ignore[index]
            found[title[1]] = int(title[2]), [unescape(name) for name in names], url
    return found


def test_overview_of_a_partner_says_what_to_act_on(world: World, sku: Sku, web: Any) -> None:
    """For each reason the first customers, in the order of the list of all, and as many as that list has."""
    for number in range(5):
        entitle(connect(world.partner, f"Full {number}"), sku, quantity=5, assigned=7 + number)
        ends = {"ends_on": timezone.now().date() + dt.timedelta(days=number)}
        entitle(connect(world.partner, f"Ending {number}"), sku, quantity=5, assigned=1, **ends)
        entitle(connect(world.partner, f"Asking {number}"), sku, kind="trial", state="requested", quantity=3)
        falling = connect(world.partner, f"Falling {number}")
        CustomerListing.objects.filter(customer=falling).update(unusual=["falling"])
        numbers = {"value": 50 + number, "before": 90, "low": 80, "high": 95}
        Anomaly.objects.create(customer=falling, sku=sku, metric="assigned", found_on=today(), **numbers)
    client = web("partner.admin")
    page = client.get("/")
    groups = groups_of(page)
    assert set(groups) == {"Over limit", "Ending soon", "Falling usage", "Waiting for a trial"}
    for title, (count, named, url) in groups.items():
        listed = names_in(client.get(url))
        assert len(listed) == count >= 5, title
        if title != "Waiting for a trial":  # whose list has another order
            assert named == listed[:3], title
        assert len(named) == 3, title
    words = text_of(page)
    assert "Full 4 Vault Pro +6" in words
    assert "Ending 0 Vault Pro: 5 licences" in words and "Asking 0 Vault Pro: 3 licences" in words
    assert "Falling 0 Vault Pro: Licences assigned fell from 90 to 50 in 14 days" in words


def test_who_does_not_share_a_reason_is_not_named_for_it(world: World, sku: Sku, web: Any, actor_for: Any) -> None:
    """The unusual number is stored, but nobody else learns of it."""
    CustomerListing.objects.filter(customer=world.customer).update(unusual=["falling"])
    numbers = {"value": 50, "before": 90, "low": 80, "high": 95}
    Anomaly.objects.create(customer=world.customer, sku=sku, metric="assigned", found_on=today(), **numbers)
    assert "fell from 90 to 50" in text_of(web("partner.admin").get("/"))
    connection = world.connection("customer", "partner")
    change_connection_sharing(actor=actor_for("customer.admin"), connection=connection, scopes=ALL & ~Scope.USAGE)
    page = web("partner.admin").get("/")
    assert "fell from 90 to 50" not in text_of(page) and "Falling usage" not in groups_of(page)


def test_the_next_thirty_days_count_what_ends_on_each(world: World, sku: Sku, web: Any) -> None:
    customer = connect(world.partner, "Ending SARL")
    for ahead, number in ((0, 1), (30, 2), (31, 4)):
        for _each in range(number):
            entitle(customer, sku, ends_on=today() + dt.timedelta(days=ahead))
    client = web("partner.admin")
    days = re.findall(r'<a href="(/renewals/\?on=[^"]+)"[^>]+>\s*<b>(\d+)</b>', client.get("/").content.decode())
    counts = {url: int(count) for url, count in days}
    assert f"/renewals/?on={today() + dt.timedelta(days=31)}" not in counts
    assert f"/renewals/?on={today()}" in counts and counts[f"/renewals/?on={today() + dt.timedelta(days=30)}"] >= 2
    for url, count in counts.items():
        assert client.get(url).content.decode().count('class="cell-name"') == count, url


def test_overview_of_a_customer_says_who_sees_its_data(world: World, web: Any) -> None:
    words = text_of(web("customer.reader").get("/"))
    assert world.partner.name in words and world.lapsed.name in words and world.partner2.name not in words
    assert "No partner can see your data" in text_of(web("stranger.admin").get("/"))


def test_overview_of_a_new_partner_helps_to_begin(world: World, web: Any) -> None:
    ProgramMembership.objects.filter(organization=world.lapsed).update(ends_on=None)
    Connection.objects.filter(partner=world.lapsed).update(
        state="ended", ended_at=timezone.now(), ended_by=world.lapsed
    )
    words = text_of(web("lapsed.admin").get("/"))
    assert "Invite your first customer" in words and "second Admin" in words


def test_who_acts_for_nobody_creates_an_organisation(web: Any) -> None:
    assert web("nobody").get("/").url == reverse("organization_new")


def test_a_distributor_is_told_of_its_partners_customers(web: Any) -> None:
    assert "All customers connected to you, with their licences" in text_of(web("partner.admin").get(LIST))
    page = text_of(web("distributor.admin").get(LIST))
    assert "All customers of your partners, with their licences" in page and "connected to you" not in page

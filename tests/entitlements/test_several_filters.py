"""Filters of customers by several values and by ranges: the list, its file, its API, the dialog and the chips."""

import datetime as dt
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from accounts.models import SavedView
from entitlements.models import CustomerListing, Sku

pytestmark = pytest.mark.django_db
TODAY = timezone.now().date


@pytest.fixture
def two(world):
    """The partner's two customers, of which the second has other numbers."""
    rows = {row.customer_id: row for row in CustomerListing.objects.filter(viewer=world.partner)}
    first, second = rows[world.customer.pk], rows[world.customer2.pk]
    CustomerListing.objects.filter(pk=first.pk).update(country="DE", seats=10, assigned=9, next_expiry_on=TODAY())
    later = TODAY() + dt.timedelta(days=400)
    CustomerListing.objects.filter(pk=second.pk).update(country="FR", seats=100, assigned=20, next_expiry_on=later)
    old = timezone.now() - dt.timedelta(days=900)
    CustomerListing.objects.filter(pk=second.pk).update(connected_at=old)
    return {"first": world.customer.name, "second": world.customer2.name}


def shown(client, query, two):
    page = client.get(f"/customers/?{query}")
    assert page.status_code == 200
    names = set(re.findall(r'class="name">.*?<a[^>]*>(?:<strong>)?([^<]+)', page.content.decode(), re.S))
    return {key for key, name in two.items() if any(name in one for one in names)}


CASES = [
    ("country=DE", {"first"}),
    ("country=DE,FR", {"first", "second"}),
    ("country=FR,JP", {"second"}),
    ("country=XX,FR", {"first", "second"}),  # a value that is none narrows nothing
    ("seats_min=10", {"first", "second"}),
    ("seats_min=11", {"second"}),
    ("seats_max=10", {"first"}),
    ("seats_min=20&seats_max=99", set()),
    ("used_min=90", {"first"}),
    ("used_min=91", set()),
    ("used_max=20", {"second"}),
    ("used_max=19", set()),
    ("expires_from={tomorrow}", {"second"}),
    ("expires_from={today}&expires_to={today}", {"first"}),
    ("expires_to={yesterday}", set()),
    ("connected_since={last_year}", {"first"}),
    ("seats_min=many&expires_to=soon", {"first", "second"}),
    ("country=,&sku=,", {"first", "second"}),  # no value at all narrows nothing
    ("country=DE,,DE", {"first"}),
    ("used_min=1e-20000&seats_min=1e40&used_max=NaN", {"first", "second"}),
]


@pytest.mark.parametrize(("query", "expected"), CASES)
def test_list_file_and_api_keep_the_same(query, expected, world, web, two):
    days = {"today": 0, "tomorrow": 1, "yesterday": -1, "last_year": -365}
    query = query.format(**{name: TODAY() + dt.timedelta(days=number) for name, number in days.items()})
    client = web("partner.admin")
    assert shown(client, query, two) == expected
    file = client.post("/exports/new/", {"list": "customers", "query": query})
    content = b"".join(file.streaming_content) if file.streaming else file.content
    assert {key for key, name in two.items() if name in content.decode()} == expected
    if "XX" in query or "many" in query or "NaN" in query:
        assert client.get(f"/api/v1/customers/?{query}").status_code == 400  # the API says what is wrong
        return
    answer = client.get(f"/api/v1/customers/?{query}").json()
    assert {key for key, name in two.items() if name in str(answer)} == expected


def test_who_shares_no_licences_is_in_no_range(world, web, two):
    CustomerListing.objects.filter(viewer=world.partner, customer=world.customer).update(scopes=1, seats=0, assigned=0)
    client = web("partner.admin")
    assert shown(client, "seats_max=1000", two) == {"second"}
    assert shown(client, "used_max=1000", two) == {"second"}


def test_one_of_several_services_is_enough(world, web, two):
    rows = CustomerListing.objects.filter(viewer=world.partner)
    codes = {
        key: Sku.objects.get(pk=rows.get(customer=customer).skus[0]).code
        for key, customer in (("first", world.customer), ("second", world.customer2))
    }
    client = web("partner.admin")
    assert shown(client, f"sku={codes['first']}", two) == {"first"}
    assert shown(client, f"sku={codes['first']},{codes['second']}", two) == {"first", "second"}


def test_the_dialog_leads_to_the_list_that_it_narrows(world, web, two):
    client = web("partner.admin")
    query = "q=a&sort=-seats&country=DE&cursor=x&seats_max=9"
    page = client.get(f"/lists/customers/filters/?{query}")
    assert 'value="9"' in page.content.decode()
    assert re.search(r'value="DE"[^>]*checked', page.content.decode())
    entered = {"query": query, "country": ["DE", "FR"], "seats_min": "5", "expires_from": "2027-01-31"}
    answer = client.post("/lists/customers/filters/", entered)
    parts = urlsplit(answer["Location"])
    assert parts.path == "/customers/"
    assert parse_qs(parts.query) == {
        "q": ["a"],
        "sort": ["-seats"],
        "country": ["DE,FR"],
        "seats_min": ["5"],
        "expires_from": ["2027-01-31"],
    }


def test_a_number_below_zero_is_refused(web, two):
    page = web("partner.admin").post("/lists/customers/filters/", {"query": "", "seats_min": "-1"})
    assert page.status_code == 200


def test_chips_say_what_narrows_the_list_and_lead_out_of_it(web, two):
    query = "country=DE,FR&seats_min=5&used_min=10&used_max=95&q=a"
    page = web("partner.admin").get(f"/customers/?{query}").content.decode()
    chips = re.findall(r'<li class="chip">.*?</li>', page, re.S)
    words = [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", chip)).strip() for chip in chips]
    assert words == ["Country Germany, France", "Licences purchased ≥ 5", "Licences assigned (%) 10% – 95%"]
    out = [re.search(r'class="chip-end" href="([^"]+)"', chip)[1].replace("&amp;", "&") for chip in chips]
    assert [sorted(parse_qs(urlsplit(url).query)) for url in out] == [
        ["q", "seats_min", "used_max", "used_min"],
        ["country", "q", "used_max", "used_min"],
        ["country", "q", "seats_min"],
    ]
    assert '<input type="hidden" name="seats_min" value="5">' in page  # the other fields keep it
    assert '<option value="DE,FR" selected>2 selected</option>' in page


def test_a_view_keeps_several_values_and_ranges(web, two):
    client = web("partner.admin")
    client.post("/lists/customers/views/new/", {"name": "Ours", "query": "country=DE,FR&seats_min=11"})
    assert SavedView.objects.get(name="Ours").query == {"country": "DE,FR", "seats_min": "11"}
    client.post("/lists/customers/views/new/", {"name": "Both", "query": "country=DE,FR"})
    tab = re.search(r"<a[^>]*>\s*Both\b.*?</a>", client.get("/customers/").content.decode(), re.S)[0]
    assert "<span" not in tab  # how many there are in several countries no stored figure tells


def test_the_list_of_usage_keeps_what_it_has_no_field_for(web, two):
    page = web("partner.admin").get("/usage/customers/?expires_within=30&level=production&q=a").content.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    assert hidden.items() >= {"expires_within": "30", "level": "production"}.items()


def test_the_vendor_has_no_range_of_connections(web):
    page = web("vendor.admin").get("/lists/all_customers/filters/").content.decode()
    assert "seats_min" in page and "connected_since" not in page
    assert web("publisher.admin").get("/lists/products/filters/").status_code == 404


@pytest.mark.parametrize(
    ("who", "path", "name"),
    [("partner.admin", "/renewals/", "owner"), ("vendor.admin", "/requests/queue/", "assignee")],
)
def test_whoever_acts_for_another_organisation_is_not_named_by_a_filter(who, path, name, world, web):
    stranger = world.operator("stranger.admin")
    assert web(who).get(path).context["list"].page.rows
    for value in (stranger.public_id, f"{stranger.public_id},none"):
        page = web(who).get(path, {name: value})
        assert page.status_code == 200 and str(stranger.person) not in page.content.decode()
        assert bool(page.context["list"].page.rows) is (value != stranger.public_id)

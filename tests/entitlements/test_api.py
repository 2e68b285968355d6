"""Customers by the API: whose, which, and how much a look costs."""

import datetime as dt

import pytest
from django.utils import timezone

from entitlements.models import CustomerListing, CustomerUsage, Entitlement
from tests.world import canary

URL = "/api/v1/customers/"


def codes(response):
    return [(error["code"], error["attr"]) for error in response.json()["errors"]]


def names(response):
    return [item["name"] for item in response.json()["items"]]


def of(world, name, path=""):
    return f"{URL}{world[name].public_id}/{path}"


@pytest.mark.promise("CC-7", "CC-10", "E-7")
@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("partner.admin", ["customer", "customer2"]),
        ("partner.reader", ["customer", "customer2"]),
        ("partner2.admin", ["customer2"]),
        ("distributor.reader", ["customer", "customer2"]),
        ("distributor2.admin", ["customer2"]),
    ],
)
def test_who_sees_which_customers(api, world, who, seen):
    client = api(who)
    assert names(client.get(URL)) == [world[name].name for name in seen]
    for name in ("customer", "customer2", "ended", "stranger", "partner", "publisher"):
        for path in ("", "entitlements/"):
            assert client.get(of(world, name, path)).status_code == (200 if name in seen else 404), (name, path)
        kept_back = name == "customer2" and who.partition(".")[0] in ("partner2", "distributor2")
        refused = kept_back or who.endswith(".reader")  # a Reader has no finance sight (E-13)
        orders = client.get(of(world, name, "orders/"))
        assert orders.status_code == (403 if refused else 200 if name in seen else 404), name


@pytest.mark.promise("CC-5", "CC-8")
@pytest.mark.parametrize("who", ["lapsed.admin", "nobadge.admin", "customer.admin", "vendor.admin", "publisher.admin"])
@pytest.mark.parametrize("path", ["", "entitlements/", "orders/"])
def test_no_badge_no_customers(api, world, who, path):
    for url in (URL, of(world, "customer", path)):
        response = api(who).get(url)
        is_partner = who in ("lapsed.admin", "nobadge.admin")  # no badge would help the others
        expected = (403, "no_badge") if is_partner else (404, "not_found")
        assert (response.status_code, codes(response)[0][0]) == expected


@pytest.mark.promise("CC-26")
def test_a_customer_in_full(api, world):
    item = api("partner.admin").get(of(world, "customer")).json()
    listing = CustomerListing.objects.get(viewer=world.partner, customer=world.customer)
    assert item == {
        "id": str(world.customer.public_id),
        "org_id": world.customer.org_id,
        "name": world.customer.name,
        "country": "DE",
        "website": world.customer.website,
        "type": "customer",
        "status": "active",
        "created_at": listing.created_at.isoformat().replace("+00:00", "Z"),
        "level": "production",
        "services": 2,
        "trials": 1,
        "seats": 10,
        "assigned": 0,
        "overage": 0,
        "trial_seats": 11,
        "trial_assigned": 1,
        "expires_on": str(
            Entitlement.objects.filter(customer=world.customer, state="active").earliest("ends_on").ends_on
        ),
        "connected_at": listing.connected_at.isoformat().replace("+00:00", "Z"),
        "unusual_use": [],
        "usage_as_of": CustomerUsage.objects.get(customer=world.customer).as_of.isoformat(),
        "shared": ["account", "entitlements", "usage", "orders", "notifications"],
        "tenant_id": str(world.customer.tenant_id),
        "street": world.customer.street,
        "postal_code": "10115",
        "city": world.customer.city,
        "phone": world.customer.phone,
        "contact_email": world.customer.contact_email,
    }


@pytest.mark.promise("CC-13", "CC-28", "CC-47")
def test_entitlements_say_where_they_belong(api, world):
    items = api("partner.admin").get(of(world, "customer", "entitlements/")).json()["items"]
    assert [(i["kind"], i["state"], i["section"]) for i in items] == [
        ("production", "active", "active"),
        ("trial", "active", "active_trials"),
        ("trial", "requested", "pending_trials"),
        ("trial", "expired", "expired_trials"),
        ("production", "cancelled", "past"),
    ]
    word = canary("customer", "skus")
    assert items[0]["sku"] == {"code": word, "service": f"Service {word}", "name": f"Plan {word}", "kind": "product"}
    assert (items[0]["quantity"], items[1]["assigned"]) == (10, 1)


@pytest.mark.parametrize(
    ("query", "count"), [({"kind": "trial"}, 3), ({"state": "active"}, 2), ({"kind": "trial", "state": "active"}, 1)]
)
def test_entitlements_narrowed(api, world, query, count):
    answer = api("partner.admin").get(of(world, "customer", "entitlements/"), query).json()
    assert answer["totalCount"] == len(answer["items"]) == count


@pytest.mark.promise("CC-27")
def test_orders_with_their_lines(api, world):
    [order] = api("partner.admin").get(of(world, "customer", "orders/")).json()["items"]
    word, number = canary("customer", "skus"), f"PO-{canary('customer', 'orders')}"
    assert (order["number"], order["currency"], order["total"], order["state"]) == (
        number,
        "EUR",
        "99.00",
        "fulfilled",
    )
    line = {"position": 1, "sku": word, "name": f"Plan {word}", "quantity": 10, "unit_price": "9.90"}
    assert order["lines"] == [line]


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ({"q": "CÜSTOMER2".lower()}, ["customer2"]),
        ({"q": "ｃｕｓｔｏｍｅｒ２"}, ["customer2"]),
        ({"q": "%"}, []),
        ({"sku": canary("customer", "skus")}, ["customer"]),
        ({"sku": canary("stranger", "skus")}, []),
        ({"country": "DE"}, ["customer", "customer2"]),
        ({"country": "FR"}, []),
        ({"expires_within": "30"}, ["customer", "customer2"]),
        ({"trials": "true"}, ["customer", "customer2"]),
        ({"trials": "false"}, []),
        ({"sort": "-name"}, ["customer2", "customer"]),
        ({"sort": "-connected_at"}, ["customer2", "customer"]),
    ],
)
def test_filters_and_order(api, world, query, seen):
    assert names(api("partner.admin").get(URL, query)) == [world[name].name for name in seen]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"country": "Germany"}, ("invalid_choice", "country")),
        ({"expires_within": "31"}, ("invalid_choice", "expires_within")),
        ({"trials": "maybe"}, ("invalid", "trials")),
        ({"q": "a\0"}, ("null_characters_not_allowed", "q")),
        ({"q": "a" * 201}, ("max_length", "q")),
        ({"sort": "viewer_id"}, ("invalid_sort", "sort")),
        ({"sort": "--name"}, ("invalid_sort", "sort")),
        ({"sort": ""}, ("invalid_sort", "sort")),
        ({"viewer": "1"}, ("unknown_parameter", "viewer")),
    ],
)
def test_bad_filters_are_refused(api, query, code):
    response = api("partner.admin").get(URL, query)
    assert (response.status_code, codes(response)) == (400, [code])


@pytest.mark.parametrize("sort", ["name", "country", "services", "seats", "assigned", "expires_on", "connected_at"])
def test_every_column_sorts_and_pages(api, sort):
    client = api("partner.admin")
    for name in (sort, f"-{sort}"):
        whole = names(client.get(URL, {"sort": name}))
        first = client.get(URL, {"sort": name, "limit": 1})
        assert names(first) + names(client.get(first.json()["links"]["next"])) == whole


def test_the_cost_of_a_look(api, world, count_queries):
    """Session, tenant, actor, and one for what is asked, with the count, at 1 row and at 2. All customers are counted
    already: a figure, which is one more."""
    goods = [of(world, "customer2", path) for path in ("", "entitlements/")]
    for who in ("partner2.admin", "partner.admin"):
        client = api(who)
        client.get(URL)
        for path in [URL, *goods]:
            with count_queries() as queries:
                client.get(path)
            assert len(queries) == 4 + (path == URL), (path, queries.statements)


RENEWALS = "/api/v1/renewals/"


def of_whom(response):
    return {item["customer"]["org_id"] for item in response.json()["items"]}


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("partner.reader", ["customer", "customer2"]),
        ("distributor2.admin", ["customer2"]),
        ("customer.reader", ["customer"]),
        ("lapsed.admin", ["lapsed"]),
        ("vendor.admin", []),
    ],
)
def test_renewals_of_customers_or_ones_own(api, world, who, seen):
    response = api(who).get(RENEWALS)
    assert of_whom(response) == {world[name].org_id for name in seen}
    assert response.json()["totalCount"] == 2 * len(seen)


def test_a_renewal_in_full(api, world):
    item = api("customer.admin").get(RENEWALS).json()["items"][0]
    entitlement = Entitlement.objects.get(public_id=item["id"])
    assert item["ends_on"] == str(entitlement.ends_on) and item["sku"]["code"] == entitlement.sku.code
    assert item["customer"] == {
        "id": str(world.customer.public_id), "org_id": world.customer.org_id, "name": world.customer.name,
        "country": "DE",
    }  # fmt: skip


def test_renewals_narrowed(api, world):
    """As on the page: soonest first, from today, ninety days ahead at most."""
    today = timezone.now().date()
    ends = {"production": 0, "trial": 60}
    for kind, days in ends.items():
        rows = Entitlement.objects.filter(customer=world.customer, kind=kind, state="active")
        rows.update(ends_on=today + dt.timedelta(days=days))
    client = api("customer.reader")

    def kinds(query):
        return [item["kind"] for item in client.get(RENEWALS + query).json()["items"]]

    assert kinds("") == kinds("?within=60") == kinds("?within=90") == ["production", "trial"]
    assert kinds("?within=7") == ["production"]
    assert kinds(f"?on={today + dt.timedelta(days=60)}&within=7") == ["trial"]
    Entitlement.objects.filter(customer=world.customer, kind="trial").update(ends_on=today + dt.timedelta(days=91))
    Entitlement.objects.filter(customer=world.customer, kind="production").update(ends_on=today - dt.timedelta(days=1))
    assert kinds("") == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("within=8", ("invalid_choice", "within")),
        ("within=week", ("invalid_choice", "within")),
        ("on=tomorrow", ("invalid", "on")),
        ("on=12/31/2026", ("invalid", "on")),
        ("on=2026-02-30", ("invalid", "on")),
        ("show=calendar", ("unknown_parameter", "show")),
    ],
)
def test_bad_filters_of_renewals_are_refused(api, query, code):
    response = api("partner.admin").get(f"{RENEWALS}?{query}")
    assert (response.status_code, codes(response)) == (400, [code])


def test_the_cost_of_a_look_at_renewals(api, count_queries):
    client = api("partner.admin")
    client.get(RENEWALS)
    with count_queries() as many:
        client.get(RENEWALS)
    with count_queries() as one:
        client.get(f"{RENEWALS}?limit=1")
    assert len(many) == len(one) <= 5

"""The pages and the API of trials: who sees what, what nonsense is answered, and what a page costs."""

import csv
import datetime as dt
import html
import io
import re

import pytest
from django.contrib.messages import get_messages
from django.utils import timezone

from entitlements.models import Entitlement, Sku
from entitlements.models.entitlement import REQUESTED_HERE
from partnerportal.lib import formats
from partnerportal.lib.days import today
from tests.world import SKU_OF_NOBODY, canary


@pytest.fixture
def waiting(world):
    return Entitlement.objects.get(customer=world.customer, kind="trial", state="requested")


def test_the_vendor_sees_who_asks_and_what_they_have(web, world):
    page = web("vendor.reader").get("/trials/").content.decode()
    for shown in (world.customer.name, world.customer.org_id, "Germany", f"Plan {canary('customer', 'skus')}"):
        assert shown in page
    assert "Only Admins can do this." in page
    assert "/approve/" not in page
    assert canary("customer", "licence holders") not in page
    assert canary("customer", "details") not in page


@pytest.mark.promise("G-26")
def test_a_request_is_decided_in_its_row_and_says_how_long_it_waits(web, world, waiting):
    Entitlement.objects.filter(pk=waiting.pk).update(updated_at=timezone.now() - dt.timedelta(days=3))
    client = web("vendor.admin")
    page = client.get(f"/trials/?q={world.customer.org_id}").content.decode()
    decisions = re.search(r'<span class="decisions">(.*?)</a></span>', page, re.S)[1]
    assert re.findall(r'href="/trials/[^/]+/(\w+)/', decisions) == ["approve", "decline"]
    assert "<small>3 days waiting</small>" in page
    Entitlement.objects.filter(pk=waiting.pk).update(updated_at=timezone.now() - dt.timedelta(days=4))
    assert '<small class="warn">4 days waiting</small>' in client.get("/trials/").content.decode()
    assert 'class="decisions"' not in client.get("/trials/?state=running").content.decode()
    assert 'class="decisions"' not in web("vendor.reader").get("/trials/").content.decode()
    assert f'href="/organizations/{world.customer.public_id}/"' in page


def test_a_customer_reads_who_has_asked_when_and_who_decides(web, world):
    sku = Sku.objects.create(code="ASKED", service="Asking", name="Asking Ware")
    web("customer.admin").post("/services/trial/", {"sku": sku.code, "quantity": "5"})
    name = world.person("customer.admin").name
    day = formats.format_date(timezone.now())
    own = web("customer.reader").get("/services/").content.decode()
    assert f"Requested on {day} by {name} · waiting for the vendor" in own
    page = web("partner.admin").get(f"/customers/{world.customer.public_id}/services/").content.decode()
    assert f"Requested on {day} · waiting for the vendor" in page and name not in page


def test_a_customer_reads_why_and_takes_back(web, world, waiting):
    client = web("customer.admin")
    assert f"/trials/{waiting.public_id}/cancel/" in client.get("/services/").content.decode()
    assert "/cancel/" not in web("customer.reader").get("/services/").content.decode()
    web("vendor.admin").post(f"/trials/{waiting.public_id}/decline/", {"reason": "Not in <your> country"})
    for page in (
        client.get("/services/"),
        web("partner.reader").get(f"/customers/{world.customer.public_id}/services/"),
    ):
        assert "Not in &lt;your&gt; country" in page.content.decode()


def test_a_request_that_is_taken_back_is_no_trial_that_was_cancelled(web, world, waiting):
    name, client = waiting.sku.name, web("customer.admin")
    ran = Entitlement.objects.create(customer=world.customer, sku=Sku.objects.create(code="ran", name="Ran"),
                                     kind="trial", state="active", quantity=1, starts_on=today())  # fmt: skip
    Entitlement.objects.filter(pk=waiting.pk).update(external_id=f"{REQUESTED_HERE}1", quantity=1)
    page = web("vendor.admin").get(f"/trials/{waiting.public_id}/approve/").content.decode()
    assert "(UTC), with 1 licence." in page
    for trial, said in (
        (waiting, f"The request for a trial of {name} was cancelled."),
        (ran, "The trial of Ran was cancelled."),
    ):
        answer = client.post(f"/trials/{trial.public_id}/cancel/")
        assert str(list(get_messages(answer.wsgi_request))[-1]) == said


NONSENSE = (
    {},
    {"sku": "nothing", "quantity": "5"},
    {"sku": SKU_OF_NOBODY, "quantity": "0"},
    {"sku": SKU_OF_NOBODY, "quantity": "9" * 40},
    {"sku": "\0", "quantity": "\0"},
)


@pytest.mark.parametrize("data", NONSENSE)
def test_a_request_with_nonsense_is_shown_again(web, data):
    before = Entitlement.objects.count()
    assert web("customer.admin").post("/services/trial/", data).status_code == 200
    assert Entitlement.objects.count() == before


@pytest.mark.parametrize(("action", "data"), [("decline", {"reason": " "}), ("decline", {"reason": "x" * 401}),
                                            ("decline", {"reason": "\0"})])  # fmt: skip
def test_a_decision_with_nonsense_is_shown_again(web, waiting, action, data):
    assert web("vendor.admin").post(f"/trials/{waiting.public_id}/{action}/", data).status_code == 200
    waiting.refresh_from_db()
    assert waiting.state == "requested"


def test_what_has_gone_on_meanwhile_is_told(web, waiting):
    client = web("vendor.admin")
    assert client.post(f"/trials/{waiting.public_id}/approve/").status_code == 302
    assert client.post(f"/trials/{waiting.public_id}/approve/").status_code == 409
    assert client.get(f"/trials/{waiting.public_id}/decline/").status_code == 409
    assert client.post(f"/trials/{waiting.public_id}/extend/", {"ends_on": "2001-01-01"}).status_code == 200


def test_whoever_decides_too_late_is_led_back_to_the_list(web, waiting):
    client, path = web("vendor.admin"), f"/trials/{waiting.public_id}/decline/"
    client.post(path, {"reason": "No"})
    for response in (
        client.get(f"{path}?next=/trials/%3Fq%3Dnorth"),
        client.post(path, {"reason": "Later", "next": "/trials/?q=north"}),
    ):
        page = response.content.decode().split("<main")[1]
        assert response.status_code == 409 and 'href="/trials/?q=north"' in page and "Back to home" not in page
    for elsewhere in ("", "?next=//elsewhere.example", "?next=https://elsewhere.example/"):
        page = client.get(f"{path}{elsewhere}").content.decode().split("<main")[1]
        assert "Back to home" in page and "elsewhere.example" not in page


@pytest.mark.parametrize("query", ["state=x", "state=running", "state=ended", "cursor=%00", "state=running&cursor=x"])
def test_nonsense_in_the_address_falls_back(web, query):
    assert web("vendor.admin").get(f"/trials/?{query}").status_code == 200


def test_queries_do_not_grow_with_rows(world, web, count_queries):
    client = web("vendor.admin")
    Entitlement.objects.filter(state="requested").exclude(customer=world.customer).delete()
    client.get("/trials/")
    with count_queries() as one:
        client.get("/trials/")
    for name in ("customer2", "stranger"):
        sku = Sku.objects.create(code=name, service="S", name=name)
        Entitlement.objects.create(
            customer=world[name], sku=sku, external_id=f"trial-{name}", kind="trial", state="requested", quantity=1
        )
    with count_queries() as three:
        client.get("/trials/")
    assert len(three) == len(one)


def test_the_api_from_request_to_production(api, world):
    customer, vendor = api("customer.admin"), api("vendor.admin")
    made = customer.post("/api/v1/trials/", {"sku": SKU_OF_NOBODY})
    assert made.status_code == 201
    trial = made.json()
    assert (trial["state"], trial["quantity"], trial["section"]) == ("requested", 10, "pending_trials")
    assert made["Location"].endswith(f"/api/v1/trials/{trial['id']}/")
    again = customer.post("/api/v1/trials/", {"sku": SKU_OF_NOBODY})
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "already_requested")
    address = f"/api/v1/trials/{trial['id']}/"
    assert customer.get("/api/v1/trials/?state=requested").json()["totalCount"] == 2
    assert vendor.post(f"{address}approve/", {}).json()["state"] == "active"
    assert vendor.post(f"{address}extend/", {"ends_on": "2001-01-01"}).status_code == 409
    Entitlement.objects.filter(customer=world.customer, kind="trial").exclude(public_id=trial["id"]).delete()
    done = vendor.post(f"{address}convert/", {"quantity": 40, "ends_on": None})
    assert (done.status_code, done.json()["kind"], done.json()["quantity"]) == (200, "production", 40)
    assert vendor.get(address).status_code == 404


def test_the_time_of_a_trial_is_the_settings(web, world, settings):
    settings.PORTAL_TRIAL_TIME = dt.timedelta(days=30)
    assert "An approved trial runs for 30 days." in web("customer.admin").get("/services/trial/").content.decode()


@pytest.mark.parametrize("ends_on", [None, dt.date.max])
def test_what_has_no_later_end_is_not_extended(web, waiting, ends_on):
    """A feed says "no end", or the last day of all."""
    Entitlement.objects.filter(pk=waiting.pk).update(state="active", ends_on=ends_on)
    client, path = web("vendor.admin"), f"/trials/{waiting.public_id}/extend/"
    assert path not in client.get("/trials/?state=running").content.decode()
    assert client.get(path).status_code == 409
    assert client.post(path, {"ends_on": "2030-01-01"}).status_code == 409
    answer = client.post(f"/api/v1{path}", {"ends_on": "2030-01-01"}, content_type="application/json")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "no_later_end")


def test_trials_that_run_are_listed_by_the_day_they_end(web, world):
    """Those without an end come last, over the border of a page too, and the file has the same order."""
    Entitlement.objects.filter(kind="trial", state="active").delete()
    ends = [None, None, dt.date.max, *(today() + dt.timedelta(days=day) for day in range(30, 5, -1))]
    for number, ends_on in enumerate(ends):
        sku = Sku.objects.create(code=f"RUN-{number}", service="S", name=f"Ware {number:02}")
        Entitlement.objects.create(
            customer=world.customer, sku=sku, external_id=f"run-{number}", kind="trial", state="active", quantity=1,
            starts_on=today(), ends_on=ends_on,
        )  # fmt: skip
    order = [f"Ware {number:02}" for number in [*range(27, 2, -1), 0, 1, 2]]
    address, listed, client = "/trials/?state=running&size=25", [], web("vendor.reader")
    while address:
        page = client.get(address).content.decode()
        listed += re.findall(r'<strong title="(Ware \d\d)">', page)
        following = re.search(r'href="([^"]*cursor=[^"]*)"[^>]*rel="next"|rel="next"[^>]*href="([^"]*)"', page)
        address = html.unescape(following[1] or following[2]) if following else ""
    assert listed == order
    file = client.post("/exports/new/", {"list": "trials", "query": "state=running"})
    rows = csv.DictReader(io.StringIO(file.content.decode("utf-8-sig")))
    assert [row["sku_name"] for row in rows] == order

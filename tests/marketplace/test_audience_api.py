"""The audience of an offer by API: read, replaced all or nothing, and synced against what was seen."""

import re
import uuid

import pytest

from accounts.models import Organization
from marketplace.actions.audience import remove_from_audience, sync_audience
from marketplace.models import Offer
from tests.exports.test_views import table
from tests.world_offers import sell


@pytest.fixture
def offer(world):
    return Offer.objects.get(code="monitor")  # specific: the distributor; a saved addition: the partner


def url(offer, page=""):
    return f"/api/v1/offers/{offer.public_id}/audience/{page}"


def put(client, offer, tag="*", **body):
    return client.put(url(offer), body, headers={"If-Match": tag})


@pytest.mark.parametrize(
    ("body", "attr", "kind"),
    [
        ({"audience": "none"}, "audience", "none"),
        ({"audience": "specific", "tenant_ids": []}, "tenant_ids", "deauthorize"),
    ],
)
def test_what_needs_a_request_names_the_field_and_where_it_begins(api, offer, body, attr, kind):
    (error,) = put(api("publisher.admin"), offer, **body).json()["errors"]
    begins = f"http://testserver/requests/new/audience.{kind}/{offer.public_id}/"
    assert (error["code"], error["attr"], error["url"].partition("?")[0]) == ("request_needed", attr, begins)


def test_the_request_that_it_needs_names_the_partners_that_would_leave(api, web, world, offer):
    sync_audience(actor=world.actor("publisher.admin"), offer=offer, revision=offer.audience_revision)
    kept = {"audience": "specific", "tenant_ids": [str(world.partner.tenant_id)]}
    (error,) = put(api("publisher.admin"), offer, **kept).json()["errors"]
    page = web("publisher.admin").post(error["url"], {}, follow=True).content.decode()
    boxes = re.findall(r"<input[^>]*name=\"partners\"[^>]*>", page)
    assert [("checked" in box, str(world.distributor.public_id) in box) for box in boxes] == [(True, True)]
    assert f"partner={world.distributor.public_id}" in web("publisher.admin").get(error["url"]).content.decode()
    other = error["url"].partition("?")[0] + f"?partner={world.customer.public_id}&partner=x"
    page = web("publisher.admin").post(other, {}, follow=True).content.decode()
    assert world.customer.name not in page  # who is not in the audience is not named


def code(answer):
    return answer.json()["errors"][0]["code"]


def test_it_says_what_is_in_force_and_what_is_saved(api, world, offer):
    answer = api("publisher.reader").get(url(offer))
    assert answer["ETag"] == f'"{offer.audience_revision}"'
    assert answer.json() == {
        "in_force": "specific",
        "saved": "specific",
        "partners": 2,
        "covered_partners": 1,
        "partners_with_sales": 0,
        "to_add": 1,
        "to_remove": 0,
    }
    members = api("publisher.reader").get(url(offer, "partners/")).json()["items"]
    assert [(row["tenant_id"], row["market"], row["change"]) for row in members] == [
        (str(world.distributor.tenant_id), "europe", None),
        (str(world.partner.tenant_id), "europe", "add"),
    ]


def test_a_replacement_is_saved_whole(api, world, offer):
    client = api("publisher.admin")
    tag = client.get(url(offer))["ETag"]
    answer = put(client, offer, tag, audience="specific", tenant_ids=[str(world.distributor.tenant_id)])
    assert (answer.status_code, answer.json()["to_add"]) == (200, 0)
    assert put(client, offer, tag, audience="specific").status_code == 412
    assert client.put(url(offer), {"audience": "specific"}).status_code == 428


def test_an_audience_of_tens_of_thousands_is_replaced_by_one_request(api, world, offer):
    known = str(world.distributor.tenant_id)
    client = api("publisher.admin")
    answer = put(client, offer, audience="specific", tenant_ids=[known, *(str(uuid.uuid4()) for _n in range(49_999))])
    assert (answer.status_code, code(answer)) == (400, "unknown_tenant_id")  # all were read
    answer = put(client, offer, audience="specific", tenant_ids=[known] * 50_001)
    assert (answer.status_code, code(answer)) == (400, "too_many_partners")
    assert "50,000" in answer.json()["errors"][0]["detail"]
    answer = put(client, offer, audience="specific", tenant_ids=[known] * 60_000)
    assert (answer.status_code, code(answer)) == (413, "too_large")
    assert put(client, offer, audience="specific", tenant_ids=[known] * 50_000).status_code == 200


def test_who_is_named_again_is_not_marked_for_removal_any_more(api, world, offer):
    actor = world.actor("publisher.admin")
    remove_from_audience(actor=actor, offer=offer, organization_ids=[world.distributor.pk])
    tenant_ids = [str(world.distributor.tenant_id), str(world.partner.tenant_id)]
    answer = put(api("publisher.admin"), offer, audience="specific", tenant_ids=tenant_ids).json()
    assert (answer["to_add"], answer["to_remove"]) == (1, 0)


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({"audience": "any"}, 409, "request_needed"),
        ({"audience": "none"}, 409, "request_needed"),
        ({"audience": "specific", "tenant_ids": []}, 409, "request_needed"),
        ({"audience": "specific", "tenant_ids": [str(uuid.uuid4())]}, 400, "unknown_tenant_id"),
        ({"audience": "specific", "tenant_ids": ["x"]}, 400, "invalid"),
        ({"audience": "some"}, 400, "invalid_choice"),
        ({}, 400, "required"),
    ],
)
def test_what_the_rules_refuse_changes_nothing(api, offer, body, status, expected):
    answer = put(api("publisher.admin"), offer, **body)
    assert (answer.status_code, code(answer)) == (status, expected)
    offer.refresh_from_db()
    assert (offer.audience, offer.private.next_audience, offer.audience_changes.count()) == ("specific", "specific", 1)


def test_who_has_left_the_programme_meanwhile_is_named(api, world):
    backup = Offer.objects.get(code="backup")
    Organization.objects.filter(pk=world.distributor.pk).update(state="suspended")
    tenant_ids = [str(world.distributor.tenant_id), str(world.partner.tenant_id)]
    answer = put(api("publisher.admin"), backup, audience="any", tenant_ids=tenant_ids)
    assert (answer.status_code, code(answer)) == (400, "not_in_program")
    assert world.distributor.name in answer.content.decode()
    assert not backup.audience_changes.exists()


def test_nobody_with_sales_is_taken_out(api, world, offer):
    sell(world, offer)
    answer = put(api("publisher.admin"), offer, audience="specific", tenant_ids=[])
    assert (answer.status_code, code(answer)) == (409, "partner_has_sales")
    assert code(put(api("publisher.admin"), offer, audience="none")) == "has_sales"


def test_a_sync_needs_what_was_seen(api, world, offer):
    client = api("publisher.admin")
    assert client.post(url(offer, "sync/"), {}).status_code == 428
    assert client.post(url(offer, "sync/"), {}, headers={"If-Match": '"x"'}).status_code == 412
    tag = client.get(url(offer))["ETag"]
    assert client.post(url(offer, "sync/"), {}, headers={"If-Match": tag}).json()["to_add"] == 0
    answer = client.post(url(offer, "sync/"), {}, headers={"If-Match": "*"})
    assert (answer.status_code, code(answer)) == (409, "nothing_to_sync")


@pytest.mark.parametrize("who", ["partner.admin", "customer.admin", "vendor.admin"])
@pytest.mark.parametrize("page", ["", "partners/"])
def test_no_other_kind_reads_it(api, offer, who, page):
    assert api(who).get(url(offer, page)).status_code == 404


@pytest.mark.promise("CA-18")
def test_the_export_has_one_row_for_each_organisation(api, world, offer):
    body = {"list": "audience", "filters": {"offer": str(offer.public_id)}}
    rows = table(api("publisher.reader").post("/api/v1/exports/", body, format="json"))
    assert list(rows[0]) == ["tenant_id", "partner_name", "partner_id", "country", "region", "authorized_since"]
    assert [(row["tenant_id"], row["country"], row["region"], bool(row["authorized_since"])) for row in rows] == [
        (str(world.distributor.tenant_id), "DE", "Europe", True),
        (str(world.partner.tenant_id), "DE", "Europe", False),
    ]

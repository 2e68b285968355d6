"""Notices by the API: the acting organisation's own, and nobody else's."""

import pytest

from notifications.models import Notice
from tests.world import SORTS, canary

URL = "/api/v1/notices/"


def codes(response):
    return [(error["code"], error["attr"]) for error in response.json()["errors"]]


def ids(response):
    return {item["id"] for item in response.json()["items"]}


def about(world, recipient, customer):
    return world.notices(recipient).filter(about_id=world[customer].pk).first()


def test_a_partner_sees_its_own_and_its_customers_notices(api, world):
    answer = api("partner.reader").get(URL)
    assert ids(answer) == {
        str(n.public_id) for n in world.notices("partner").exclude(about_id=world.ended.pk).filter(dismissed_at=None)
    }
    assert world.notices("partner").filter(about_id=world.ended.pk).exists()  # the row that could leak
    text = answer.content.decode()
    for stranger in ("stranger", "partner2", "publisher"):
        assert not any(canary(stranger, sort) in text for sort in SORTS)


def test_a_notice_as_it_is_shown(api, world):
    notice = about(world, "partner", "customer")
    item = api("partner.admin").get(f"{URL}{notice.public_id}/").json()
    assert (item["kind"], item["is_unread"], item["dismissed_at"]) == (notice.kind, True, None)
    assert item["customer"] == {"id": str(world.customer.public_id), "name": world.customer.name}
    assert item["subject"] and item["body"]
    assert item["url"].startswith("http://localhost:8000/customers/")


@pytest.mark.parametrize("who", ["partner2.admin", "customer.admin", "stranger.admin", "distributor.admin"])
def test_anothers_notice_is_absent(api, world, who):
    notice, client = about(world, "partner", "customer"), api(who)
    assert client.get(f"{URL}{notice.public_id}/").status_code == 404
    for action in ("read", "dismiss", "restore"):
        assert client.post(f"{URL}{notice.public_id}/{action}/").status_code == 404
    notice.refresh_from_db()
    assert notice.dismissed_at is None


def test_a_lapsed_partner_reads_no_customer_news(api, world):
    assert world.notices("lapsed").exclude(about_id=None).exists()
    items = api("lapsed.admin").get(URL).json()["items"]
    assert [i for i in items if i["customer"] and i["customer"]["id"] != str(world.lapsed.public_id)] == []


@pytest.mark.promise("CC-56", "CC-57", "CC-58")
def test_dismissing_hides_it_here_and_nowhere_else(api, world):
    """CC-56…CC-58."""
    mine, theirs = (
        Notice.objects.get(recipient_id=world[who].pk, about_id=world.customer.pk, kind="entitlement_added")
        for who in ("partner", "customer")
    )
    client = api("partner.admin_agent")
    dismissed = client.post(f"{URL}{mine.public_id}/dismiss/")
    assert (dismissed.status_code, bool(dismissed.json()["dismissed_at"])) == (200, True)
    assert str(mine.public_id) not in ids(client.get(URL))
    assert ids(client.get(URL, {"dismissed": "true"})) == {str(mine.public_id)}
    assert str(theirs.public_id) in ids(api("customer.admin").get(URL))
    restored = client.post(f"{URL}{mine.public_id}/restore/")
    assert (restored.status_code, restored.json()["dismissed_at"]) == (200, None)
    assert str(mine.public_id) in ids(client.get(URL))


@pytest.mark.parametrize("action", ["dismiss", "restore"])
def test_a_reader_dismisses_nothing_here_nor_on_the_page(api, web, world, action):
    notice = about(world, "partner", "customer").public_id
    response = api("partner.reader").post(f"{URL}{notice}/{action}/")
    assert (response.status_code, codes(response)) == (403, [("wrong_role", None)])
    page = web("partner.reader").post(f"/inbox/{notice}/{action}/")
    assert (page.status_code, page.context["code"]) == (403, "wrong_role")


def test_reading_is_personal(api, world):
    notice, client = about(world, "partner", "customer"), api("partner.reader")
    assert client.post(f"{URL}{notice.public_id}/read/").json()["is_unread"] is False
    assert str(notice.public_id) not in ids(client.get(URL, {"unread": "true"}))
    assert ids(client.get(URL, {"unread": "false"})) == {str(notice.public_id)}
    assert str(notice.public_id) in ids(api("partner.admin").get(URL, {"unread": "true"}))
    assert client.post(f"{URL}read-all/").status_code == 204
    assert client.get(URL, {"unread": "true"}).json()["totalCount"] == 0


@pytest.mark.promise("CC-55")
def test_narrowed_by_customer_and_kind(api, world):
    client = api("partner.admin")
    mine = client.get(URL, {"customer": world.customer.public_id})
    assert {item["customer"]["id"] for item in mine.json()["items"]} == {str(world.customer.public_id)}
    kinds = client.get(URL, {"kind": "customer_connected"}).json()
    assert {item["kind"] for item in kinds["items"]} == {"customer_connected"}
    assert client.get(URL, {"customer": world.stranger.public_id}).json()["totalCount"] == 0


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"customer": "acme"}, ("invalid", "customer")),
        ({"kind": "nonsense"}, ("invalid_choice", "kind")),
        ({"unread": "1"}, ("invalid", "unread")),
        ({"dismissed": "yes"}, ("invalid", "dismissed")),
        ({"sort": "at"}, ("unknown_parameter", "sort")),
    ],
)
def test_bad_filters_are_refused(api, query, code):
    response = api("partner.admin").get(URL, query)
    assert (response.status_code, codes(response)) == (400, [code])


def test_the_cost_of_a_look(api, world, count_queries):
    """One query beside session, tenant and actor, at 1 row and at many."""
    client, counts = api("partner.admin"), set()
    client.get(URL)
    for path in (f"{URL}?limit=1", URL, f"{URL}{about(world, 'partner', 'customer').public_id}/"):
        with count_queries() as queries:
            client.get(path)
        counts.add(len(queries))
    assert counts == {4}

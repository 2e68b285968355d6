"""Connections and the invitation link by the API: who sees them, who may change them, and with which answer."""

import pytest
from django.conf import settings

from connections.consent import get_all_shareable_scopes
from connections.models import Connection
from tests.world import READ

URL = "/api/v1/connections/"
LINK = "/api/v1/invitation-link/"


def codes(response):
    return [error["code"] for error in response.json()["errors"]]


def sides(response):
    return {(item["partner"]["name"], item["customer"]["name"], item["state"]) for item in response.json()["items"]}


def accept(client, link):
    return client.post(f"{URL}accept/", {"invitation_link": link, "scopes": get_all_shareable_scopes().codes})


def test_each_side_sees_its_own_connections(api, world):
    partner, customer, customer2, ended = (world[n].name for n in ("partner", "customer", "customer2", "ended"))
    assert sides(api("partner.reader").get(URL)) == {
        (partner, customer, "active"),
        (partner, customer2, "active"),
        (partner, ended, "ended"),
    }
    assert sides(api("ended.admin").get(URL)) == {(partner, ended, "ended")}
    for stranger in ("stranger", "publisher", "vendor", "distributor", "nobadge"):
        assert api(f"{stranger}.admin").get(URL).json()["items"] == []


@pytest.mark.parametrize(("state", "count"), [("active", 2), ("ended", 1)])
def test_active_or_ended(api, state, count):
    answer = api("partner.admin").get(URL, {"state": state}).json()
    assert {item["state"] for item in answer["items"]} == {state}
    assert answer["totalCount"] == count


def test_an_ended_connection_keeps_the_name_and_drops_the_id(api, world):
    [item] = api("partner.admin").get(URL, {"state": "ended"}).json()["items"]
    assert item["customer"] == {"id": None, "name": world.ended.name}
    assert item["ended_by"] == "customer"
    [item] = api("customer.admin").get(URL, {"limit": 1}).json()["items"]
    assert item["partner"]["id"]


def test_anothers_connection_is_absent(api, world):
    foreign = world.connection("customer2", "partner2").public_id
    for client in (api("partner.admin"), api("customer.admin"), api("distributor2.admin")):
        assert client.get(f"{URL}{foreign}/").status_code == 404
        assert client.post(f"{URL}{foreign}/end/").status_code == 404
    assert world.connection("customer2", "partner2").state == Connection.State.ACTIVE


@pytest.mark.promise("CC-10", "CC-11", "E-3")
def test_accepting_and_accepting_again(api, world):
    client = api("stranger.admin")
    link = f"{settings.PORTAL_ORIGIN}/i/{world.token('partner')}/"
    first = accept(client, link)
    assert first.status_code == 201
    assert client.get(first["Location"]).json() == first.json()
    assert (first.json()["partner"]["name"], first.json()["state"]) == (world.partner.name, "active")
    again = accept(client, world.token("partner"))
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    seen = api("partner.admin").get(f"/api/v1/customers/{world.stranger.public_id}/")
    assert seen.status_code == 200


@pytest.mark.parametrize(
    ("who", "link", "status", "code"),
    [
        ("stranger.reader", "partner", 403, "wrong_role"),
        ("vendor.admin", "partner", 404, "not_found"),
        ("nobody", "partner", 403, "no_organization"),
        ("partner.admin", "partner", 400, "own_link"),
        ("stranger.admin", "lapsed", 409, "partner_not_active"),
        ("stranger.admin", "nobadge", 409, "partner_not_active"),
        ("stranger.admin", "x" * 43, 404, "unknown_invitation"),
        ("stranger.admin", "https://elsewhere.example/i/" + "x" * 43, 400, "invalid_link"),
        ("stranger.admin", "not a link", 400, "invalid_link"),
    ],
)
def test_an_invitation_that_cannot_be_accepted(api, world, who, link, status, code):
    before = Connection.objects.count()
    response = accept(api(who), world.token(link) if link in ("partner", "lapsed", "nobadge") else link)
    assert (response.status_code, codes(response)) == (status, [code])
    assert Connection.objects.count() == before


@pytest.mark.promise("CC-18", "CC-29", "E-4")
@pytest.mark.parametrize(("who", "side"), [("partner.admin", "partner"), ("customer.admin", "customer")])
def test_either_side_ends_it_and_everything_is_gone_at_once(api, world, who, side):
    url = f"{URL}{world.connection('customer', 'partner').public_id}/"
    customer = f"/api/v1/customers/{world.customer.public_id}/"
    partner = api("partner.admin")
    assert partner.get(customer).status_code == 200
    ended = api(who).post(f"{url}end/")
    assert (ended.status_code, ended.json()["state"], ended.json()["ended_by"]) == (200, "ended", side)
    for path in ("", "entitlements/", "orders/"):
        assert partner.get(customer + path).status_code == 404
    about = {"customer": str(world.customer.public_id)}
    assert partner.get("/api/v1/notices/", about).json()["totalCount"] == 0
    again = api(who).post(f"{url}end/")
    assert (again.status_code, codes(again)) == (409, ["state_changed"])


@pytest.mark.promise("CV-22")
def test_a_reader_ends_nothing(api, world):
    url = f"{URL}{world.connection('customer', 'partner').public_id}/end/"
    for who in ("partner.reader", "customer.reader"):
        response = api(who).post(url)
        assert (response.status_code, codes(response)) == (403, ["wrong_role"])
    assert world.connection("customer", "partner").state == Connection.State.ACTIVE


def test_the_invitation_link(api, world):
    answer = api("partner.sales_agent").get(LINK).json()
    assert answer["url"] == f"{settings.PORTAL_ORIGIN}/i/{world.token('partner')}/"
    assert answer["accepted_count"] == 3


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("partner.reader", 403, "wrong_role"),
        ("lapsed.admin", 403, "no_badge"),
        ("nobadge.admin", 403, "no_badge"),
        ("distributor.admin", 404, "not_found"),
    ],
)
def test_who_gets_no_invitation_link(api, who, status, code):
    response = api(who).get(LINK)
    assert (response.status_code, codes(response)) == (status, [code])


@pytest.mark.parametrize("bad", ["none", "own", "ended", "reader"])
def test_the_page_and_the_api_refuse_with_the_same_code(api, web, world, bad):
    """One action behind both: the page shows the code that the API gives."""
    if bad in ("ended", "reader"):
        who, customer = {"ended": ("partner.admin", "ended"), "reader": ("partner.reader", "customer")}[bad]
        end = world.connection(customer, "partner").public_id
        page = web(who).post(f"/connections/{end}/end/")
        answer = api(who).post(f"{URL}{end}/end/")
    else:
        who = {"none": "stranger.admin", "own": "partner.admin"}[bad]
        token = world.token("lapsed" if bad == "none" else "partner")
        page = web(who).post(f"/i/{token}/accept/", {"organization": str(world.organization_of(who).public_id)} | READ)
        answer = accept(api(who), token)
    assert page.status_code == answer.status_code
    assert page.context["code"] == codes(answer)[0]


@pytest.mark.parametrize("path", ["", "00000000-0000-4000-8000-000000000000/"])
def test_the_cost_does_not_grow_with_the_rows(api, world, count_queries, path):
    counts = set()
    for who in ("ended.admin", "partner.admin"):  # 1 row, 3 rows
        client = api(who)
        client.get(URL)
        with count_queries() as queries:
            client.get(URL + path)
        counts.add(len(queries))
    assert counts == {4}

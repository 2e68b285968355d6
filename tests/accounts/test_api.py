"""Organisations the caller acts for, and the choice among them."""

import pytest

URL = "/api/v1/organizations/"


def names(response):
    return [(item["name"], item["roles"], item["is_current"]) for item in response.json()["items"]]


def test_the_organisations_of_one_person(api, world):
    client = api("many@partner")
    assert names(client.get(URL)) == [
        (world.customer.name, ["reader"], False),
        (world.distributor.name, ["admin"], False),
        (world.partner.name, ["admin"], True),
    ]


def test_an_organisation_as_it_is_shown(api, world):
    [item] = api("partner.admin").get(URL).json()["items"]
    badges = item.pop("badges")
    assert item == {
        "id": str(world.partner.public_id),
        "org_id": world.partner.org_id,
        "name": world.partner.name,
        "kind": "partner",
        "country": "DE",
        "roles": ["admin"],
        "is_current": True,
    }
    assert [badge["program"] for badge in badges] == ["csp", "service_provider"]
    assert all(set(badge) == {"program", "name", "since"} for badge in badges)


@pytest.mark.promise("CC-4")
def test_a_lapsed_badge_is_not_shown(api):
    [item] = api("lapsed.admin").get(URL).json()["items"]
    assert item["badges"] == []


def test_acting_for_another_lasts_for_the_session(api, world):
    client = api("many@partner")
    chosen = client.post(f"{URL}{world.distributor.public_id}/act-for/")
    assert (chosen.status_code, chosen.json()["name"], chosen.json()["is_current"]) == (
        200,
        world.distributor.name,
        True,
    )
    assert names(client.get(URL))[1] == (world.distributor.name, ["admin"], True)
    assert client.get("/api/v1/customers/").json()["totalCount"] == 2


def test_nobody_acts_for_an_organisation_that_is_not_theirs(api, world):
    client = api("many@partner")
    for name in ("partner2", "stranger", "vendor"):
        response = client.post(f"{URL}{world[name].public_id}/act-for/")
        assert (response.status_code, response.json()["errors"][0]["code"]) == (404, "not_found")
    assert names(client.get(URL))[2] == (world.partner.name, ["admin"], True)


def test_the_list_costs_no_query_of_its_own(api, count_queries):
    """Session, tenant, person with organisations."""
    for who in ("partner.admin", "many@partner"):
        client = api(who)
        client.get(URL)
        with count_queries() as queries:
            client.get(URL)
        assert len(queries) == 3

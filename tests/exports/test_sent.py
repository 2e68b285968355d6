"""Small exports: the page lists them with their filters, and they are written anew when they are asked for again."""

import re
from html import unescape
from typing import Any

import pytest
from django.db import DatabaseError

from accounts.models import Operator
from connections.actions import change_connection_sharing, end_connection
from exports import actions
from exports.models import Export
from notifications.models import Event
from partnerportal.lib.scopes import ALL, Scope
from tests.entitlements.test_views import connect, text_of
from tests.exports.test_views import NEW, table
from tests.world import World

pytestmark = pytest.mark.usefixtures("private_folder")


@pytest.fixture(autouse=True)
def nothing_before(world: World) -> None:
    Export.objects.all().delete()


AGAIN = re.compile(r'action="(/exports/[0-9a-f-]{36}/again/)"')


def again_in(client: Any) -> list[str]:
    """The addresses by which the listed exports can be had again."""
    return AGAIN.findall(client.get("/exports/").content.decode())


@pytest.mark.promise("CC-38")
def test_a_small_export_is_listed_with_its_list_filters_rows_and_size(world: World, web: Any) -> None:
    connect(world.partner, "Birch Mills", country="FR")
    client = web("partner.admin")
    answer = client.post(NEW, {"list": "customers", "query": "country=FR,JP&q=birch&sort=-name"})
    words = text_of(client.get("/exports/"))
    assert "Country: France, Japan" in words and "“birch”" in words
    assert "1 row 1 kB" in words and "Downloaded" in words and "Download again" in words
    html = client.get("/exports/").content.decode()
    [link] = re.findall(r'href="/customers/\?([^"]+)"', html)
    assert set(link.split("&amp;")) == {"country=FR%2CJP", "q=birch", "sort=-name"}
    sent = Export.objects.get(state="sent")
    assert (sent.rows, sent.rows_written, sent.size) == (1, 1, len(answer.content))


@pytest.mark.promise("CC-38")
def test_again_is_what_the_person_sees_then(world: World, web: Any, actor_for: Any) -> None:
    """And no file: what has come since is in it, and what is no longer shared is not."""
    client = web("partner.admin")
    first = table(client.post(NEW, {"list": "customers"}))
    [again] = again_in(client)
    connect(world.partner, "Birch Mills")
    assert len(table(client.post(again))) == len(first) + 1
    before = {row["name"]: row["seats"] for row in first}
    assert before[world.customer.name]
    customer, connected = actor_for("customer.admin"), world.connection("customer", "partner")
    change_connection_sharing(actor=customer, connection=connected, scopes=ALL & ~Scope.ENTITLEMENTS)
    narrowed = {row["name"]: row["seats"] for row in table(client.post(again))}
    assert narrowed[world.customer.name] == ""
    end_connection(actor=customer, connection=connected)
    assert world.customer.name not in {row["name"] for row in table(client.post(again))}
    assert Event.objects.filter(kind="list.exported").count() == 4  # each time is told


def test_chosen_rows_are_chosen_again(world: World, web: Any) -> None:
    client = web("partner.admin")
    client.post(NEW, {"list": "customers", "what": "ticked", "row": [world.customer2.org_id]})
    assert "1 selected row" in text_of(client.get("/exports/"))
    assert [row["org_id"] for row in table(client.post(again_in(client)[0]))] == [world.customer2.org_id]


def test_whoever_loses_sight_gets_nothing_again(world: World, web: Any, actor_for: Any) -> None:
    client = web("partner.admin")
    client.post(NEW, {"list": "orders", "customer": world.customer.public_id})
    [again] = again_in(client)
    Operator.objects.filter(organization=world.partner, person=world.person("partner.admin")).update(
        roles=["reader"], finance_granted=False
    )
    assert client.post(again).status_code == 403
    end_connection(actor=actor_for("customer.admin"), connection=world.connection("customer", "partner"))
    assert again_in(client) == [] and client.post(again).status_code == 404
    assert "a connection has ended" in client.get("/exports/").content.decode()


def test_it_is_its_persons_alone(world: World, web: Any) -> None:
    client = web("partner.admin")
    client.post(NEW, {"list": "customers"})
    [again] = again_in(client)
    for who in ("partner.reader", "partner2.admin", "distributor.admin", "customer.admin", "many@partner"):
        assert web(who).post(again).status_code == 404 and again not in again_in(web(who))


def test_one_of_ones_own_organisation_is_had_again(web: Any) -> None:
    client = web("customer.admin")
    first = table(client.post(NEW, {"list": "orders"}))
    assert table(client.post(again_in(client)[0])) == first


def test_one_that_has_grown_is_made_by_a_worker(world: World, web: Any, monkeypatch: Any) -> None:
    client = web("partner.admin")
    client.post(NEW, {"list": "customers"})
    [again] = again_in(client)
    monkeypatch.setattr(actions, "SMALL", 1)
    assert client.post(again)["Location"] == "/exports/"
    assert Export.objects.filter(state="queued").count() == 1


def test_what_was_waited_for_is_told_whatever_was_sent_since(world: World, web: Any) -> None:
    client = web("partner.admin")
    actor = world.actor("partner.admin")
    Export.objects.create(
        organization_id=actor.organization_id, person_id=actor.person_id, list="customers", state="ready"
    )
    client.post(NEW, {"list": "customers"})
    assert "is ready" in client.get("/exports/news/")["HX-Trigger"]
    assert [row["state"] for row in web("partner.admin").get("/api/v1/exports/").json()["items"]] == ["ready"]


def test_all_are_listed_page_by_page(world: World, web: Any) -> None:
    actor = world.actor("partner.admin")
    Export.objects.bulk_create(
        Export(organization_id=actor.organization_id, person_id=actor.person_id, list="customers", state="sent")
        for _number in range(31)
    )
    client = web("partner.admin")
    first = client.get("/exports/").content.decode()
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following and len(AGAIN.findall(first)) == 30
    assert len(AGAIN.findall(client.get(f"/exports/{following[1]}").content.decode())) == 1


def test_an_export_that_is_made_on_a_later_page_leaves_that_page_there(world: World, web: Any) -> None:
    actor = world.actor("partner.admin")
    of_actor = {"organization_id": actor.organization_id, "person_id": actor.person_id, "list": "customers"}
    Export.objects.create(**of_actor, state="running", asked_at="2026-01-01T00:00Z")
    Export.objects.bulk_create(Export(**of_actor, state="sent") for _number in range(30))
    client = web("partner.admin")
    first = client.get("/exports/").content.decode()
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following and 'hx-trigger="every 2s"' not in first
    second = client.get(f"/exports/{following[1]}").content.decode()
    [asked] = re.findall(r'hx-get="([^"]+)" hx-trigger="every 2s"', second)
    again = client.get(unescape(asked), headers={"HX-Request": "true"}).content.decode()
    assert "Preparing" in again and AGAIN.findall(again) == [] and f'hx-get="{asked}"' in again


def test_a_tenant_stores_what_was_sent_and_nothing_that_is_a_file(world: World, actor_for: Any, as_tenant: Any) -> None:
    actor = actor_for("partner.admin")
    for state in Export.State:
        row = Export(
            organization_id=actor.organization_id, person_id=actor.person_id, list="x", state=state, size=7, rows=3
        )
        if state in ("queued", "sent"):
            with as_tenant(actor):
                row.save(force_insert=True)
            row.refresh_from_db()
            assert (row.size, row.rows_written) == ((7, 3) if state == "sent" else (0, 0))
        else:
            with pytest.raises(DatabaseError), as_tenant(actor):
                row.save(force_insert=True)

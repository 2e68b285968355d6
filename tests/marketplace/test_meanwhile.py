"""What was open in a tab while the rights behind it went away: the answer is clear, leads on, and names nobody."""

from typing import Any

import pytest
from django.test import Client

from accounts.actions.standing import move_partner, suspend_organization
from accounts.models import Operator, Organization, ProgramMembership
from connections.actions import change_connection_sharing, end_connection
from marketplace.models import Offer, Plan
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.scopes import Scope
from tests.entitlements.test_views import text_of
from tests.world import World

pytestmark = pytest.mark.django_db
STAFF = Actor.system("vendor staff (test)")
LOST_CUSTOMER = "The chosen customer is not connected to the partner."
LOST_PARTNER = "You can’t see the chosen partner."
COUNTRY = "Iceland"  # of nobody else: it must not be in a fact, and would be in no list by accident


def offer(code: str = "backup") -> Offer:
    return Offer.objects.get(code=code)


def plan() -> Plan:
    return Plan.objects.get(offer__code="backup", code="basic")


def list_pages(query: str) -> dict[str, str]:
    """What a partner or distributor may have open for somebody."""
    return {
        "catalogue": f"/marketplace/offers/?{query}",
        "sellable": f"/marketplace/offers/?{query}&sellable=true",
        "offer": f"/marketplace/offers/{offer().public_id}/?{query}",
        "choose": f"/marketplace/offers/choose/?{query}",
        "simulator": f"/marketplace/simulator/?{query}&plan={plan().public_id}",
    }


def list_calls(partner: Any, customer: Any) -> list[str]:
    """What programs ask about somebody by API."""
    named = {"partner": partner, "customer": customer}
    ours = "&".join(f"{name}={row.public_id}" for name, row in named.items() if row)
    theirs = ours.replace("partner=", "for_partner=").replace("customer=", "for_customer=")
    return [
        f"/api/v1/eligibility/?plan={plan().public_id}&{ours}",
        f"/api/v1/catalogue/?{theirs}",
        f"/api/v1/catalogue/{offer().public_id}/?{theirs}",
    ]


def export(client: Client, query: str) -> Any:
    return client.post("/exports/new/", {"list": "price_list", "query": query})


def end(world: World) -> None:
    end_connection(actor=world.actor("customer.admin"), connection=world.connection("customer", "partner"))


def test_the_customer_ends_the_connection(web: Any, api: Any, world: World) -> None:
    """The partner has chosen it on each page. It is told, and neither name, id nor country of the customer is left."""
    Organization.objects.filter(pk=world.customer.pk).update(country="IS")
    query, client = f"customer={world.customer.public_id}", web("partner.admin")
    for path in list_pages(query).values():
        assert LOST_CUSTOMER not in client.get(path).content.decode()
    assert export(client, query).status_code == 200
    end(world)
    for name, path in list_pages(query).items():
        page = client.get(path)
        html = page.content.decode()
        assert page.status_code == 200 and LOST_CUSTOMER in html, name
        assert world.customer.name not in html and world.customer.org_id not in html, name
        assert name == "simulator" or COUNTRY not in html, name
        assert name == "choose" or "This page ignores that choice." in html, name
        assert "/marketplace/offers/choose/" in html or name in ("choose", "simulator"), name
    simulator = text_of(client.get(list_pages(query)["simulator"]))
    answer, _heading, _choices = simulator.partition("Search customer")
    assert COUNTRY not in answer and "Customer Any" in answer
    for path in list_calls(None, world.customer):
        answered = api("partner.admin").get(path)
        assert answered.status_code == 404 and world.customer.name not in answered.content.decode(), path
    refused = export(client, query)
    assert refused.status_code == 403 and LOST_CUSTOMER in refused.content.decode()


def test_the_customer_shares_nothing_any_more(web: Any, api: Any, world: World, actor_for: Any) -> None:
    """Its name and country belong to the connection: the partner goes on to ask, and learns nothing of what it has."""
    connection = world.connection("customer", "partner")
    change_connection_sharing(actor=actor_for("customer.admin"), connection=connection, scopes=Scope.NONE)
    query = f"customer={world.customer.public_id}"
    for name, path in list_pages(query).items():
        page = web("partner.admin").get(path)
        assert page.status_code == 200 and LOST_CUSTOMER not in page.content.decode(), name
    for path in list_calls(None, world.customer):
        assert api("partner.admin").get(path).status_code == 200, path


@pytest.mark.parametrize("others", [True, False])
def test_the_question_to_a_partner_that_is_none_any_more(web: Any, world: World, others: bool) -> None:
    """The form is open when the connection ends: nothing is sent, what was typed stays, and others can be chosen."""
    connection, client = world.connection("customer", "partner"), web("customer.admin")
    url = f"/marketplace/{offer().public_id}/ask/"
    assert world.partner.name in client.get(url).content.decode()
    end(world)
    if not others:
        end_connection(actor=world.actor("customer.admin"), connection=world.connection("customer", "lapsed"))
    sent = client.post(url, {"connection": connection.public_id, "message": "What does it cost?"})
    html = sent.content.decode()
    assert sent.status_code == 200 and not Event.objects.filter(kind="offer.partner_asked").exists()
    assert ("so your question was not sent" in html) is others and ("What does it cost?" in html) is others
    assert ("because you are no longer connected to a partner" in html) is not others


def test_the_partner_leaves_the_programme(web: Any, api: Any, world: World) -> None:
    client, query = web("partner.admin"), f"customer={world.customer.public_id}"
    message = {"message": "May we?", "reply_to": "a@example.com"}
    contact = f"/marketplace/offers/{offer().public_id}/contact/"
    assert client.get(contact).status_code == 200
    ProgramMembership.objects.filter(organization=world.partner).delete()
    answers = {path: client.get(path) for path in [*list_pages(query).values(), contact]}
    for path, answer in answers.items() | {(contact, client.post(contact, message)), ("", export(client, query))}:
        html = answer.content.decode()
        assert answer.status_code == 403 and "needs an active partner programme membership" in html, path
        assert 'href="/account/"' in html and world.customer.name not in html, path
    assert not Event.objects.filter(kind="offer.publisher_contacted").exists()
    for path in list_calls(None, world.customer):
        answer = api("partner.admin").get(path)
        assert answer.status_code == 403 and answer.json()["errors"][0]["code"] == "no_badge", path


@pytest.mark.parametrize("goes_to", ["distributor2", ""])
def test_the_partner_goes_to_another_distributor(web: Any, api: Any, world: World, goes_to: str) -> None:
    """The distributor has chosen the partner and a customer of both. It is told, and has its own answer instead."""
    query = f"partner={world.partner.public_id}&customer={world.customer.public_id}"
    client = web("distributor.admin")
    for name, path in list_pages(query).items():
        assert world.partner.name in client.get(path).content.decode(), name
    assert export(client, f"partner={world.partner.public_id}").status_code == 200
    move_partner(actor=STAFF, partner=world.partner, distributor=world[goes_to] if goes_to else None)
    for name, path in list_pages(query).items():
        page = client.get(path)
        html = page.content.decode()
        assert page.status_code == 200 and LOST_PARTNER in html, name
        assert world.partner.name not in html and world.partner.org_id not in html, name
    for path in list_calls(world.partner, None):
        answer = api("distributor.admin").get(path)
        assert answer.status_code == 404 and world.partner.name not in answer.content.decode(), path
    refused = export(client, f"partner={world.partner.public_id}")
    assert refused.status_code == 403 and LOST_PARTNER in refused.content.decode()


FORMS = {  # each with the code of an offer, the page below it, and what is sent
    "listing": ("backup", "listing/", {"en-name": "Mine", "revision": "1"}),
    "health": ("monitor", "health/", {"kind": "outage", "text": "Down"}),
    "what is wrong": ("monitor", "health/", {"kind": "nothing"}),
    "audience": ("backup", "audience/", {"audience": "everybody"}),
    "configuration": ("backup", "technical/", {"landing_page_url": "nowhere"}),
    "stop": ("backup", "stops/new/", {"plan": "basic"}),
    "publication": ("backup", "publish/", {"revision": "3"}),
    "price": ("backup", "prices/basic/change/", {"amount": "1"}),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_publishers_operator_is_admin_no_longer(web: Any, world: World, form: str) -> None:
    client, before = web("publisher.admin"), Event.objects.count()
    Operator.objects.filter(pk=world.operator("publisher.admin").pk).update(roles=["reader"])
    code, page, sent = FORMS[form]
    answer = client.post(f"/offers/{offer(code).public_id}/{page}", sent)
    assert answer.status_code == 403 and "Only Admins can do this." in text_of(answer)
    assert Event.objects.count() == before


@pytest.mark.parametrize(
    ("closed", "who"),
    [("partner", "partner.admin"), ("publisher", "publisher.admin"), ("customer", "customer.admin")],
)
def test_the_organisation_is_suspended(web: Any, api: Any, world: World, closed: str, who: str) -> None:
    """Each page and form that its people have open says so, and whom to ask; nothing is sent."""
    client, before = web(who), Event.objects.filter(kind__startswith="offer.").count()
    suspend_organization(actor=STAFF, organization=world[closed], reason="Unpaid")
    own = offer()
    paths = {
        "partner": [*list_pages(f"customer={world.customer.public_id}").values()],
        "publisher": [f"/offers/{own.public_id}/", f"/offers/{own.public_id}/listing/", "/marketplace/simulator/"],
        "customer": ["/marketplace/", f"/marketplace/{own.public_id}/", f"/marketplace/{own.public_id}/ask/"],
    }[closed]
    for path in paths:
        page = client.get(path)
        html = page.content.decode()
        assert page.status_code == 403 and f"{world[closed].name} has been suspended" in html, path
        assert closed == "customer" or world.customer.name not in html, path
    connection = world.connection("customer", "partner")
    for path, values in (
        (f"/marketplace/offers/{own.public_id}/contact/", {"message": "May we?", "reply_to": "a@example.com"}),
        (f"/marketplace/{own.public_id}/ask/", {"connection": connection.public_id}),
        (f"/offers/{own.public_id}/publish/", {"revision": "3"}),
    ):
        assert client.post(path, values).status_code == 403, path
    for path in list_calls(None, world.customer):
        assert api(who).get(path).json()["errors"][0]["code"] == "suspended", path
    assert Event.objects.filter(kind__startswith="offer.").count() == before


def test_the_partner_that_is_asked_is_suspended(web: Any, world: World) -> None:
    """It keeps its connection, and its people read the question when they are back."""
    suspend_organization(actor=STAFF, organization=world.partner, reason="Unpaid")
    connection = world.connection("customer", "partner")
    sent = web("customer.admin").post(f"/marketplace/{offer().public_id}/ask/", {"connection": connection.public_id})
    assert sent.status_code == 302

"""Text that people, partners and the feed provide is text on every page and in every mail, whatever it contains."""

from html.parser import HTMLParser

import pytest
from django.core import mail
from django.db.models import F

from accounts.models import Organization, Person, Program
from connections.actions import end_connection
from connections.models import Connection
from entitlements.events import EntitlementEvent
from entitlements.models import CustomerListing, Entitlement, Order, Sku
from notifications.actions.outbox import fan_out_due, send_due_emails
from notifications.actions.recording import record
from notifications.models import Notice
from partnerportal.lib.actors import Actor
from tests.house.machine import placeholders
from tests.house.matrix import PAGES

pytestmark = pytest.mark.django_db

PAYLOADS = [
    "<script>qzx()</script>",
    "</title><script>qzx()</script>",
    "<img src=x onerror=qzx()>",
    '"><svg onload=qzx()>',
    "'><svg/onload=qzx()>",
    '" onmouseover="qzx()" x="',
    "' onfocus='qzx()' autofocus='",
    "` onclick=`qzx()",
    "</textarea><script>qzx()</script>",
    "</dialog></form><form action=//qzx>",
    "<base href=//qzx>",
    "<meta http-equiv=refresh content=0;//qzx>",
    "<iframe srcdoc='<script>qzx()</script>'>",
    "<a href=javascript:qzx()>qzx</a>",
    "javascript:qzx()",
    '" hx-get="/qzx" hx-trigger="load" x="',
    "<style>@import'//qzx'</style>",
    "&lt;script&gt;qzx()&lt;/script&gt;",
    "{{ 90271836|add:5 }}{% now 'qzx' %}<c-button>",
    "--><script>qzx()</script><!--",
]
# What breaks out of each place at once: every page is walked with each of these.
POLYGLOTS = [
    "--></title></textarea><img src=x onerror=qzx()>",
    "\"'`><svg/onload=qzx()>",
    '" onmouseover="qzx()" hx-get="/qzx" x="',
    "' onfocus='qzx()' autofocus='",
    "javascript:qzx()",
    "&lt;base href=//qzx&gt;",
    "{{ 90271836|add:5 }}{% now 'qzx' %}<c-button>",
]
MARK = "qzx"
SPEAKING = {"value", "title", "aria-label", "content", "alt", "placeholder", "data-text", "data-name", "data-copy"}
LINKS = {"href", "src", "action", "formaction", "hx-get", "hx-post"}
FIELDS = ("street", "city", "website", "account_manager_name", "name")


class Reader(HTMLParser):
    """Collects what a payload became other than text: an element, an attribute, the place a link leads to."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.found, self.text = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        own_script = tag == "script" and (given.get("src") or "").startswith("/static/")
        if (
            (tag in {"script", "iframe", "base", "object", "embed"} and not own_script)
            or MARK in tag
            or "http-equiv" in given
        ):
            self.found.append((tag, attrs))
        for name, value in attrs:
            value = value or ""
            leads_away = name in LINKS and (":" in value.partition("/")[0] or value.startswith(("//", f"/{MARK}")))
            is_contact = value.startswith(("mailto:", "tel:", "http://localhost:8000/"))
            if name.startswith("on") or MARK in name or (leads_away and not is_contact):
                self.found.append((tag, name, value))
            if MARK in value and name not in SPEAKING | LINKS:
                self.found.append((tag, name, value))

    def handle_data(self, data):
        self.text.append(data)


def plant(payload):
    """Into every text field, past the forms: what stands in the database is not trusted either."""
    text = dict.fromkeys(FIELDS, payload[:200])
    Organization.objects.update(**text, name_folded=payload, phone=payload[:40], postal_code=payload[:20])
    Organization.objects.update(contact_email=f'"{payload[:60]}"@example.com', account_manager_email=F("contact_email"))
    CustomerListing.objects.update(name=payload, name_folded=payload, website=payload)
    Person.objects.update(name=payload)
    Program.objects.update(name=payload)
    Connection.objects.update(partner_name=payload, customer_name=payload)
    Sku.objects.update(name=payload, service=payload)
    for number, row in enumerate(Sku.objects.all()):
        Sku.objects.filter(pk=row.pk).update(code=f"{number}{payload}"[:60])
    for number, row in enumerate(Entitlement.objects.all()):
        Entitlement.objects.filter(pk=row.pk).update(external_id=f"{number}{payload}"[:80])
    for number, row in enumerate(Order.objects.all()):
        Order.objects.filter(pk=row.pk).update(number=f"{number}{payload}"[:40])
    for entitlement in Entitlement.objects.all():  # events are never changed
        told = {"customer": str(entitlement.customer.public_id), "customer_name": payload, "sku_name": payload}
        record(
            EntitlementEvent.ADDED,
            actor=Actor(label=payload, organization_id=entitlement.customer_id, organization_name=payload),
            subject=entitlement,
            label=payload,
            customer_id=entitlement.customer_id,
            scopes=EntitlementEvent.ADDED.scopes,
            data={**told, "quantity": 1},
        )
    while fan_out_due():
        pass
    for notice in Notice.objects.all():
        spoiled = {k: payload if isinstance(v, str) and k != "customer" else v for k, v in notice.params.items()}
        Notice.objects.filter(pk=notice.pk).update(about_label=payload, params=spoiled)


@pytest.mark.parametrize("payload", [*PAYLOADS, *POLYGLOTS])
def test_the_reader_would_notice(payload):
    """In at least one of the places where text stands on a page."""
    places = ("<p>{}</p>", '<a title="{}">', "<a title='{}'>", "<a title={}>", '<a href="{}">', "<i>{}</i>")
    if "|add" in payload or "&lt;" in payload:  # one is for the template engine, one must not be unescaped
        return
    assert any(Reader(place.format(payload)).found for place in places)


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("payload", POLYGLOTS)
def test_pages_show_it_as_text(web, world, payload):
    known = placeholders(world)
    paths = sorted({row.path.format(**known) for row in PAGES if "ui-kit" not in row.path})
    clients = {who: web(who) for who in ("partner.admin", "customer.admin", "distributor.admin", "many", "anonymous")}
    plant(payload)
    shown = 0
    for who, client in clients.items():
        for path in paths:
            response = client.get(path, {"next": payload, "q": payload, "cursor": payload, "kind": payload})
            page = response.content.decode()
            assert response.status_code < 500 and "90271841" not in page, (who, path)
            if not response.get("Content-Type", "text/html").startswith("text/html"):  # a calendar, a CSV: no browser
                assert response["X-Content-Type-Options"] == "nosniff", (who, path)  # takes it for a page
                continue
            reader = Reader(page)
            assert not reader.found, (who, path, reader.found)
            shown += MARK in "".join(reader.text)
    assert shown > 40


@pytest.mark.slow
@pytest.mark.parametrize("payload", [*PAYLOADS, "line\r\nBcc: everybody@qzx.example", "x\u2028qzx\x85"])
def test_mails_say_it_as_text(world, payload, as_tenant, actor_for):
    partner, actor = world.partner, actor_for("customer.admin")
    plant(payload)
    with as_tenant(actor):
        end_connection(
            actor=actor, connection=Connection.objects.get(partner=partner.pk, customer=actor.organization_id)
        )
    fan_out_due()
    send_due_emails()
    assert mail.outbox
    for message in mail.outbox:
        assert MARK in message.subject and len(message.subject.splitlines()) == 1
        assert message.message()["Bcc"] is None
        [(html, _kind)] = message.alternatives
        reader = Reader(html)
        assert not reader.found and MARK in "".join(reader.text)

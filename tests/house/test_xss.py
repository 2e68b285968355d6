"""Text that people, partners and the feed provide is text on every page and in every mail, whatever it contains."""

import re
from html import escape, unescape
from html.parser import HTMLParser
from itertools import product

import pytest
from django.core import mail
from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat, Left

from accounts.models import (
    Competency,
    JoinRequest,
    OperatorInvitation,
    Organization,
    OrganizationDomain,
    Person,
    Program,
    SavedView,
    Skill,
)
from connections.actions import end_connection
from connections.models import Connection
from entitlements.events import EntitlementEventKind
from entitlements.models import (
    ActivationLink,
    CustomerListing,
    Entitlement,
    IngestToken,
    LicenseAssignment,
    Order,
    PartnerListing,
    Sku,
)
from notifications.actions.outbox import send_due_emails, write_due_notices
from notifications.actions.recording import record_event
from notifications.models import Notice
from partnerportal.lib.actors import Actor
from tests.house.machine import placeholders
from tests.house.matrix_pages import CUSTOMER, PAGES

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
    "--></title></textarea><img src=x onerror=qzx()>",
    "\"'`><svg/onload=qzx()>",
    '" onmouseover="qzx()" hx-get="/qzx" x="',
    "&lt;base href=//qzx&gt;",
]
# All of that in two, so that every page is drawn twice and not for each of them. What stands first also fits into the
# short fields. The second one is what a link may lead to.
POLYGLOTS = [
    "\"'`><svg/onload=qzx()>{{ 90271836|add:5 }}{% now 'qzx' %}"
    "--></title></textarea><i onclick=qzx()>&lt;base href=//q&gt;",
    'javascript:qzx()//" onmouseover="qzx()" hx-get="/qzx" x=\' onfocus=\'qzx()\' qzx',
]
MARK = "qzx"
SPEAKING = {"value", "title", "aria-label", "content", "alt", "placeholder"}
SPEAKING |= {"data-text", "data-name", "data-copy", "data-email"}
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
    Person.objects.update(name=f"{payload}.")  # unlike an organisation: the data of an event names no person
    Program.objects.update(name=payload)
    Connection.objects.update(partner_name=payload, customer_name=payload)
    SavedView.objects.update(name=payload[:60])
    LicenseAssignment.objects.update(holder=payload)
    Sku.objects.update(name=payload, service=payload, code=unlike_others(payload, 60))
    Entitlement.objects.update(external_id=unlike_others(payload, 80))
    Order.objects.update(number=unlike_others(payload, 40))
    plant_into_the_channel(payload)
    for entitlement in Entitlement.objects.order_by("customer").distinct("customer"):  # events are never changed
        told = {"customer": str(entitlement.customer.public_id), "customer_name": payload, "sku_name": payload}
        record_event(
            EntitlementEventKind.ADDED,
            actor=Actor(label=payload, organization_id=entitlement.customer_id, organization_name=payload),
            subject=entitlement,
            label=payload,
            customer_id=entitlement.customer_id,
            data={**told, "quantity": 1},
        )
    while write_due_notices():
        pass
    notices = list(Notice.objects.all())
    for notice in notices:
        notice.about_label = notice.note = payload
        notice.params = {k: payload if isinstance(v, str) and k != "customer" else v for k, v in notice.params.items()}
    Notice.objects.bulk_update(notices, ["about_label", "note", "params"])


def plant_into_the_channel(payload):
    """Links, invitations, domains with what was found in DNS, and the lists of partners."""
    address = f'"{payload[:60]}"@example.com'
    ActivationLink.objects.update(
        name=payload[:200], sender_name=payload[:200], partner_name=payload[:200], reason=payload[:200], email=address
    )
    OperatorInvitation.objects.update(email=address)
    OrganizationDomain.objects.update(outcome="other_value", found_at=payload, found=[payload[:120]])
    JoinRequest.objects.update(domain=payload)
    PartnerListing.objects.update(
        name=payload, name_folded=payload, parent_name=payload[:200], website=payload[:120], partner_id=payload[:12]
    )
    IngestToken.objects.update(name=unlike_others(payload, 80))
    Competency.objects.update(name=payload)
    Skill.objects.update(name=payload)


def unlike_others(payload, length):
    """The payload behind the row's own number, for a column that has no value twice."""
    return Left(Concat(Cast("pk", CharField()), Value(payload)), length)


def escaping(characters):
    """An escape that knows these characters only."""
    return lambda text: "".join(escape(character) if character in characters else character for character in text)


def without_tags(text):
    """As a summary is made: the tags are cut out, and entities become characters."""
    return unescape(re.sub("<[^>]*>", "", text))


QUOTED = ("<p>{}</p>", '<a title="{}">', "<a title='{}'>")
PLACES = (*QUOTED, "<a title={}>", '<a href="{}">', "<a hx-get='{}'>", "<!--{}-->")
FORGETFUL = (
    str,
    *map(escaping, ("<>&", "<>&'", '<>&"', "\"'&", "&", "<>&\"'")),
)  # the last forgets that links lead away


@pytest.mark.parametrize(
    ("length", "places", "forgetful"),
    [(None, PLACES, (*FORGETFUL, without_tags)), *((length, QUOTED, FORGETFUL) for length in (80, 60, 40, 20))],
)
def test_two_payloads_notice_what_all_the_others_do(length, places, forgetful):
    """Whatever an escape forgets, wherever the text stands, and where a short field cuts it off."""
    for place, escape_some in product(places, forgetful):

        def is_noticed(payload, place=place, escape_some=escape_some):
            return bool(Reader(place.format(escape_some(payload[:length]))).found)

        assert any(map(is_noticed, POLYGLOTS)) >= any(map(is_noticed, PAYLOADS)), (place, escape_some)


def test_each_payload_does_harm_somewhere():
    """But those that are for the template engine, or must not be unescaped."""
    harmless = [text for text in PAYLOADS if not any(Reader(place.format(text)).found for place in PLACES)]
    assert all("|add" in text or "&lt;" in text for text in harmless)


def to_be_read(who, known):
    """The addresses that show something to `who`; of a customer's pages each kind of answer once."""
    rows = [row for row in PAGES if "GET" in row.answers and "ui-kit" not in row.path]
    kinds = {
        (row.pattern, row.expected("GET", who)) if row.pattern.startswith(CUSTOMER) else row.path: row for row in rows
    }
    return sorted(row.path.format(**known) for row in kinds.values())


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("payload", POLYGLOTS)
def test_pages_show_it_as_text(web, world, payload):
    known = placeholders(world)
    people = ("partner.admin", "customer.admin", "distributor.admin", "vendor.admin", "many", "anonymous")
    clients = {who: web(who) for who in people}
    plant(payload)
    shown = 0
    for who, client in clients.items():
        for path in to_be_read(who, known):
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
@pytest.mark.parametrize("payload", [*POLYGLOTS, "line\r\nBcc: everybody@qzx.example", "x\u2028qzx\x85"])
def test_mails_say_it_as_text(world, payload, as_tenant, actor_for):
    partner, actor = world.partner, actor_for("customer.admin")
    plant(payload)
    with as_tenant(actor):
        end_connection(
            actor=actor, connection=Connection.objects.get(partner=partner.pk, customer=actor.organization_id)
        )
    write_due_notices()
    send_due_emails()
    assert mail.outbox
    for message in mail.outbox:
        assert MARK in message.subject and len(message.subject.splitlines()) == 1
        assert message.message()["Bcc"] is None
        [(html, _kind)] = message.alternatives
        reader = Reader(html)
        assert not reader.found and MARK in "".join(reader.text)

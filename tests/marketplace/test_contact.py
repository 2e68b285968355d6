"""Messages about an offer: of a reseller to its publisher, of a customer to one of its partners."""

import datetime as dt
from typing import Any

import pytest
from django.core import mail
from django.urls import reverse

from accounts.models import ProgramMembership
from connections.actions import end_connection
from marketplace.actions.contact import MESSAGES_AN_HOUR, ask_partner_about_offer
from marketplace.models import Offer
from notifications.actions import recording
from notifications.actions.outbox import send_due_emails, write_due_notices
from notifications.models import Event, Notice
from partnerportal.lib.errors import NotFound, TooManyAttempts
from tests.entitlements.test_views import text_of

pytestmark = pytest.mark.django_db


def url(kind: str) -> str:
    public_id = Offer.objects.get(code="backup").public_id
    return f"/marketplace/offers/{public_id}/contact/" if kind == "contact" else f"/marketplace/{public_id}/ask/"


def deliver() -> list[Any]:
    while write_due_notices():
        pass
    while send_due_emails():
        pass
    return mail.outbox


def test_the_publisher_gets_the_message_and_an_address_to_answer(web: Any, world: Any) -> None:
    form = web("partner.sales_agent").get(url("contact")).content.decode()
    assert f'value="{world.person("partner.sales_agent").email}"' in form
    values = {"message": "May we sell it?", "reply_to": "sales@partner.example"}
    answer = web("partner.sales_agent").post(url("contact"), values)
    assert answer.status_code == 302
    deliver()
    notice = Notice.objects.get(kind="publisher_contacted")
    assert notice.recipient_id == world.publisher.pk
    (letter,) = [each for each in mail.outbox if world.person("publisher.admin").email in each.to[0]]
    assert letter.subject == f"{world.partner.name} sent a message about Backup"
    assert "May we sell it?" in letter.body and "sales@partner.example" in letter.body
    assert "May we sell it?" in text_of(web("publisher.admin").get("/inbox/"))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"message": "", "reply_to": "a@example.com"}, "This field is required"),
        ({"message": "x", "reply_to": "nowhere"}, "valid email address"),
        ({"message": "x" * 2001, "reply_to": "a@example.com"}, "at most 2000"),
    ],
)
def test_a_message_that_is_wrong_is_not_sent(web: Any, values: dict[str, str], said: str) -> None:
    answer = web("partner.admin").post(url("contact"), values)
    assert answer.status_code == 200 and said in text_of(answer).replace(",", "")
    assert not Notice.objects.filter(kind="publisher_contacted").exists()


def test_messages_have_a_limit(web: Any) -> None:
    client = web("partner.admin")
    sent = [
        client.post(url("contact"), {"message": f"Again, {number}", "reply_to": "a@example.com"}).status_code
        for number in range(MESSAGES_AN_HOUR + 1)
    ]
    assert sent[:-1] == [302] * MESSAGES_AN_HOUR and sent[-1] in (200, 429)


@pytest.mark.parametrize(
    ("who", "status"),
    [("partner.reader", 403), ("distributor.reader", 403), ("partner2.admin", 403), ("customer.admin", 404)],
)
def test_who_may_not_write(web: Any, who: str, status: int) -> None:
    assert web(who).post(url("contact"), {"message": "x", "reply_to": "a@example.com"}).status_code == status


def test_a_customer_asks_a_partner_that_it_is_connected_with(web: Any, world: Any, actor_for: Any) -> None:
    connection = world.connection("customer", "partner")
    page = text_of(web("customer.admin").get(url("ask")))
    assert world.partner.name in page and world.partner2.name not in page
    answer = web("customer.admin").post(url("ask"), {"connection": connection.public_id, "message": "How much?"})
    assert answer.status_code == 302
    deliver()
    notice = Notice.objects.get(kind="partner_asked")
    assert (notice.recipient_id, notice.about_id) == (world.partner.pk, world.customer.pk)
    inbox = text_of(web("partner.admin").get("/inbox/"))
    assert f"{world.customer.name} asked about Backup" in inbox and "How much?" in inbox
    end_connection(actor=actor_for("customer.admin"), connection=connection)
    assert "asks about Backup" not in text_of(web("partner.admin").get("/inbox/"))


@pytest.mark.parametrize(("is_member", "page"), [(True, "/marketplace/offers/"), (False, "/customers/")])
def test_the_question_leads_where_the_partner_may_go(
    web: Any, world: Any, actor_for: Any, is_member: bool, page: str
) -> None:
    if not is_member:
        ProgramMembership.objects.filter(organization=world.partner, program__code="csp").delete()
    connection, offer = world.connection("customer", "partner"), Offer.objects.get(code="backup")
    ask_partner_about_offer(actor=actor_for("customer.admin"), offer=offer, connection=connection)
    deliver()
    notice = Notice.objects.get(kind="partner_asked")
    client = web("partner.admin")
    opened = client.post(reverse("notice_open", args=[notice.public_id]), follow=True)
    assert opened.status_code == 200 and opened.request["PATH_INFO"].startswith(page)


def test_it_asks_no_other_partner(web: Any, world: Any) -> None:
    other = world.connection("customer2", "partner2")
    answer = web("customer.admin").post(url("ask"), {"connection": other.public_id})
    assert answer.status_code == 200 and "You are not connected to this partner" in text_of(answer)
    assert web("customer.reader").post(url("ask"), {"connection": other.public_id}).status_code == 403
    assert "You are not connected to any partner. To connect, open a partner’s invitation link." in text_of(
        web("stranger.admin").get(url("ask"))
    )


def test_the_action_itself_asks_no_stranger_and_nobody_after_the_end(world: Any, actor_for: Any) -> None:
    actor, offer = actor_for("customer.admin"), Offer.objects.get(code="backup")
    ended = world.connection("customer", "partner")
    end_connection(actor=actor, connection=ended)
    for connection in (world.connection("customer2", "partner2"), ended):
        with pytest.raises(NotFound):
            ask_partner_about_offer(actor=actor, offer=offer, connection=connection)


def test_questions_to_partners_have_a_limit(world: Any, actor_for: Any) -> None:
    asked = {"offer": Offer.objects.get(code="backup"), "connection": world.connection("customer", "partner")}
    for number in range(MESSAGES_AN_HOUR):
        ask_partner_about_offer(actor=actor_for("customer.admin"), message=str(number), **asked)
    with pytest.raises(TooManyAttempts):
        ask_partner_about_offer(actor=actor_for("customer.admin"), message="One more", **asked)
    ask_partner_about_offer(actor=actor_for("customer.admin"), message="0", **asked)  # it was sent


@pytest.mark.parametrize("kind", ["contact", "ask"])
def test_the_same_message_sent_again_is_one(web: Any, world: Any, monkeypatch: Any, kind: str) -> None:
    """A second click without JavaScript: both answers say that it is sent, and one is."""
    connection = world.connection("customer", "partner")
    values = (
        {"message": "May we?", "reply_to": "a@example.com"}
        if kind == "contact"
        else {"connection": connection.public_id, "message": "May we?"}
    )
    event = "offer.publisher_contacted" if kind == "contact" else "offer.partner_asked"
    client = web("partner.admin" if kind == "contact" else "customer.admin")

    def count() -> int:
        return Event.objects.filter(kind=event).count()

    for _click in range(3):
        answer = client.post(url(kind), values, follow=True)
        assert answer.status_code == 200 and " was sent to " in answer.content.decode()
    assert count() == 1
    client.post(url(kind), values | {"message": "And when?"})
    assert count() == 2
    if kind == "contact":
        client.post(url(kind), values | {"reply_to": "b@example.com"})
        web("partner.sales_agent").post(url(kind), values)
        assert count() == 4
    monkeypatch.setattr(recording, "SAME_MESSAGE", dt.timedelta(0))
    client.post(url(kind), values)
    assert count() == (5 if kind == "contact" else 3)

"""Who is told of a request: the vendor's staff what was asked, whoever asked the answer. And what an erasure leaves."""

from typing import Any

import pytest
from django.core import mail

from accounts.actions.personal_data import erase_personal_data, export_personal_data
from accounts.models import Operator, Organization, Person
from notifications import registry
from notifications.actions.outbox import send_due_emails, write_due_notices
from partnerportal.lib.actors import Actor
from support.actions.deciding import approve_request, ask_for_information, decline_request
from support.actions.drafts import save_request_draft, start_request
from support.actions.messages import post_message
from support.actions.submitting import answer_request, submit_request, withdraw_request
from support.country_change import CODE
from support.models import Request, RequestMessage, RequestRevision
from tests.support.asking import FIELDS, seen
from tests.world import World, address


def told(world: World, name: str, code: str) -> list[tuple[str, str, str]]:
    """The subject, body and link of each notice of this kind about this organisation's requests."""
    while write_due_notices():
        pass
    kind = registry.get_notice_kinds()[code]
    notices = [notice for notice in world.notices(name) if notice.kind == code]
    return [(kind.get_subject(n), kind.get_body(n), kind.get_link_path(n)) for n in notices]


def test_the_vendor_is_told_what_waits(world: World, acts: Any, draft: Request) -> None:
    before = len(told(world, "vendor", "request_submitted"))
    acts("lapsed.admin", submit_request, request=draft, **FIELDS)
    subject, _body, link = told(world, "vendor", "request_submitted")[before]
    assert subject == f"{world.lapsed.name} submitted request {draft.number}: Change of country"
    assert link == f"/requests/{draft.public_id}/"


def test_both_sides_hear_of_questions_answers_and_messages(world: World, acts: Any, waiting: Request) -> None:
    acts("vendor.admin", ask_for_information, request=waiting, message="Since when?")
    assert [said[1] for said in told(world, "lapsed", "request_information_asked")] == ["Since when?"]
    acts("lapsed.admin", answer_request, request=waiting, message="Since May.", **FIELDS)
    assert [said[1] for said in told(world, "vendor", "request_answered")] == ["Since May."]
    others = len(told(world, "vendor", "request_message_in"))
    acts("vendor.admin", post_message, request=waiting, body="Thanks.")
    acts("lapsed.admin", post_message, request=waiting, body="Soon?")
    assert [said[1] for said in told(world, "lapsed", "request_message_out")] == ["Thanks."]
    assert [said[1] for said in told(world, "vendor", "request_message_in")][others:] == ["Soon?"]
    acts("lapsed.admin", withdraw_request, request=waiting)
    assert len(told(world, "vendor", "request_withdrawn")) == 1


def test_a_decline_mails_its_reason_to_the_admins_alone(world: World, acts: Any, waiting: Request) -> None:
    acts("vendor.admin", decline_request, request=waiting, reason="Send us the register.", revision=1)
    assert told(world, "lapsed", "request_declined")[0][1] == "Reason: Send us the register."
    mail.outbox.clear()
    while send_due_emails():
        pass
    sent = [message for message in mail.outbox if waiting.number in message.subject and "declined" in message.subject]
    assert [message.to[0].partition("<")[2].rstrip(">") for message in sent] == [address("lapsed.admin")]
    assert "Send us the register." in sent[0].body


def test_an_approval_and_what_is_overtaken_are_told(world: World, acts: Any, waiting: Request) -> None:
    before = seen(waiting)
    Organization.objects.filter(pk=world.lapsed.pk).update(country="FR")
    acts("vendor.admin", approve_request, request=waiting, **before)
    ((_subject, body, _link),) = told(world, "lapsed", "request_overtaken")
    reason = "This is already the organisation’s country."
    assert body == f"The request was closed, and nothing was changed. Reason: {reason}"
    again = acts("lapsed.admin", start_request, kind=CODE, subject_id=world.lapsed.public_id)
    asked = acts("lapsed.admin", submit_request, request=again, **FIELDS | {"payload": {"country": "IT"}})
    acts("vendor.admin", approve_request, request=asked, **seen(asked))
    assert told(world, "lapsed", "request_approved")[0][1] == "What you requested has been done."
    assert told(world, "publisher", "request_approved") == []


def test_nobody_is_told_of_a_draft(world: World, acts: Any, draft: Request) -> None:
    before = len(told(world, "vendor", "request_submitted"))
    acts("lapsed.admin", save_request_draft, request=draft, title="Soon")
    assert len(told(world, "vendor", "request_submitted")) == before


@pytest.fixture
def erased(world: World, acts: Any, waiting: Request) -> Person:
    """The person who asked, who is named in what they typed; and a colleague, so that somebody stays Admin."""
    Operator.objects.filter(pk=world.operator("lapsed.reader").pk).update(roles=["admin"])
    person = world.person("lapsed.admin")
    acts("vendor.admin", ask_for_information, request=waiting, message=f"Who is {person.email}?")
    mine = {"justification": f"Ask {person.name}", "contact_email": person.email}
    acts("lapsed.admin", answer_request, request=waiting, message=f"It is {person.name}", **FIELDS | mine)
    return person


def test_an_erased_person_is_in_no_text_of_a_request(waiting: Request, erased: Person) -> None:
    erase_personal_data(actor=Actor.system("test"), email=erased.email)
    texts = [str(row) for row in Request.objects.filter(pk=waiting.pk).values()]
    texts += [str(row) for row in RequestRevision.objects.filter(request=waiting).values()]
    texts += [str(row) for row in RequestMessage.objects.filter(request=waiting).values()]
    assert len(texts) == 5 and "(erased)" in "".join(texts)
    assert not [text for text in texts if erased.name in text or erased.email in text]


def test_an_export_has_what_the_person_asked_and_wrote(waiting: Request, erased: Person) -> None:
    data = export_personal_data(actor=Actor.system("test"), person=erased)
    assert [row["number"] for row in data["requests"]] == [waiting.number]
    assert [row["body"] for row in data["request_messages"]] == [f"It is {erased.name}"]

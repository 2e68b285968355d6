"""Requests to the vendor: drafts, submissions, decisions, and what both locks leave to each side."""

from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError
from django.utils import timezone, translation

from accounts.models import Organization
from notifications.models import Event
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound
from support.actions import messages as thread
from support.actions.deciding import (
    FactsChanged,
    approve_request,
    ask_for_information,
    assign_request,
    decline_request,
)
from support.actions.drafts import discard_request_draft, save_request_draft, start_request
from support.actions.messages import post_message
from support.actions.rows import RequestAlreadyOpen
from support.actions.submitting import answer_request, submit_request, withdraw_request
from support.country_change import CODE
from support.kinds import get_request_kind
from support.models import Request, RequestMessage, RequestRevision
from support.rows import describe_overtaken
from tests.support.asking import FIELDS, seen
from tests.uploads import PDF, picture
from tests.world import World


def stored(row: Request) -> Request:
    return Request.objects.get(pk=row.pk)


def country_of(world: World, name: str = "lapsed") -> str:
    return Organization.objects.get(pk=world[name].pk).country


def test_a_draft_is_found_again_and_names_what_it_is_about(world: World, acts: Any, draft: Request) -> None:
    again = acts("lapsed.admin", start_request, kind=CODE, subject_id=world.lapsed.public_id)
    assert again.pk == draft.pk
    kept = stored(draft)
    assert kept.number.startswith("R-") and len(kept.number) == 10 and kept.number == draft.number
    assert (kept.state, kept.subject_label, kept.title) == ("draft", world.lapsed.name, "Change of country")
    assert [each["label"] for each in kept.prefilled] == ["Organisation", "ORGID", "Category", "Problem"]


def test_a_draft_may_be_unfinished_and_a_submission_may_not(acts: Any, draft: Request) -> None:
    acts("lapsed.admin", save_request_draft, request=draft, justification="Half a")
    assert stored(draft).justification == "Half a" and stored(draft).version == 2
    for name in ("justification", "contact_email", "title"):
        with pytest.raises(InvalidInput) as refused:
            acts("lapsed.admin", submit_request, request=draft, **FIELDS | {name: " "})
        assert refused.value.field == name
    with pytest.raises(InvalidInput) as refused:
        acts("lapsed.admin", submit_request, request=draft, **FIELDS | {"payload": {}})
    assert refused.value.field == "country"
    assert stored(draft).state == "draft"


@pytest.mark.parametrize("payload", [{"country": "Atlantis"}, {"country": ["FR"]}, {"country": "FR", "more": 1}])
def test_a_payload_that_its_kind_does_not_know_is_refused(acts: Any, draft: Request, payload: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        acts("lapsed.admin", save_request_draft, request=draft, payload=payload)
    assert stored(draft).payload == {}


def test_the_second_save_of_the_same_version_is_refused(acts: Any, draft: Request) -> None:
    acts("lapsed.admin", save_request_draft, request=draft, version="1", title="First")
    with pytest.raises(Conflict) as refused:
        acts("lapsed.admin", save_request_draft, request=draft, version="1", title="Second")
    assert refused.value.code == "changed_meanwhile" and stored(draft).title == "First"


def test_a_draft_is_discarded_and_nothing_else(acts: Any, world: World, draft: Request) -> None:
    acts("lapsed.admin", discard_request_draft, request=draft)
    assert not Request.objects.filter(pk=draft.pk).exists()
    again = acts("lapsed.admin", start_request, kind=CODE, subject_id=world.lapsed.public_id)
    asked = acts("lapsed.admin", submit_request, request=again, **FIELDS)
    with pytest.raises(Conflict):
        acts("lapsed.admin", discard_request_draft, request=asked)
    assert Request.objects.filter(pk=asked.pk).exists()


def test_the_vendor_sees_what_is_submitted_and_no_draft(actor_for: Any, acts: Any, draft: Request) -> None:
    staff = actor_for("vendor.admin")
    assert draft not in Request.objects.visible_to(staff)
    acts("lapsed.admin", submit_request, request=draft, **FIELDS)
    assert draft in Request.objects.visible_to(staff)
    assert draft not in Request.objects.visible_to(actor_for("partner.admin"))


def test_what_is_submitted_is_kept_as_a_revision(waiting: Request) -> None:
    assert (waiting.state, waiting.revision) == ("submitted", 1) and waiting.submitted_at is not None
    (revision,) = RequestRevision.objects.filter(request=waiting)
    assert revision.field_values == FIELDS and revision.number == 1


def test_who_may_not_ask_begins_nothing(world: World, acts: Any) -> None:
    for who in ("lapsed.reader", "customer.admin", "vendor.admin"):
        with pytest.raises(ActionRefused):
            acts(who, start_request, kind=CODE, subject_id=world[who.partition(".")[0]].public_id)
    with pytest.raises(NotFound):
        acts("lapsed.admin", start_request, kind=CODE, subject_id=world.partner.public_id)
    with pytest.raises(NotFound):
        acts("lapsed.admin", start_request, kind="unknown", subject_id=world.lapsed.public_id)


def test_only_one_request_about_the_same_is_open(world: World, acts: Any, waiting: Request) -> None:
    again = acts("lapsed.admin", start_request, kind=CODE, subject_id=world.lapsed.public_id)
    assert again.pk != waiting.pk
    with pytest.raises(RequestAlreadyOpen) as refused:
        acts("lapsed.admin", submit_request, request=again, **FIELDS)
    assert refused.value.request == waiting and waiting.number in str(refused.value.message)
    acts("vendor.admin", ask_for_information, request=waiting, message="Since when?")  # it is open all the same
    with pytest.raises(RequestAlreadyOpen):
        acts("lapsed.admin", submit_request, request=again, **FIELDS)
    acts("lapsed.admin", withdraw_request, request=waiting)
    assert acts("lapsed.admin", submit_request, request=again, **FIELDS).state == "submitted"


def test_each_organisation_has_an_open_request_about_its_own(world: World, acts: Any, waiting: Request) -> None:
    other = acts("distributor2.admin", start_request, kind=CODE, subject_id=world.distributor2.public_id)
    assert acts("distributor2.admin", submit_request, request=other, **FIELDS).state == stored(waiting).state


def test_what_is_so_already_is_not_asked_for(acts: Any, draft: Request) -> None:
    with pytest.raises(Conflict) as refused:
        acts("lapsed.admin", submit_request, request=draft, **FIELDS | {"payload": {"country": "DE"}})
    assert refused.value.code == "country_is_the_same"


def test_an_approval_happens_at_once(world: World, acts: Any, waiting: Request) -> None:
    approved = acts("vendor.admin", approve_request, request=waiting, **seen(waiting))
    assert approved.state == "approved" and stored(waiting).decided_at is not None
    assert country_of(world) == "FR"
    with pytest.raises(Conflict):
        acts("vendor.admin", approve_request, request=waiting, **seen(waiting))


def test_other_facts_are_shown_before_anything_is_decided(world: World, acts: Any, waiting: Request) -> None:
    before = seen(waiting)
    Organization.objects.filter(pk=world.lapsed.pk).update(country="IT")
    with pytest.raises(FactsChanged) as refused:
        acts("vendor.admin", approve_request, request=waiting, **before)
    assert refused.value.code == "facts_changed" and "Current country: Italy" in str(refused.value.message)
    assert (stored(waiting).state, country_of(world)) == ("submitted", "IT")
    assert acts("vendor.admin", approve_request, request=waiting, **seen(waiting)).state == "approved"


def test_what_is_not_allowed_any_more_is_closed_as_overtaken(world: World, acts: Any, waiting: Request) -> None:
    before = seen(waiting)
    Organization.objects.filter(pk=world.lapsed.pk).update(country="FR")
    assert acts("vendor.admin", approve_request, request=waiting, **before).state == "overtaken"
    assert stored(waiting).state == "overtaken"
    Organization.objects.filter(pk=world.lapsed.pk).update(country="IT")  # what was so then is still told
    told = {"en": ("Current country", "France"), "fr": ("Pays actuel", "France"), "ja": ("現在の国/地域", "フランス")}
    for language, fact in told.items():
        with translation.override(language):
            found = describe_overtaken(stored(waiting))
        assert found and [reason.code for reason in found.reasons] == ["country_is_the_same"]
        assert [(fact.label, fact.text) for fact in found.facts][:1] == [fact]


def test_an_effect_that_fails_leaves_the_request_as_it_was(
    acts: Any, waiting: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: Any) -> None:
        raise Conflict("not_today", "Not today")

    monkeypatch.setitem(get_request_kind(CODE).__dict__, "effect", fail)
    with pytest.raises(Conflict, match="not_today"):
        acts("vendor.admin", approve_request, request=waiting, **seen(waiting))
    assert stored(waiting).state == "submitted"


def test_a_decline_needs_a_reason(acts: Any, waiting: Request) -> None:
    for reason in ("", "  ", "x" * 401):
        with pytest.raises(InvalidInput) as refused:
            acts("vendor.admin", decline_request, request=waiting, reason=reason, revision=1)
        assert refused.value.code == "reason_required"
    acts("vendor.admin", decline_request, request=waiting, reason="Send us the register first.", revision=1)
    assert (stored(waiting).state, stored(waiting).reason) == ("declined", "Send us the register first.")


def test_a_question_and_its_answer_make_a_new_revision(acts: Any, waiting: Request) -> None:
    before = seen(waiting)
    acts("vendor.admin", ask_for_information, request=waiting, message="Since when?")
    assert stored(waiting).state == "needs_information"
    with pytest.raises(Conflict):
        acts("vendor.admin", approve_request, request=waiting, **before)
    answer = FIELDS | {"justification": "Since May."}
    answered = acts("lapsed.admin", answer_request, request=waiting, message="See above.", **answer)
    assert (answered.state, answered.revision) == ("submitted", 2)
    said = list(RequestMessage.objects.filter(request=waiting).order_by("pk").values_list("body", flat=True))
    assert said == ["Since when?", "See above."]
    with pytest.raises(Conflict) as refused:
        acts("vendor.admin", approve_request, request=waiting, **before)
    assert refused.value.code == "revision_changed"
    first, second = RequestRevision.objects.filter(request=waiting).order_by("number")
    assert (first.justification, second.justification) == (FIELDS["justification"], "Since May.")
    assert acts("vendor.admin", approve_request, request=waiting, **seen(answered)).state == "approved"


def test_an_answer_to_what_is_overtaken_closes_it(world: World, acts: Any, waiting: Request) -> None:
    acts("vendor.admin", ask_for_information, request=waiting, message="Since when?")
    Organization.objects.filter(pk=world.lapsed.pk).update(country="FR")
    assert acts("lapsed.admin", answer_request, request=waiting, **FIELDS).state == "overtaken"
    assert stored(waiting).state == "overtaken"


def test_a_request_is_assigned_to_one_of_the_vendors(world: World, acts: Any, waiting: Request) -> None:
    staff, other = world.operator("vendor.reader"), world.operator("lapsed.admin")
    acts("vendor.admin", assign_request, request=waiting, operator=staff)
    assert stored(waiting).assignee_id == staff.pk
    with pytest.raises(InvalidInput):
        acts("vendor.admin", assign_request, request=waiting, operator=other)
    acts("vendor.admin", assign_request, request=waiting, operator=None)
    assert stored(waiting).assignee_id is None


def test_both_sides_write_while_it_is_open(world: World, acts: Any, waiting: Request) -> None:
    acts("lapsed.admin", post_message, request=waiting, body=" Anything else? ")
    acts("vendor.admin", post_message, request=waiting, body="No.")
    rows = RequestMessage.objects.filter(request=waiting).order_by("pk").values_list("organization_id", "body")
    assert list(rows) == [(world.lapsed.pk, "Anything else?"), (world.vendor.pk, "No.")]
    with pytest.raises(NotFound):
        acts("partner.admin", post_message, request=waiting, body="And me?")
    acts("lapsed.admin", withdraw_request, request=waiting)
    with pytest.raises(Conflict):
        acts("vendor.admin", post_message, request=waiting, body="Too late")


def test_a_message_that_is_sent_again_is_one(
    acts: Any, waiting: Request, monkeypatch: Any, settings: Any, tmp_path: Any
) -> None:
    """A second click: the other side is told once. The same word as an answer to something else is a further one."""
    settings.PRIVATE_ROOT = tmp_path

    def say(who: str, body: str, *files: str) -> RequestMessage:
        attachments = [SimpleUploadedFile(name, PDF if name.endswith("pdf") else picture("JPEG")) for name in files]
        message: RequestMessage = acts(who, post_message, request=waiting, body=body, attachments=attachments)
        return message

    first = say("lapsed.admin", "Yes.")
    assert say("lapsed.admin", " Yes. ") == first
    with_file = say("lapsed.admin", "Yes.", "a.pdf")
    assert with_file != first and say("lapsed.admin", "Yes.", "a.pdf") == with_file
    assert say("lapsed.admin", "Yes.", "a.pdf", "b.jpg") != with_file
    say("lapsed.admin", "Yes.", "b.jpg", "a.pdf")
    corrected = SimpleUploadedFile("a.pdf", PDF + b"% corrected")
    acts("lapsed.admin", post_message, request=waiting, body="Yes.", attachments=[corrected])
    for who, body in (("vendor.admin", "Really?"), ("lapsed.admin", "Yes."), ("vendor.admin", "Yes.")):
        say(who, body)
    told = Event.objects.filter(kind="request.commented", subject_id=waiting.public_id)
    assert told.count() == waiting.messages.count() == 7
    monkeypatch.setattr(thread, "SAME_MESSAGE", timedelta(0))
    say("vendor.admin", "Yes.")
    assert told.count() == waiting.messages.count() == 8


@pytest.mark.parametrize(
    ("who", "action", "values"),
    [
        ("vendor.reader", approve_request, {"facts_digest": "", "revision": 1}),
        ("vendor.reader", decline_request, {"reason": "No", "revision": 1}),
        ("vendor.reader", ask_for_information, {"message": "Why?"}),
        ("vendor.reader", assign_request, {"operator": None}),
        ("vendor.reader", post_message, {"body": "Hello"}),
        ("lapsed.admin", approve_request, {"facts_digest": "", "revision": 1}),
        ("lapsed.admin", decline_request, {"reason": "No", "revision": 1}),
        ("lapsed.reader", withdraw_request, {}),
        ("vendor.admin", withdraw_request, {}),
    ],
)
def test_who_may_not_do_it(acts: Any, waiting: Request, who: str, action: Any, values: dict[str, Any]) -> None:
    with pytest.raises(ActionRefused):
        acts(who, action, request=waiting, **values)
    assert stored(waiting).state == "submitted"


@pytest.mark.parametrize("action", [withdraw_request, answer_request, submit_request, save_request_draft])
def test_anothers_request_is_not_found(acts: Any, waiting: Request, action: Any) -> None:
    with pytest.raises(NotFound):
        acts("partner.admin", action, request=waiting)


# The second lock: what the database leaves to each side, whatever a request of theirs is made to say.


@pytest.mark.parametrize("is_locked", [True, False], ids=["first lock", "second lock"])
def test_each_lock_alone_hides_requests_with_their_threads(
    actor_for: Any, as_tenant: Any, acts: Any, waiting: Request, is_locked: bool
) -> None:
    acts("vendor.admin", post_message, request=waiting, body="Since when?")
    ours, others = ("lapsed.reader", "vendor.reader"), ("partner.admin", "distributor.admin", "publisher.admin")
    for who in (*ours, *others, "customer.admin", "stranger.admin"):
        actor = actor_for(who)
        with nullcontext() if is_locked else as_tenant(actor):  # without a tenant the database hides nothing
            for model, of_request in ((Request, "pk"), (RequestRevision, "request"), (RequestMessage, "request")):
                rows = model.objects.visible_to(actor) if is_locked else model.objects.all()
                assert rows.filter(**{of_request: waiting.pk}).exists() is (who in ours), (who, model)


def test_whoever_asks_decides_nothing(actor_for: Any, as_tenant: Any, waiting: Request) -> None:
    mine = Request.objects.filter(pk=waiting.pk)
    for state in ("approved", "needs_information"):
        with pytest.raises(DatabaseError, match="row-level security"), as_tenant(actor_for("lapsed.admin")):
            mine.update(state=state)
    with as_tenant(actor_for("lapsed.admin")):
        mine.update(title="Another", payload={"country": "IT"}, reason="Mine", assignee_id=1, open_key="x")
    kept = stored(waiting)
    assert (kept.title, kept.payload, kept.reason, kept.assignee_id) == (FIELDS["title"], {"country": "FR"}, "", None)
    assert kept.open_key == waiting.open_key


def test_why_a_request_was_overtaken_is_said_once(actor_for: Any, as_tenant: Any, acts: Any, waiting: Request) -> None:
    Organization.objects.filter(pk=waiting.organization_id).update(country="FR")
    rows = Request.objects.filter(pk=waiting.pk)
    for who in ("lapsed.admin", "vendor.admin"):
        with as_tenant(actor_for(who)):
            rows.update(overtaken_by={"en": {"reasons": [], "facts": []}})
        assert stored(waiting).overtaken_by == {}
    acts("vendor.admin", approve_request, request=waiting, **seen(waiting))
    with pytest.raises(DatabaseError, match="violates"), as_tenant(actor_for("lapsed.admin")):
        rows.update(overtaken_by={})
    assert set(stored(waiting).overtaken_by) == {"en", "fr", "ja"}


def test_the_database_wants_a_reason_and_what_a_request_is_about(
    actor_for: Any, as_tenant: Any, draft: Request, waiting: Request
) -> None:
    with pytest.raises(IntegrityError, match="request_declined_with_reason"), as_tenant(actor_for("vendor.admin")):
        Request.objects.filter(pk=waiting.pk).update(state="declined", decided_at=timezone.now())
    other = Request.objects.create(kind=CODE, organization=draft.organization, subject_id=draft.public_id)
    for key, name in (("", "request_submitted_with_key"), (waiting.open_key, "request_one_open")):
        with pytest.raises(IntegrityError, match=name), as_tenant(actor_for("lapsed.admin")):
            Request.objects.filter(pk=other.pk).update(state="submitted", submitted_at=timezone.now(), open_key=key)


def test_the_vendor_changes_nothing_that_was_asked(world: World, actor_for: Any, as_tenant: Any, waiting: Any) -> None:
    rows, other = Request.objects.filter(pk=waiting.pk), world.operator("partner.admin")
    with as_tenant(actor_for("vendor.admin")):
        rows.update(title="Another", payload={"country": "IT"}, assignee_id=other.pk)
    kept = stored(waiting)
    assert (kept.title, kept.payload, kept.assignee_id) == (FIELDS["title"], {"country": "FR"}, None)
    with pytest.raises(DatabaseError, match="row-level security"), as_tenant(actor_for("vendor.admin")):
        rows.update(state="withdrawn")


def test_a_revision_and_a_message_are_never_changed(actor_for: Any, as_tenant: Any, waiting: Request) -> None:
    for who in ("lapsed.admin", "vendor.admin"):
        for model in (RequestRevision, RequestMessage):
            with pytest.raises(DatabaseError, match="permission denied"), as_tenant(actor_for(who)):
                model.objects.filter(request=waiting).update(request=waiting)


def test_the_database_lets_admins_of_both_sides_write_while_it_is_open(
    actor_for: Any, as_tenant: Any, acts: Any, waiting: Request
) -> None:
    def write(who: str, model: Any, **values: Any) -> None:
        with pytest.raises(DatabaseError, match="row-level security"), as_tenant(actor_for(who)):
            model.objects.create(request=waiting, **values)

    message = {"organization": waiting.organization, "body": "Good day."}
    for who in ("vendor.admin", "lapsed.reader", "partner.admin"):
        write(who, RequestRevision, number=2, **FIELDS)
    for who in ("vendor.reader", "lapsed.reader", "partner.admin"):
        write(who, RequestMessage, **message)
    acts("lapsed.admin", withdraw_request, request=waiting)
    for who in ("vendor.admin", "lapsed.admin"):
        write(who, RequestMessage, **message)


def test_the_database_lets_readers_begin_change_and_discard_nothing(
    actor_for: Any, as_tenant: Any, draft: Request
) -> None:
    reader, mine = actor_for("lapsed.reader"), Request.objects.filter(pk=draft.pk)
    with pytest.raises(DatabaseError, match="row-level security"), as_tenant(reader):
        Request.objects.create(kind=CODE, organization_id=draft.organization_id, subject_id=draft.public_id)
    with pytest.raises(DatabaseError, match="row-level security"), as_tenant(reader):
        mine.update(title="Another")
    with as_tenant(reader):
        assert mine._raw_delete("default") == 0
    with as_tenant(actor_for("lapsed.admin")):
        assert mine._raw_delete("default") == 1


def test_a_message_names_who_writes_it(world: World, actor_for: Any, as_tenant: Any, waiting: Request) -> None:
    actor, lie = actor_for("lapsed.admin"), {"organization": world.vendor, "person": world.person("vendor.admin")}
    with as_tenant(actor):
        said = RequestMessage.objects.create(request=waiting, body="Approved", **lie)
    said.refresh_from_db()
    assert (said.organization_id, said.person_id) == (world.lapsed.pk, actor.person_id)


def test_moments_are_the_databases_to_say(actor_for: Any, as_tenant: Any, waiting: Request) -> None:
    long_ago, submitted = timezone.now().replace(year=1999), stored(waiting).submitted_at
    with as_tenant(actor_for("lapsed.admin")):
        Request.objects.filter(pk=waiting.pk).update(submitted_at=long_ago, updated_at=long_ago)
    assert stored(waiting).submitted_at == submitted
    assert stored(waiting).updated_at.year > 2000


def test_a_number_does_not_say_how_many_requests_others_have_made(world: World, acts: Any) -> None:
    made = [
        acts(f"{who}.admin", start_request, kind=CODE, subject_id=world[who].public_id)
        for who in ("lapsed", "partner", "partner2", "distributor")
    ]
    numbers = [int(Request.objects.get(pk=row.pk).number.removeprefix("R-")) for row in made]
    assert min(numbers) >= 10_000_000 and numbers != list(range(numbers[0], numbers[0] + 4))

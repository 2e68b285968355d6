"""Files of requests: attached to a draft, with an answer or with a message; who has them, and what may become one."""

from contextlib import nullcontext
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError

from accounts.actions.personal_data import erase_personal_data
from accounts.models import Operator, Organization
from partnerportal.lib.actors import Actor
from partnerportal.lib.attached_files import open_attached_file
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound, TooManyAttempts
from partnerportal.lib.private_files import list_private_files
from support.actions import files as actions
from support.actions.deciding import ask_for_information
from support.actions.drafts import discard_request_draft, save_request_draft, start_request
from support.actions.files import attach_files, remove_file
from support.actions.messages import post_message
from support.actions.submitting import answer_request, submit_request, withdraw_request
from support.country_change import CODE
from support.models import Request, RequestFile, RequestMessage
from tests.support.asking import FIELDS
from tests.support.test_pages import FORM, hidden
from tests.uploads import PDF, office, picture
from tests.world import World

pytestmark = pytest.mark.usefixtures("private_folder")


def paper(name: str = "register.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def names(row: Request) -> list[str]:
    return list(RequestFile.objects.filter(request=row).order_by("pk").values_list("name", flat=True))


def stored_files() -> set[str]:
    return {file.name for file in list_private_files(RequestFile.get_folder())}


def status(client: Any, path: str) -> int:
    answer = client.get(path)
    for close in answer._resource_closers:  # not close(), which would end the connection of the test
        close()
    return int(answer.status_code)


SEE_NOTHING = (
    "partner.admin",
    "partner2.admin",
    "distributor.admin",
    "publisher.admin",
    "customer.admin",
    "stranger.admin",
)


def test_who_sees_the_request_has_its_files_and_nobody_else(
    world: World, web: Any, api: Any, acts: Any, draft: Any
) -> None:
    """By pages and by the API, before it is submitted and after; also what the other side has sent."""
    (file,) = acts("lapsed.admin", attach_files, request=draft, files=[paper("secret-qattachedq.pdf")])
    paths = [f"/requests/{draft.public_id}/files/{file.public_id}/"]
    paths.append(f"/api/v1{paths[0]}")

    def statuses(who: str) -> list[int]:
        return [status(web(who), paths[0]), status(api(who), paths[1])]

    for who in ("vendor.admin", "vendor.reader", *SEE_NOTHING):
        assert statuses(who) == [404, 404], who
    for who in ("lapsed.admin", "lapsed.reader"):
        assert statuses(who) == [200, 200], who
    acts("lapsed.admin", submit_request, request=draft, **FIELDS)
    said = acts("vendor.admin", post_message, request=draft, body="See there.", attachments=[paper("answer.pdf")])
    paths = [path.replace(str(file.public_id), str(said.files.get().public_id)) for path in paths] + paths
    for path in paths:
        for who in ("lapsed.admin", "lapsed.reader", "vendor.admin", "vendor.reader"):
            assert status((api if "/api/" in path else web)(who), path) == 200, (who, path)
        for who in SEE_NOTHING:
            assert status((api if "/api/" in path else web)(who), path) == 404, (who, path)
    for who in SEE_NOTHING:
        assert "qattachedq" not in web(who).get("/requests/").content.decode()
    assert web("anonymous").get(paths[-2]).status_code == 302


def test_a_file_is_served_to_be_saved_under_its_name(web: Any, acts: Any, draft: Request) -> None:
    (file,) = acts("lapsed.admin", attach_files, request=draft, files=[paper("登記簿.pdf")])
    answer = web("lapsed.admin").get(f"/requests/{draft.public_id}/files/{file.public_id}/")
    content = b"".join(answer.streaming_content)
    assert content == PDF and answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment;") and "sandbox" in answer["Content-Security-Policy"]


def test_a_file_of_another_request_is_not_found_there(world: World, web: Any, acts: Any, draft: Request) -> None:
    (file,) = acts("lapsed.admin", attach_files, request=draft, files=[paper()])
    other = Request.objects.get(organization=world.partner, state="submitted")
    assert web("lapsed.admin").get(f"/requests/{other.public_id}/files/{file.public_id}/").status_code == 404
    acts("lapsed.admin", submit_request, request=draft, **FIELDS)
    assert web("vendor.admin").get(f"/requests/{other.public_id}/files/{file.public_id}/").status_code == 404


def test_files_come_with_the_draft_the_answer_and_messages(acts: Any, draft: Request) -> None:
    acts("lapsed.admin", save_request_draft, request=draft, attachments=[paper("1.pdf"), paper("2.pdf")])
    removed = [str(RequestFile.objects.get(name="1.pdf").public_id)]
    acts("lapsed.admin", submit_request, request=draft, attachments=[paper("3.pdf")], removed=removed, **FIELDS)
    assert names(draft) == ["2.pdf", "3.pdf"]
    acts("vendor.admin", ask_for_information, request=draft, message="Since when?")
    acts("lapsed.admin", answer_request, request=draft, attachments=[paper("4.docx", office("docx"))], **FIELDS)
    said = acts("lapsed.admin", post_message, request=draft, body="And", attachments=[paper("5.png", picture("PNG"))])
    of_details = RequestFile.objects.filter(request=draft, message=None).order_by("pk")
    assert [file.name for file in of_details] == ["2.pdf", "3.pdf", "4.docx"]
    assert [file.name for file in said.files.all()] == ["5.png"]


def test_what_was_submitted_is_fixed(acts: Any, draft: Request) -> None:
    (file,) = acts("lapsed.admin", attach_files, request=draft, files=[paper()])
    acts("lapsed.admin", submit_request, request=draft, **FIELDS)
    for action, values in ((attach_files, {"files": [paper()]}), (remove_file, {"file": file})):
        with pytest.raises(Conflict) as refused:
            acts("lapsed.admin", action, request=draft, **values)
        assert refused.value.code == "state_changed"
    acts("lapsed.admin", withdraw_request, request=draft)
    with pytest.raises(Conflict):
        acts("lapsed.admin", post_message, request=draft, body="And", attachments=[paper()])
    assert names(draft) == ["register.pdf"]


@pytest.mark.parametrize("who", ["lapsed.reader", "vendor.admin", "partner.admin"])
def test_only_whoever_asks_attaches_and_removes(acts: Any, draft: Request, who: str) -> None:
    (file,) = acts("lapsed.admin", attach_files, request=draft, files=[paper()])
    for action, values in ((attach_files, {"files": [paper()]}), (remove_file, {"file": file})):
        with pytest.raises((ActionRefused, NotFound)):
            acts(who, action, request=draft, **values)
    assert names(draft) == ["register.pdf"]


def test_a_removed_file_and_those_of_a_discarded_draft_are_deleted(
    acts: Any, draft: Request, django_capture_on_commit_callbacks: Any
) -> None:
    one, two = acts("lapsed.admin", attach_files, request=draft, files=[paper(), paper()])
    with open_attached_file(one) as file:
        assert file.read() == PDF
    assert stored_files() == {str(one.public_id), str(two.public_id)}
    with django_capture_on_commit_callbacks(execute=True):
        acts("lapsed.admin", remove_file, request=draft, file=one)
    assert stored_files() == {str(two.public_id)}
    with django_capture_on_commit_callbacks(execute=True):
        acts("lapsed.admin", discard_request_draft, request=draft)
    assert stored_files() == set() and not Request.objects.filter(pk=draft.pk).exists()


def test_a_request_has_so_many_files_and_no_more(acts: Any, draft: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "MOST_FILES", 3)
    acts("lapsed.admin", submit_request, request=draft, attachments=[paper(), paper()], **FIELDS)
    acts("vendor.admin", post_message, request=draft, body="See there.", attachments=[paper()])
    for who in ("lapsed.admin", "vendor.admin"):
        with pytest.raises(Conflict) as refused:
            acts(who, post_message, request=draft, body="More", attachments=[paper()])
        assert (refused.value.code, refused.value.field) == ("too_many_files", "attachments")
    assert RequestMessage.objects.filter(request=draft).count() == 1
    monkeypatch.setattr(actions, "MOST_FILES", 20)
    monkeypatch.setattr(actions, "MOST_BYTES", 4 * len(PDF) - 1)
    with pytest.raises(Conflict) as refused:
        acts("lapsed.admin", post_message, request=draft, body="More", attachments=[paper()])
    assert refused.value.code == "too_much_attached"


def test_an_organisation_attaches_so_many_in_an_hour(
    acts: Any, draft: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "FILES_AN_HOUR", 2)
    acts("lapsed.admin", attach_files, request=draft, files=[paper(), paper()])
    with pytest.raises(TooManyAttempts):
        acts("lapsed.admin", attach_files, request=draft, files=[paper()])


HOSTILE = {
    "x.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
    "x.html": b"<html>",
    "x.pdf": b"<html>",
    "x.png": b"<html>",
    "y.png": b"",
    "x.exe": b"MZ",
    "x.zip": b"PK\x03\x04",
    "x.docm": office("docx"),
    "x": PDF,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_document_or_picture_is_refused_by_name(acts: Any, draft: Request, name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        acts("lapsed.admin", attach_files, request=draft, files=[paper(), paper(name, HOSTILE[name])])
    assert refused.value.field == "attachments" and str(refused.value.message).startswith(f"{name}: ")
    assert names(draft) == [] and stored_files() == set()


# The pages.


@pytest.fixture
def url(draft: Request) -> str:
    return f"/requests/{draft.public_id}/details/"


def test_files_are_attached_and_removed_with_the_draft_on_its_page(web: Any, draft: Request, url: str) -> None:
    client = web("lapsed.admin")
    client.post(url, FORM | {"version": "1", "save": "1", "attachments": [paper("1.pdf"), paper("2.pdf")]})
    page = client.get(url).content.decode()
    assert "1.pdf" in page and "2.pdf" in page and 'enctype="multipart/form-data"' in page
    first = str(RequestFile.objects.get(name="1.pdf").public_id)
    client.post(url, FORM | {"version": hidden(page, "version"), "save": "1", "removed": [first]})
    assert names(draft) == ["2.pdf"]
    page = client.get(f"/requests/{draft.public_id}/").content.decode()
    assert "2.pdf" in page and "1.pdf" not in page


def test_files_stay_when_the_form_is_refused(web: Any, draft: Request, url: str) -> None:
    """A browser forgets what was chosen; who corrects the form does not choose again, and no file is there twice."""
    client = web("lapsed.admin")
    page = client.post(url, FORM | {"version": "1", "title": "", "attachments": [paper("1.pdf")]})
    shown = page.content.decode()
    assert page.status_code == 200 and "1.pdf" in shown and "This field is required." in shown
    assert 'value="office@example.com"' in shown and "Our office is in &lt;Paris&gt; now.</textarea>" in shown
    again = client.post(url, FORM | {"version": hidden(shown, "version")})
    assert again.status_code == 302 and names(draft) == ["1.pdf"]
    draft.refresh_from_db()
    assert draft.state == "submitted"


def test_what_a_colleague_has_saved_gets_no_files_of_a_refused_form(web: Any, draft: Request, url: str) -> None:
    client = web("lapsed.admin")
    client.post(url, FORM | {"version": "1", "save": "1", "title": "First"})
    page = client.post(url, FORM | {"version": "1", "save": "1", "attachments": [paper("1.pdf")]}).content.decode()
    assert "This has changed in the meantime" in page and hidden(page, "version") == "1"
    assert names(draft) == []


def test_a_file_that_is_refused_says_so_beside_the_field(web: Any, draft: Request, url: str) -> None:
    sent = FORM | {"version": "1", "attachments": [paper("1.pdf"), paper("2.pdf", b"<html>")]}
    page = web("lapsed.admin").post(url, sent).content.decode()
    assert "2.pdf: The content of the file doesn’t match its extension" in page and "field-error" in page
    assert names(draft) == []


def test_both_sides_send_files_with_messages_on_the_page(web: Any, waiting: Request) -> None:
    page = f"/requests/{waiting.public_id}/"
    for who in ("vendor.admin", "lapsed.admin"):
        name = f"{who.partition('.')[0]}.pdf"
        sent = web(who).post(f"{page}messages/", {"message": "See there.", "attachments": [paper(name)]})
        assert sent.status_code == 302
    refused = web("vendor.admin").post(f"{page}messages/", {"message": "My words", "attachments": [paper("x.exe")]})
    shown = refused.content.decode()
    assert refused.status_code == 400 and "x.exe: This type of file" in shown and "My words</textarea>" in shown
    for who in ("vendor.reader", "lapsed.reader"):
        shown = web(who).get(page).content.decode()
        assert "vendor.pdf" in shown and "lapsed.pdf" in shown
    assert RequestMessage.objects.filter(request=waiting).count() == 2


def test_the_vendors_question_brings_files_on_the_page(web: Any, waiting: Request) -> None:
    path, staff = f"/requests/{waiting.public_id}/ask/", web("vendor.admin")
    for htmx in ({}, {"HX-Request": "true"}):
        form = staff.get(path, headers=htmx).content.decode()
        assert 'enctype="multipart/form-data"' in form and 'name="attachments"' in form
    refused = staff.post(path, {"message": "My words", "attachments": [paper("x.exe")]}).content.decode()
    assert "x.exe: This type of file" in refused and "My words</textarea>" in refused
    assert staff.post(path, {"message": "Like this?", "attachments": [paper("form.pdf")]}).status_code == 302
    asked = RequestMessage.objects.get(request=waiting)
    assert (asked.body, [file.name for file in asked.files.all()]) == ("Like this?", ["form.pdf"])
    assert "form.pdf" in web("lapsed.reader").get(f"/requests/{waiting.public_id}/").content.decode()


def test_an_answer_brings_files_on_the_page(web: Any, acts: Any, waiting: Request, url: str) -> None:
    acts("vendor.admin", ask_for_information, request=waiting, message="Since when?")
    client = web("lapsed.admin")
    version = hidden(client.get(url).content.decode(), "version")
    assert client.post(url, FORM | {"version": version, "attachments": [paper()]}).status_code == 302
    assert names(waiting) == ["register.pdf"]
    assert "register.pdf" in web("vendor.admin").get(f"/requests/{waiting.public_id}/").content.decode()


def test_the_page_costs_the_same_for_many_files(web: Any, acts: Any, waiting: Request, count_queries: Any) -> None:
    client, page = web("vendor.admin"), f"/requests/{waiting.public_id}/"
    acts("vendor.admin", post_message, request=waiting, body="See there.", attachments=[paper()])
    client.get(page)
    with count_queries() as few:
        client.get(page)
    for _each in range(3):
        acts("vendor.admin", post_message, request=waiting, body="See there.", attachments=[paper(), paper()])
    with count_queries() as many:
        client.get(page)
    assert len(many) == len(few)


# The API.


def test_a_file_is_uploaded_listed_saved_and_removed(api: Any, draft: Request) -> None:
    client, path = api("lapsed.admin"), f"/api/v1/requests/{draft.public_id}/files/"
    made = client.post(path, {"file": paper()}, format="multipart", headers={"Idempotency-Key": "one"})
    assert made.status_code == 201 and made["Location"] == made.json()["url"]
    again = client.post(path, {"file": paper()}, format="multipart", headers={"Idempotency-Key": "one"})
    assert (again["Idempotency-Replayed"], again["ETag"], again["Location"]) == ("true", made["ETag"], made["Location"])
    (file,) = client.get(path).json()["items"]
    assert (file["name"], file["size"], file["message"]) == ("register.pdf", len(PDF), None)
    assert b"".join(client.get(file["url"]).streaming_content) == PDF
    assert client.delete(file["url"]).status_code == 428
    assert client.delete(file["url"], headers={"If-Match": '"1"'}).status_code == 412
    assert client.delete(file["url"], headers={"If-Match": made["ETag"]}).status_code == 204
    assert client.get(path).json()["items"] == [] and client.get(file["url"]).status_code == 404


@pytest.mark.parametrize(
    ("sent", "code", "attr"),
    [
        ({"file": paper("x.exe", b"MZ")}, "file_type_refused", "file"),
        ({"file": paper("x.pdf", b"")}, "empty_file", "file"),
        ({}, "required", "file"),
        ({"file": "text"}, "invalid", "file"),
        ({"file": paper(), "more": "x"}, "unknown_field", "more"),
    ],
)
def test_what_is_no_file_of_a_request_is_refused_by_the_api(
    api: Any, draft: Any, sent: Any, code: str, attr: str
) -> None:
    refused = api("lapsed.admin").post(f"/api/v1/requests/{draft.public_id}/files/", sent, format="multipart")
    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["code"], error["attr"]) == (400, code, attr)


def test_questions_answers_and_messages_bring_files_as_forms(api: Any, waiting: Request) -> None:
    path = f"/api/v1/requests/{waiting.public_id}/"
    sent = {"message": "Since when?", "attachments": [paper("0.pdf")]}
    asked = api("vendor.admin").post(f"{path}ask/", sent, format="multipart")
    assert asked.json()["state"] == "needs_information"
    question = str(RequestMessage.objects.get(request=waiting).public_id)
    sent = {"message": "Since May.", "attachments": [paper("1.pdf"), paper("2.pdf")]}
    answered = api("lapsed.admin").post(f"{path}answer/", sent, format="multipart")
    assert answered.json()["state"] == "submitted" and answered.json()["payload"] == {"country": "FR"}
    sent = {"message": "Thanks.", "attachments": [paper("3.pdf")]}
    said = api("vendor.admin").post(f"{path}messages/", sent, format="multipart")
    assert said.status_code == 201
    files = api("lapsed.reader").get(f"{path}files/").json()["items"]
    assert [(file["name"], file["message"]) for file in files] == [
        ("0.pdf", question), ("1.pdf", None), ("2.pdf", None), ("3.pdf", said.json()["id"]),
    ]  # fmt: skip
    refused = api("vendor.admin").post(f"{path}messages/", {"message": "x", "payload": "{}"}, format="multipart")
    assert refused.json()["errors"][0]["code"] == "unknown_field"


# The second lock.


def test_the_database_lets_each_side_attach_only_what_is_its_own(
    world: World, actor_for: Any, as_tenant: Any, acts: Any, draft: Request
) -> None:
    values = {"request": draft, "name": "x.pdf", "size": 1}
    with as_tenant(actor_for("lapsed.admin")):
        of_draft = RequestFile.objects.create(**values)
    for who in ("lapsed.reader", "vendor.admin", "partner.admin"):
        with pytest.raises(DatabaseError, match="row-level security"), as_tenant(actor_for(who)):
            RequestFile.objects.create(**values)
        with as_tenant(actor_for(who)):
            assert RequestFile.objects.filter(pk=of_draft.pk)._raw_delete("default") == 0
    acts("lapsed.admin", submit_request, request=draft, **FIELDS)
    said = acts("vendor.admin", post_message, request=draft, body="See there.")
    mine = acts("lapsed.admin", post_message, request=draft, body="Good day.")
    for who, message in (
        ("lapsed.admin", None), ("vendor.admin", None), ("lapsed.admin", said), ("vendor.admin", mine),
        ("partner.admin", said), ("vendor.reader", said), ("lapsed.reader", mine),
    ):  # fmt: skip
        with pytest.raises(DatabaseError, match="row-level security"), as_tenant(actor_for(who)):
            RequestFile.objects.create(message=message, **values)
    other = Request.objects.get(organization=world.partner, state="submitted")
    with pytest.raises(DatabaseError, match="row-level security"), as_tenant(actor_for("vendor.admin")):
        RequestFile.objects.create(message=said, **values | {"request": other})
    with as_tenant(actor_for("lapsed.admin")):
        RequestFile.objects.create(message=mine, **values)
        assert RequestFile.objects.all()._raw_delete("default") == 0
    with pytest.raises(DatabaseError, match="permission denied"), as_tenant(actor_for("lapsed.admin")):
        RequestFile.objects.update(name="y.pdf")


@pytest.mark.parametrize("is_locked", [True, False], ids=["first lock", "second lock"])
def test_each_lock_alone_hides_the_files_of_others(
    world: World, actor_for: Any, as_tenant: Any, is_locked: bool
) -> None:
    """Of the cast: each that asks has a file of its details and one of a message, the publisher one of a draft too."""
    asked = Request.objects.filter(state="submitted", files__isnull=False).distinct()
    expected = {"vendor.admin": 2 * asked.count(), "publisher.reader": 3, "partner.admin": 2, "customer.admin": 0}
    for who, number in expected.items():
        actor = actor_for(who)
        with nullcontext() if is_locked else as_tenant(actor):  # without a tenant the database hides nothing
            rows = RequestFile.objects.visible_to(actor) if is_locked else RequestFile.objects.all()
            assert rows.count() == number, who


def test_an_erased_person_is_in_no_name_of_a_file(world: World, acts: Any, draft: Request) -> None:
    Operator.objects.filter(pk=world.operator("lapsed.reader").pk).update(roles=["admin"])
    person = world.person("lapsed.admin")
    files = [paper(f"Letter of {person.name} ({person.email}).pdf")]
    acts("lapsed.admin", submit_request, request=draft, attachments=files, **FIELDS)
    erase_personal_data(actor=Actor.system("test"), email=person.email)
    (name,) = names(draft)
    assert person.email not in name and person.name not in name and "(erased)" in name


def test_a_draft_of_a_colleague_has_files_of_its_own(world: World, acts: Any, draft: Request) -> None:
    """A second draft about the same has none of the first one's."""
    acts("lapsed.admin", attach_files, request=draft, files=[paper()])
    acts("lapsed.admin", submit_request, request=draft, **FIELDS)
    again = acts("lapsed.admin", start_request, kind=CODE, subject_id=world.lapsed.public_id)
    assert names(again) == [] and names(draft) == ["register.pdf"]
    assert Organization.objects.get(pk=world.lapsed.pk).country == "DE"

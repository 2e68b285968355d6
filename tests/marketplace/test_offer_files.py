"""Pictures and documents of offers: who may see which, what may become one, and what becomes of those nobody needs."""

from contextlib import nullcontext

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from marketplace.actions.files import add_offer_file, remove_offer_file
from marketplace.actions.offers import publish_offer, save_draft
from marketplace.content import MOST_SCREENSHOTS, find_problems
from marketplace.models import Offer, OfferFile
from marketplace.queries.offers import get_draft, make_tree
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound
from tests.uploads import PDF, picture
from tests.world_offers import CHANNEL, make_content

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("private_folder")]


@pytest.fixture
def publisher(world):
    return world.actor("publisher.admin")


@pytest.fixture
def backup(world):
    return Offer.objects.get(code="backup")


def upload(kind, name=""):
    if kind in ("logo", "screenshot"):
        return SimpleUploadedFile(name or "picture.png", picture("PNG"))
    return SimpleUploadedFile(name or "paper.pdf", PDF)


def add(actor, offer, kind, name=""):
    return add_offer_file(actor=actor, offer=offer, kind=kind, upload=upload(kind, name))


def publish(actor, offer):
    publish_offer(actor=actor, offer=offer, revision=get_draft(offer).revision)


def status(client, file):
    answer = client.get(f"/marketplace/files/{file.public_id}/")
    for close in answer._resource_closers:  # not close(), which would end the connection of the test
        close()
    return answer.status_code


RESELLERS = ("partner.admin", "partner.reader", "distributor.admin")
OTHERS = ("customer.admin", "partner2.admin", "stranger.admin")
OWN = ("publisher.admin", "publisher.reader", "vendor.admin")


@pytest.mark.promise("CA-4", "CA-30")
@pytest.mark.parametrize("kind", OfferFile.DOCUMENTS)
def test_material_is_for_resellers_and_never_for_customers(world, web, api, publisher, backup, kind):
    """By its address, on pages, in the API; before it is published, only the publisher and the vendor see it."""
    file = add(publisher, backup, kind, "secret-qmaterialq.pdf")
    assert [status(web(who), file) for who in (*OWN, *RESELLERS, *OTHERS)] == [200] * 3 + [404] * 6
    publish(publisher, backup)
    assert [status(web(who), file) for who in (*OWN, *RESELLERS, *OTHERS)] == [200] * 6 + [404] * 3
    page = f"/marketplace/offers/{backup.public_id}/"
    assert "qmaterialq" in web("partner.admin").get(page).content.decode()
    for path in (f"/marketplace/{backup.public_id}/", "/marketplace/?q=qmaterialq", "/marketplace/"):
        assert "secret-qmaterialq" not in web("customer.admin").get(path).content.decode()
    assert web("anonymous").get(f"/marketplace/files/{file.public_id}/").status_code == 302


@pytest.mark.parametrize("kind", ["logo", "screenshot"])
def test_pictures_are_for_everybody_once_they_are_live(world, web, publisher, backup, kind):
    file = add(publisher, backup, kind)
    assert [status(web(who), file) for who in (*OWN, *RESELLERS, *OTHERS)] == [200] * 3 + [404] * 6
    publish(publisher, backup)
    assert [status(web(who), file) for who in (*OWN, *RESELLERS, *OTHERS)] == [200] * 9
    assert str(file.public_id) in web("customer.admin").get(f"/marketplace/{backup.public_id}/").content.decode()


@pytest.mark.parametrize("is_locked", [True, False], ids=["first lock", "second lock"])
def test_each_lock_alone_hides_documents_from_customers_and_drafts_from_all(world, as_tenant, is_locked):
    """Of the cast: a live logo, a live document, and a document of the draft."""
    for who, kinds in (
        ("publisher.admin", {"logo", "sales", "training"}),
        ("vendor.admin", {"logo", "sales", "training"}),
        ("partner.admin", {"logo", "sales"}),
        ("customer.admin", {"logo"}),
        ("partner2.admin", {"logo"}),
    ):
        with nullcontext() if is_locked else as_tenant(world.actor(who)):  # without a tenant the database hides nothing
            rows = OfferFile.objects.visible_to(world.actor(who)) if is_locked else OfferFile.objects.all()
            assert set(rows.values_list("kind", flat=True)) == kinds, who


def test_a_document_is_material_as_a_link_is(publisher, backup):
    channel = {key: value for key, value in CHANNEL.items() if not key.endswith("s_url")}
    channel["support_url"] = ""
    save_draft(actor=publisher, offer=backup, content=make_content("B", "basic"), channel=channel, revision=None)

    def codes():
        draft = get_draft(backup)
        return [problem.code for problem in find_problems(backup, draft.content, draft.channel.content)]

    assert codes() == ["no_sales_material", "no_support_material"]
    add(publisher, backup, "sales")
    assert codes() == ["no_support_material"]
    add(publisher, backup, "support")
    add(publisher, backup, "training")
    assert codes() == []


def test_a_file_that_no_version_has_goes_and_a_published_one_stays(publisher, backup):
    draft_only, live = add(publisher, backup, "sales"), add(publisher, backup, "logo")
    remove_offer_file(actor=publisher, offer=backup, file=draft_only)
    assert not OfferFile.objects.filter(pk=draft_only.pk).exists()
    publish(publisher, backup)
    remove_offer_file(actor=publisher, offer=backup, file=live)
    assert make_tree(get_draft(backup))["logo"] is None
    publish(publisher, backup)
    live.refresh_from_db()
    assert (live.is_live, live.published_in) == (False, 2)
    with pytest.raises(IntegrityError, match="violates"), transaction.atomic():
        live.delete()


def test_a_new_logo_replaces_the_old_and_screenshots_are_few(publisher, backup):
    first, second = add(publisher, backup, "logo"), add(publisher, backup, "logo", "new.png")
    assert not OfferFile.objects.filter(pk=first.pk).exists()
    assert get_draft(backup).content["logo"] == str(second.public_id)
    for number in range(MOST_SCREENSHOTS):
        add(publisher, backup, "screenshot", f"{number}.png")
    with pytest.raises(Conflict) as refusal:
        add(publisher, backup, "screenshot")
    assert refusal.value.code == "too_many_files"


@pytest.mark.parametrize("kind", ["sales", "screenshot", "logo"])
def test_a_file_that_is_sent_again_is_in_the_draft_once(publisher, backup, kind):
    """A second click without JavaScript. Under another name, or of another kind, it is another file."""
    ending = "pdf" if kind == "sales" else "png"
    first = add(publisher, backup, kind, f"a.{ending}")
    revision = get_draft(backup).revision
    assert add(publisher, backup, kind, f"a.{ending}") == first and get_draft(backup).revision == revision
    assert add(publisher, backup, kind, f"b.{ending}") != first
    if kind == "sales":
        assert add(publisher, backup, "support", "a.pdf") != first
    remove_offer_file(actor=publisher, offer=backup, file=add(publisher, backup, kind, f"b.{ending}"))
    assert add(publisher, backup, kind, f"b.{ending}") != first  # it was taken off, so it is added


@pytest.mark.parametrize("who", ["publisher.reader", "partner.admin", "vendor.admin"])
def test_only_admins_of_publishers_add_and_remove(world, backup, who):
    file = OfferFile.objects.get(kind="training")
    for act in (
        lambda: add(world.actor(who), backup, "sales"),
        lambda: remove_offer_file(actor=world.actor(who), offer=backup, file=file),
    ):
        with pytest.raises(ActionRefused):
            act()


@pytest.mark.parametrize(
    ("kind", "pointer"), [("logo", "/logo"), ("screenshots", "/screenshots/0"), ("sales", "/channel/documents/0/id")]
)
def test_a_draft_names_only_files_of_its_offer(publisher, backup, kind, pointer):
    foreign = Offer.objects.get(code="monitor")
    key = str(add(publisher, foreign, "screenshot" if kind == "screenshots" else kind).public_id)
    content, channel = make_content("B", "basic"), dict(CHANNEL)
    if kind == "sales":
        channel["documents"] = [{"id": key, "kind": "sales"}]
    else:
        content[kind] = key if kind == "logo" else [key]
    with pytest.raises(InvalidInput) as refusal:
        save_draft(actor=publisher, offer=backup, content=content, channel=channel, revision=None)
    assert (refusal.value.code, refusal.value.field) == ("unknown_file", pointer)


@pytest.mark.parametrize(
    ("kind", "pointer"), [("sales", "/logo"), ("support", "/screenshots/0"), ("training", "/channel/documents/0/id")]
)
def test_a_file_is_named_for_what_it_is_alone(publisher, backup, kind, pointer):
    """A document is no picture, which customers see, and training material is no sales material."""
    key = str(add(publisher, backup, kind).public_id)
    content, channel = make_content("B", "basic"), CHANNEL | {"documents": [{"id": key, "kind": kind}]}
    if pointer == "/logo":
        content["logo"] = key
    elif pointer == "/screenshots/0":
        content["screenshots"] = [key]
    else:
        channel["documents"] = [{"id": key, "kind": "sales"}]
    with pytest.raises(InvalidInput) as refusal:
        save_draft(actor=publisher, offer=backup, content=content, channel=channel, revision=None)
    assert (refusal.value.code, refusal.value.field) == ("unknown_file", pointer)


def send(client, offer, add, name, content, **fields):
    file = SimpleUploadedFile(name, content)
    return client.post(f"/offers/{offer.public_id}/files/", {"add": add, f"{add}-file": file, **fields})


def test_files_are_added_and_removed_on_their_page(world, web, backup):
    client = web("publisher.admin")
    assert send(client, backup, "logo", "logo.png", picture("PNG")).status_code == 302
    assert send(client, backup, "document", "paper.pdf", PDF, **{"document-kind": "support"}).status_code == 302
    page = client.get(f"/offers/{backup.public_id}/files/").content.decode()
    assert "paper.pdf" in page and "training.pdf" in page
    file = OfferFile.objects.get(name="paper.pdf")
    remove = f"/offers/{backup.public_id}/files/{file.public_id}/remove/"
    assert client.post(remove).status_code == 302
    page = client.get(f"/offers/{backup.public_id}/files/").content.decode()
    assert str(file.public_id) not in page


HOSTILE = {
    "a drawing that could act": ("logo", "logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"),
    "a page as a picture": ("screenshot", "x.png", b"<html>"),
    "a page as a document": ("document", "x.pdf", b"<html>"),
    "a picture as a document": ("document", "x.pdf", picture("PNG")),
    "nothing": ("document", "x.pdf", b""),
    "a program": ("document", "x.exe", b"MZ"),
    "an archive": ("document", "x.zip", b"PK\x03\x04"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_picture_or_document_is_refused_beside_its_field(world, web, backup, what):
    name, filename, content = HOSTILE[what]
    before = OfferFile.objects.count()
    answer = send(web("publisher.admin"), backup, name, filename, content, **{"document-kind": "sales"})
    assert answer.status_code == 200 and "field-error" in answer.content.decode()
    assert OfferFile.objects.count() == before


def test_saving_the_listing_keeps_the_files(world, web, backup):
    from tests.marketplace.editing import send as send_form

    client = web("publisher.admin")
    send(client, backup, "logo", "logo.png", picture("PNG"))
    path = f"/offers/{backup.public_id}/listing/"
    page = client.get(path).content.decode()
    send(client, backup, "document", "paper.pdf", PDF, **{"document-kind": "sales"})  # a colleague, meanwhile
    assert send_form(client, path, page, texts__en__summary="Other words").status_code == 302
    draft = get_draft(backup)
    assert draft.content["logo"] and len(draft.channel.content["documents"]) == 2
    assert draft.content["texts"]["en"]["summary"] == "Other words"


def test_what_changes_names_files(world, web, publisher, backup):
    add(publisher, backup, "sales", "prices-for-partners.pdf")
    page = web("publisher.admin").get(f"/offers/{backup.public_id}/publish/").content.decode()
    assert "Documents for partners" in page and "prices-for-partners.pdf" in page


def test_files_are_added_and_removed_by_api(world, web, api, backup):
    """The same files as on the page, by the same rules: documents to resellers alone, once they are live."""
    client, url = api("publisher.admin"), f"/api/v1/offers/{backup.public_id}/"
    before = client.get(url).headers["ETag"]
    made = {}
    for kind in ("logo", "screenshot", "sales", "support", "training"):
        answer = client.post(f"{url}files/", {"kind": kind, "file": upload(kind)}, format="multipart")
        assert answer.status_code == 201, answer.content
        made[kind] = answer.json()
        assert answer.headers["ETag"] == client.get(url).headers["ETag"] != before
    tree = client.get(url).json()["tree"]
    assert (tree["logo"], tree["screenshots"]) == (made["logo"]["id"], [made["screenshot"]["id"]])
    listed = client.get(f"{url}files/").json()["items"]
    assert [row["kind"] for row in listed] == ["logo", "screenshot", "sales", "support", "training", "training"]
    assert made["sales"] in listed and made["sales"]["size"] == len(PDF) and not made["sales"]["is_live"]
    assert client.get(f"{url}files/?target=live").json()["items"] == []
    assert client.get(f"{url}files/?target=x").status_code == 400
    gone = f"{url}files/{made['support']['id']}/"
    assert client.delete(gone).status_code == 428
    assert client.delete(gone, headers={"If-Match": before}).status_code == 412
    seen = client.get(url).headers["ETag"]
    assert client.delete(gone, headers={"If-Match": seen}).status_code == 204
    assert client.delete(gone, headers={"If-Match": "*"}).status_code == 404
    publish(world.actor("publisher.admin"), backup)
    assert len(client.get(f"{url}files/?target=live").json()["items"]) == 5
    document = OfferFile.objects.get(public_id=made["sales"]["id"])
    assert made["sales"]["url"] == f"/marketplace/files/{document.public_id}/"
    assert [status(web(who), document) for who in ("partner.admin", "customer.admin")] == [200, 404]


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_picture_or_document_is_refused_by_api(world, api, backup, what):
    name, filename, content = HOSTILE[what]
    kind = "sales" if name == "document" else name
    before, draft = OfferFile.objects.count(), make_tree(get_draft(backup))
    data = {"kind": kind, "file": SimpleUploadedFile(filename, content)}
    answer = api("publisher.admin").post(f"/api/v1/offers/{backup.public_id}/files/", data, format="multipart")
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["attr"]) == (400, "file") and error["detail"], answer.content
    assert OfferFile.objects.count() == before and make_tree(get_draft(backup)) == draft


def test_an_upload_that_is_none_is_refused_by_api(world, api, backup):
    client, url = api("publisher.admin"), f"/api/v1/offers/{backup.public_id}/files/"
    for data, codes in (
        ({"kind": "sales"}, {"required"}),
        ({"kind": "video", "file": upload("sales")}, {"invalid_choice"}),
        ({"kind": "sales", "file": "paper.pdf"}, {"invalid"}),
        ({"kind": "sales", "file": upload("sales"), "more": "1"}, {"unknown_field"}),
    ):
        answer = client.post(url, data, format="multipart")
        assert (answer.status_code, {error["code"] for error in answer.json()["errors"]}) == (400, codes)
    assert client.post(url, {"kind": "sales"}, format="json").status_code == 415


def test_an_upload_that_is_sent_again_with_its_key_is_one_file(world, api, backup):
    client, url = api("publisher.admin"), f"/api/v1/offers/{backup.public_id}/files/"
    first, again = (
        client.post(
            url, {"kind": "sales", "file": upload("sales")}, format="multipart", headers={"Idempotency-Key": "a"}
        )
        for _time in range(2)
    )
    assert (first.status_code, again.status_code) == (201, 201) and again.headers["Idempotency-Replayed"] == "true"
    assert first.json() == again.json() and OfferFile.objects.filter(offer=backup, kind="sales").count() == 2


def test_a_file_that_the_draft_does_not_have_is_not_taken_off_it(publisher, backup):
    live = add(publisher, backup, "logo")
    publish(publisher, backup)
    add(publisher, backup, "logo", "new.png")
    before = get_draft(backup).revision
    with pytest.raises(NotFound):
        remove_offer_file(actor=publisher, offer=backup, file=live)
    assert get_draft(backup).revision == before

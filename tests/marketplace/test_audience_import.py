"""An audience imported from a file: its own export byte for byte, merge and replace, and an outcome for each row."""

import io
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from imports.actions.runs import run_next_import
from imports.models import Import
from marketplace.imports import IMPORTS, apply_audience_rows, check_audience_rows
from marketplace.models import Offer
from partnerportal.lib.imports.csv_reading import CsvReader
from partnerportal.lib.imports.kinds import ImportRow
from tests.exports.test_views import NEW, content
from tests.imports.test_views import uploaded
from tests.world_offers import sell

pytestmark = pytest.mark.usefixtures("private_folder")

AUDIENCE = IMPORTS[0]


@pytest.fixture
def publisher(world):
    return world.actor("publisher.admin")


@pytest.fixture
def monitor(world):
    return Offer.objects.get(code="monitor")  # specific: the distributor; a saved addition: the partner


@pytest.fixture
def backup(world):
    return Offer.objects.get(code="backup")  # any, and nobody selected


def rows(*values):
    return [ImportRow(number, {"tenant_id": str(value)}) for number, value in enumerate(values, start=2)]


def outcomes(results):
    return [str(result.outcome) for result in results]


@pytest.mark.promise("E-9")
def test_each_row_has_its_outcome(world, publisher, monitor):
    given = rows(world.distributor.tenant_id, world.partner2.tenant_id, uuid.uuid4(), "x", world.partner.tenant_id)
    assert outcomes(check_audience_rows(publisher, monitor, given)) == [
        "already_there",
        "unknown",  # not in the programme, which nobody outside needs to know of
        "unknown",
        "bad",
        "already_there",
    ]
    assert not monitor.audience_changes.exclude(organization=world.partner).exists()


def test_a_merge_adds_and_a_second_one_changes_nothing(world, publisher, backup):
    given = rows(world.distributor.tenant_id, "x", world.partner.tenant_id)
    assert outcomes(apply_audience_rows(publisher, backup, given, "merge")) == ["new", "bad", "new"]
    assert {row.source for row in backup.audience_changes.all()} == {"imported"}
    assert outcomes(apply_audience_rows(publisher, backup, given, "merge")) == [
        "already_there",
        "bad",
        "already_there",
    ]


def test_replace_marks_whom_the_file_leaves_out_and_keeps_who_has_sold(world, publisher, monitor):
    given = rows(uuid.uuid4())
    assert [str(text) for text in AUDIENCE.preview(publisher, monitor, "replace", given)] == [
        "2 partners are not in the file."
    ]
    assert list(AUDIENCE.preview(publisher, monitor, "merge", given)) == []
    assert list(AUDIENCE.finish(publisher, monitor, "merge", given)) == []  # so that the addition is there to drop
    assert [str(text) for text in AUDIENCE.finish(publisher, monitor, "replace", given)] == [
        "1 saved addition was dropped.",
        "1 partner has been marked for removal. You need to submit a request to remove it.",
    ]
    assert [(row.organization, row.is_removal) for row in monitor.audience_changes.all()] == [(world.distributor, True)]


def test_what_replacing_does_is_said_in_the_readers_language(world, publisher, monitor):
    with translation.override("fr"):
        said = list(AUDIENCE.finish(publisher, monitor, "replace", rows(uuid.uuid4())))
    assert said == [
        "1 ajout enregistré a été abandonné.",
        "1 partenaire est à retirer\u202f: vous devez envoyer une demande pour cela.",
    ]


def test_replace_keeps_who_has_sold(world, publisher, monitor):
    sell(world, monitor)
    given = rows(world.partner.tenant_id)
    assert [str(text) for text in AUDIENCE.preview(publisher, monitor, "replace", given)] == [
        "1 partner is not in the file.",
        "It will stay, because it has sold the offer.",
    ]
    assert [str(text) for text in AUDIENCE.preview(publisher, monitor, "replace", rows(uuid.uuid4()))] == [
        "2 partners are not in the file.",
        "2 of them will stay, because they have sold the offer.",
    ]
    texts = [str(text) for text in AUDIENCE.finish(publisher, monitor, "replace", given)]
    assert texts == ["1 partner stays, because it has sold the offer."]
    assert not monitor.audience_changes.filter(is_removal=True).exists()


def read(text):
    return list(CsvReader(io.BytesIO(text.encode()), AUDIENCE))


def test_what_is_ignored_cannot_be_too_long(world, publisher, monitor):
    (row,) = read(f"tenant_id,region\n{world.partner2.tenant_id},{'x' * 3000}\n")
    assert (row.problem, len(row.values["region"])) == ("", 2000)
    (row,) = read(f"tenant_id\n{'x' * 3000}\n")
    assert "longer than 2,000" in row.problem


@pytest.mark.promise("E-9")
def test_a_row_that_fails_leaves_its_partner_in_the_audience(web, world, monitor):
    text = f"tenant_id,region\n{world.distributor.tenant_id},Europe,and more\n{world.partner.tenant_id},Europe\n"
    client = web("publisher.admin")
    page = uploaded(client, text.encode(), f"/imports/new/audience/?target={monitor.public_id}")
    assert "No partner is missing from the file." in client.get(page).content.decode()
    assert client.post(f"{page}apply/", {"mode": "replace"}).status_code == 302 and run_next_import()
    source = Import.objects.filter(kind="audience").latest("pk")
    assert (source.state, source.applied) == ("done", {"bad": 1, "already_there": 1})
    assert not monitor.audience_changes.filter(is_removal=True).exists()
    assert monitor.audience_changes.filter(organization=world.partner).exists()


@pytest.mark.promise("CA-18", "E-9")
def test_the_export_of_one_offer_is_imported_into_another_byte_for_byte(web, world, publisher, monitor, backup):
    answer = web("publisher.admin").post(NEW, {"list": "audience", "query": f"offer={monitor.public_id}"})
    read = list(CsvReader(io.BytesIO(content(answer).encode()), AUDIENCE))
    assert [row.problem for row in read] == ["", ""]
    assert outcomes(apply_audience_rows(publisher, backup, read, "merge")) == ["new", "new"]
    assert {row.organization for row in backup.audience_changes.all()} == {world.partner, world.distributor}


@pytest.mark.parametrize("who", ["publisher.reader", "partner.admin", "customer.admin", "vendor.admin"])
def test_nobody_else_imports_an_audience(web, backup, who):
    assert web(who).get(f"/imports/new/audience/?target={backup.public_id}").status_code in (403, 404)


def upload(web, offer):
    file = SimpleUploadedFile("any.csv", f"tenant_id\n{uuid.uuid4()}\n".encode(), "text/csv")
    return web("publisher.admin").post(f"/imports/new/audience/?target={offer.public_id}", {"file": file})


def test_the_list_of_imports_names_the_offer_of_each(web, monitor, backup, count_queries):
    client = web("publisher.admin")
    upload(web, monitor)
    with count_queries() as one:
        page = client.get("/imports/").content.decode()
    assert "<small>Monitor</small>" in page and "Backup" not in page
    upload(web, backup)
    with count_queries() as two:
        page = client.get("/imports/").content.decode()
    assert "<small>Monitor</small>" in page and "<small>Draft qdraftq</small>" in page
    assert len(two) == len(one), two.statements

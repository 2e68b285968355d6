"""Many activation links from a file: what its dry run foretells, what is sent, and a hundred hostile files (CV-10)."""

import io
from uuid import uuid4

import pytest
from django.test import override_settings
from django.utils import timezone

from entitlements.activation_imports import ACTIVATION_IMPORTS
from entitlements.models import ActivationLink, ActivationToken
from imports.catalogue import find_import_kind
from notifications.models import Event, SecretMail
from partnerportal.lib.errors import DomainError
from partnerportal.lib.imports.csv_reading import CsvReader
from partnerportal.lib.imports.results import RowOutcome
from tests.exports.test_views import table
from tests.mails import sent
from tests.states import put
from tests.world import SKU_OF_NOBODY
from tests.world_activation import ADD_ON, SEAT_LIMIT

RESEND_CUSTOMERS, _RESEND_PARTNERS, CUSTOMERS, PARTNERS = ACTIVATION_IMPORTS
HEAD = "organization_name,email,country,language,sku,add_ons,licences,partner_orgid"


def rows_of(kind, text):
    return list(CsvReader(io.BytesIO(text.encode()), kind))


def customer_line(number, **changes):
    cells = {"name": f"Firm {number}", "email": f"admin@firm{number}.example", "country": "fr", "language": "",
             "sku": SKU_OF_NOBODY, "add_ons": ADD_ON, "licences": "5", "partner": ""}  # fmt: skip
    return ",".join((cells | changes).values())


def customers(*lines):
    return rows_of(CUSTOMERS, "\n".join([HEAD, *lines]))


@pytest.fixture
def run(actor_for, as_tenant):
    """Return the outcomes of a dry run or of an import, as the person, under both locks."""

    def do(who, kind, rows, *, is_dry=False):
        actor = actor_for(who)
        with as_tenant(actor):
            results = kind.check(actor, None, rows) if is_dry else kind.apply(actor, None, rows, "send")
        return [result.outcome for result in results]

    return do


def counts():
    return [model.objects.count() for model in (ActivationLink, ActivationToken, Event, SecretMail)]


def test_the_kinds_are_gathered():
    assert all(find_import_kind(kind.code) is kind for kind in ACTIVATION_IMPORTS)


def test_forty_customers_from_a_file(world, run):
    rows = customers(*(customer_line(number) for number in range(40)))
    before = counts()
    assert run("partner.admin", CUSTOMERS, rows, is_dry=True) == [RowOutcome.NEW] * 40
    assert counts() == before, "a dry run sends nothing"
    assert run("partner.admin", CUSTOMERS, rows) == [RowOutcome.NEW] * 40
    assert [after - was for after, was in zip(counts(), before, strict=True)] == [40] * 4
    link = ActivationLink.objects.get(name="Firm 7")
    assert (link.partner, link.country, link.seats, len(link.add_on_ids)) == (world.partner, "FR", 5, 1)
    assert run("partner.admin", CUSTOMERS, rows) == [RowOutcome.ALREADY_THERE] * 40, "the same file again"
    assert ActivationLink.objects.filter(name__startswith="Firm").count() == 40


@override_settings(PORTAL_ACTIVATIONS_A_DAY=2)
def test_a_dry_run_knows_the_limit_of_a_day(run):
    rows = customers(*(customer_line(number) for number in range(4)))
    expected = [RowOutcome.NEW] * 2 + [RowOutcome.REFUSED] * 2
    assert run("partner.admin", CUSTOMERS, rows, is_dry=True) == expected
    assert run("partner.admin", CUSTOMERS, rows) == expected


def test_a_row_that_comes_twice_is_sent_once(run):
    rows = customers(customer_line(1), customer_line(1))
    expected = [RowOutcome.NEW, RowOutcome.ALREADY_THERE]
    assert run("partner.admin", CUSTOMERS, rows, is_dry=True) == expected
    assert run("partner.admin", CUSTOMERS, rows) == expected


def test_a_distributor_names_the_partner_in_each_row(world, run):
    lines = [customer_line(number, partner=org_id) for number, org_id in enumerate(
        [world.partner.org_id, world.partner2.org_id, "", "x"])]  # fmt: skip
    bad = [RowOutcome.BAD] * 3
    assert run("distributor.admin", CUSTOMERS, customers(*lines)) == [RowOutcome.NEW, *bad]
    assert ActivationLink.objects.get(name="Firm 0").partner == world.partner


def test_partners_from_a_file(world, run):
    text = (
        "organization_name,email,country,language,program\n"
        "A,a@a.example,FR,ja,solution_advisor\n"
        f"{world.partner2.name},b@b.example,DE,,csp\n"
        "C,c@c.example,FR,,nothing\n"
    )
    expected = [RowOutcome.NEW, RowOutcome.REFUSED, RowOutcome.BAD]
    assert run("distributor.admin", PARTNERS, rows_of(PARTNERS, text)) == expected
    assert ActivationLink.objects.get(name="A").language == "ja"


@pytest.mark.parametrize("cell", ["fr", "FR", "fr-FR", "fr_FR", "fr-CA"])
def test_a_language_may_be_written_as_a_tag(run, cell):
    assert run("partner.admin", CUSTOMERS, customers(customer_line(1, language=cell))) == [RowOutcome.NEW]
    assert ActivationLink.objects.get(name="Firm 1").language == "fr"


WRONG_CELLS = {
    "email": ["nobody", "a@b", "@x.example", "a b@c.example", "<script>@x.example", "a" * 300 + "@x.example"],
    "country": ["", "X", "XX", "FRA", "フランス", "1"],
    "language": ["xx", "xx-FR", "-fr", "english", "e", "\u202e"],
    "sku": ["nothing", "'; DROP TABLE x; --", "-", ADD_ON, "\u202e"],
    "add_ons": ["nothing", SKU_OF_NOBODY, f"{ADD_ON}|nothing", "|".join("x" * 9), "{0}%s"],
    "licences": ["0", "-1", "1.5", "1e5", "９", str(SEAT_LIMIT + 1), "9" * 40, "=1+1", "nan", "ten"],
    "name": ["\u200b", "x" * 201, " "],
    "partner": ["99999999", "x", "'", "\u202e"],
}
HOSTILE = [(column, cell) for column, cells in WRONG_CELLS.items() for cell in cells]


@pytest.mark.parametrize(("column", "cell"), HOSTILE)
def test_a_wrong_cell_is_told_of_its_row_and_stops_no_other(run, column, cell):
    rows = customers(customer_line(1), customer_line(2, **{column: cell}), customer_line(3))
    before = ActivationLink.objects.count()
    shaped = [row for row in rows if not row.problem]  # what is wrong with its shape never reaches the kind
    outcomes = run("partner.admin", CUSTOMERS, shaped)
    assert outcomes[0] == outcomes[-1] == RowOutcome.NEW
    assert len(outcomes) == 2 or outcomes[1] in (RowOutcome.BAD, RowOutcome.REFUSED)
    assert ActivationLink.objects.count() == before + 2


FILES = [
    b"", b"\n", b"\xff\xfe", b"PK\x03\x04", b"%PDF-1.7", b"\0", HEAD.encode()[:20], b"name;email\na;b",
    HEAD.encode() + b"\n\"", HEAD.encode() + b"\n" + b"x" * 300_000, HEAD.encode() + b",email\n",
    b"\x80" + HEAD.encode(), (HEAD + ",unknown\n").encode(), HEAD.replace("sku", "SKU\0").encode(),
]  # fmt: skip


@pytest.mark.parametrize("content", FILES)
def test_a_file_that_is_none_is_a_clear_error(content):
    with pytest.raises(DomainError) as refused:
        assert list(CsvReader(io.BytesIO(content), CUSTOMERS)) == [], "nothing to send"
        raise DomainError("no_rows", "No rows")
    assert str(refused.value.message)


@pytest.mark.parametrize("who", ["partner.reader", "nobadge.admin", "customer.admin"])
def test_who_sends_none_imports_none(web, run, who):
    assert web(who).get("/imports/new/activation_links/").status_code in (403, 404)
    assert run(who, CUSTOMERS, customers(customer_line(1))) == [RowOutcome.REFUSED]


def test_selected_links_are_sent_again(world, run):
    """One's own that nobody has used: the dry run says of the others why not."""
    run("partner.admin", CUSTOMERS, customers(customer_line(1), customer_line(2)))
    links = list(ActivationLink.objects.filter(organization=world.partner).order_by("pk"))
    others = ActivationLink.objects.get(organization=world.vendor)
    revoked = links.pop()
    put(ActivationLink.objects.filter(pk=revoked.pk), state="revoked", closed_at=timezone.now())
    lines = [f"{link.public_id}" for link in (*links, revoked, others)]
    rows = rows_of(RESEND_CUSTOMERS, "\n".join(["link", *lines]))
    expected = [RowOutcome.CHANGED, RowOutcome.CHANGED, RowOutcome.REFUSED, RowOutcome.UNKNOWN]
    before = counts()
    assert run("partner.sales_agent", RESEND_CUSTOMERS, rows, is_dry=True) == expected
    assert counts() == before
    sent().clear()
    outcomes = run("partner.sales_agent", RESEND_CUSTOMERS, rows)
    assert outcomes == expected
    assert sorted(mail.to[0] for mail in sent()) == sorted(link.email for link in links)
    assert [ActivationToken.objects.filter(invitation=link).count() for link in links] == [2, 2]


EXPORTED = [
    ("partner.reader", "pending_customers", "/customers/pending/"),
    ("distributor.reader", "pending_partners", "/partners/pending/"),
]


@pytest.mark.parametrize(("who", "kind", "path"), EXPORTED)
def test_the_list_is_exported(web, who, kind, path):
    client = web(who)
    assert f'name="list" value="{kind}"' in client.get(path).content.decode()
    assert client.post("/exports/new/", {"list": kind, "query": "state=open", "next": path}).status_code in (200, 302)


def test_all_links_that_match_are_counted_and_chosen(world, web):
    """Those of the tab that is open alone, however many pages it has."""
    link = ActivationLink.objects.filter(organization=world.partner, state="open").earliest("pk")
    for number in range(60):
        link.pk, link.public_id, link._state.adding = None, uuid4(), True
        link.name, link.email = f"Many {number:02}", f"many{number}@firm.example"
        link.save()
    ActivationLink.objects.filter(name="Many 00").update(expires_at=timezone.now())
    client = web("partner.admin")
    number = client.get("/customers/pending/").context["list"].matching
    assert number >= 59
    page = client.get("/customers/pending/?q=many").content.decode()
    assert "Select all 59 that match" in page and "59 activation links" in page and "of 59" in page
    query = page.partition('name="query" value="')[2].partition('"')[0].replace("&amp;", "&")
    chosen = table(client.post("/exports/new/", {"list": "pending_customers", "selected": "shown", "query": query}))
    assert len(chosen) == 59 and "Many 00" not in {row["organization_name"] for row in chosen}
    started = client.post("/imports/bulk/resend_customers/", {"selected": "shown", "query": query})
    assert started["Location"].startswith("/imports/")
    assert "that match" not in client.get("/customers/pending/?state=ended").content.decode()

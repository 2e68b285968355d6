"""Operators of the old portal, imported by a file: by an upload of the vendor's Admins, and at the command line."""

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import translation

from accounts import imports
from accounts.actions.operator_import import import_operator
from accounts.actions.operators import add_operator
from accounts.actions.people import lock_person, register_person
from accounts.actions.personal_data import erase_personal_data, export_personal_data
from accounts.imports import OPERATORS, apply_operator_rows, check_operator_rows, read_operator
from accounts.models import ErasedAddress, ExternalIdentity, Operator, Organization, Person, Role
from imports.actions.runs import run_next_import
from imports.models import Import
from notifications.actions.outbox import write_due_notices
from notifications.models import Event, SecretMail
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused
from partnerportal.lib.imports.csv_reading import CsvReader
from partnerportal.lib.imports.results import RowResult
from tests.accounts.test_sign_in import is_signed_in
from tests.accounts.test_vouching import PASSWORD, sign_in, sign_up
from tests.conftest import PageClient
from tests.imports.test_views import csv_file, rows_of, text_of, uploaded
from tests.mails import sent
from tests.states import put
from tests.world import KINDS, World, address

pytestmark = pytest.mark.django_db

HEAD = "org_id,email,role,name,language,external_id"
STAFF = Actor.system("vendor staff (test)")
ANN = "ann@old.example"
NEW = "/imports/new/operators/"


def read(*lines: str, head: str = HEAD) -> list[Any]:
    return list(CsvReader(io.BytesIO("\n".join([head, *lines]).encode()), OPERATORS))


def check(*lines: str, actor: Actor = STAFF) -> list[RowResult]:
    return list(check_operator_rows(actor, None, read(*lines)))


def apply(*lines: str, actor: Actor = STAFF) -> list[RowResult]:
    return list(apply_operator_rows(actor, None, read(*lines), "add"))


def outcomes(results: list[RowResult]) -> list[str]:
    return [str(result.outcome) for result in results]


def roles_of(email: str, organization: Organization) -> list[str]:
    return Operator.objects.get(person__email=email, organization=organization).roles


def on_behalf_of(world: World, who: str = "vendor.admin") -> Actor:
    return Actor.system("import", on_behalf_of=world.actor(who))


def everything() -> dict[str, list[Any]]:
    """Whatever an import could write."""
    models = (Person, EmailAddress, Operator, ExternalIdentity, ErasedAddress, Event, SecretMail)
    return {model.__name__: sorted(model._default_manager.values_list(), key=str) for model in models}


@pytest.mark.promise("CV-21")
def test_former_users_come_with_the_roles_that_they_should_have(world: World) -> None:
    partner, customer = world.partner, world.customer
    lines = (
        f"{customer.org_id},Invoice.One@old.example,Invoice,Ivy One,fr,u-1",
        f"{customer.org_id},admin@old.example,tenant admin,Tom Admin,,u-2",
        f"{partner.org_id},agent@old.example,Sales agent ; INVOICE,Sally,ja-JP,u-3",
        f"{partner.org_id},codes@old.example,admin_agent;tenant-admin,,EN,",
    )
    assert outcomes(check(*lines)) == ["new"] * 4
    assert outcomes(apply(*lines)) == ["new"] * 4
    assert roles_of("invoice.one@old.example", customer) == ["reader"]
    assert roles_of("admin@old.example", customer) == ["admin"]
    assert roles_of("agent@old.example", partner) == ["reader", "sales_agent"]
    assert roles_of("codes@old.example", partner) == ["admin", "admin_agent"]
    ivy = Person.objects.get(email="invoice.one@old.example")
    assert (ivy.name, ivy.language, ivy.origin, ivy.has_usable_password()) == ("Ivy One", "fr", "registered", False)
    assert Person.objects.get(email="agent@old.example").language == "ja"
    assert ivy.external_identities.get().external_id == "u-1"
    assert EmailAddress.objects.get(user=ivy).verified
    added = Event.objects.filter(kind="operator.added", subject_id=ivy.public_id).get()
    assert (added.actor_label, added.counterpart_id) == (STAFF.label, customer.pk)


@pytest.mark.promise("CV-2")
def test_who_had_the_role_invoice_signs_in_with_the_same_address(world: World) -> None:
    apply(f"{world.customer.org_id},{ANN},Invoice,Ann Old,,u-1")
    sent().clear()
    client = PageClient()
    client.post(reverse("account_reset_password"), {"email": ANN.upper()})
    link = re.search(r"https?://[^/]+(/\S+/key/\S+)", sent()[-1].body)[1]  # type: ignore[index]
    form = client.get(link, follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": PASSWORD, "password2": PASSWORD})
    client = sign_in(ANN)
    assert is_signed_in(client)
    assert world.customer.name in client.get("/").content.decode()
    assert client.get(f"/operators/{world.operator('customer.admin').public_id}/roles/").status_code == 403


def test_who_signs_in_already_keeps_everything_and_acts_for_one_more(world: World) -> None:
    before = world.person("customer.admin")
    assert outcomes(apply(f"{world.partner.org_id},{before.email.upper()},Invoice,Another Name,ja,u-9")) == ["new"]
    after = Person.objects.get(pk=before.pk)
    assert [getattr(after, name) for name in ("password", "name", "language", "origin")] == [
        getattr(before, name) for name in ("password", "name", "language", "origin")
    ]
    assert roles_of(before.email, world.partner) == ["reader"]
    assert roles_of(before.email, world.customer) == ["admin"]


def test_the_same_file_again_changes_nothing(world: World) -> None:
    lines = (
        f"{world.customer.org_id},{ANN},Invoice,Ann,fr,u-1",
        f"{world.partner.org_id},{ANN},Sales agent,Ann,fr,u-1",
        f"{world.partner.org_id},bob@old.example,tenant admin,,,u-2",
    )
    assert outcomes(apply(*lines)) == ["new"] * 3
    before = everything()
    assert outcomes(check(*lines)) == outcomes(apply(*lines)) == ["already_there"] * 3
    assert everything() == before


def test_who_is_new_is_told_by_mail_how_to_sign_in_and_only_once(world: World) -> None:
    org_id = world.customer.org_id
    lines = (
        f"{org_id},{ANN},Invoice,Ann,fr,u-1",
        f"{org_id},hana@old.example,tenant admin,Hana,ja,u-2",
        f"{world.partner.org_id},{address('customer.admin')},Sales agent,,,",
    )
    sent().clear()
    apply(*lines)
    mails = {mail.to[0]: mail for mail in sent()}
    assert set(mails) == {ANN, "hana@old.example", address("customer.admin")}
    login = settings.PORTAL_ORIGIN + reverse("account_login")
    for email, word in ((ANN, "Lecteur"), ("hana@old.example", "管理者")):
        assert world.customer.name in mails[email].subject
        assert all(part in mails[email].body for part in (org_id, word, login))
    english = mails[address("customer.admin")].body
    assert "Sales agent" in english and "password" not in english, "who has one"
    sent().clear()
    apply(*lines)
    assert sent() == []


def test_who_has_a_password_is_not_told_to_get_one(world: World) -> None:
    person = world.person("customer.admin")
    person.set_password(PASSWORD)
    person.save()
    sent().clear()
    apply(f"{world.partner.org_id},{person.email},Invoice,,,")
    (mail,) = sent()
    assert "You now act for" in mail.subject and "password" not in mail.body


def test_who_gets_a_further_role_is_told(world: World) -> None:
    sent().clear()
    apply(f"{world.partner.org_id},{address('partner.reader')},tenant admin,,,")
    (mail,) = sent()
    assert "Your roles in" in mail.subject and "Reader, Admin" in mail.body and "An Admin has" not in mail.body


def test_a_dry_run_writes_nothing(world: World) -> None:
    sign_up(ANN)
    before = everything()
    results = check(
        f"{world.customer.org_id},{ANN},Invoice,Ann,fr,u-1",
        f"{world.customer.org_id},{address('customer.reader')},Admin,,,u-2",
        f"{world.customer.org_id},new@old.example,Owner,,,",
    )
    assert outcomes(results) == ["new", "changed", "bad"]
    assert everything() == before


@pytest.mark.promise("S-3")
def test_of_an_account_that_a_stranger_signed_up_nothing_is_left(world: World) -> None:
    stranger = sign_up(ANN)
    line = f"{world.customer.org_id},{ANN},tenant admin,,,"
    (planned,), (done,) = check(line), apply(line)
    assert planned == done and "never verified" in str(done.message)
    person = Person.objects.get(email=ANN)
    assert (person.has_usable_password(), person.name) == (False, "")
    assert Event.objects.get(kind="person.reset").subject_id == person.public_id
    assert not is_signed_in(sign_in(ANN)) and not is_signed_in(sign_in(ANN, stranger))
    assert str(apply(line)[0].message) == "", "once is enough"


def test_what_somebody_claims_of_an_address_goes(world: World) -> None:
    EmailAddress.objects.create(user=world.person("partner.admin"), email=ANN, verified=False)
    assert outcomes(apply(f"{world.customer.org_id},{ANN},Invoice,,,")) == ["new"]
    assert EmailAddress.objects.get(email=ANN).user.email == ANN


def test_an_import_takes_no_role_away(world: World) -> None:
    email = address("partner.reader_with_finance")
    (changed,) = apply(f"{world.partner.org_id},{email},tenant admin,,,")
    assert (str(changed.outcome), "Keeps these roles: Reader. Adds: Admin." in str(changed.message)) == (
        "changed",
        True,
    )
    operator = world.operator("partner.reader_with_finance")
    assert (operator.roles, operator.finance_granted) == (["reader", "admin"], True)
    event = Event.objects.filter(kind="operator.roles_changed").latest("pk")
    assert event.changes == {"roles": [["reader"], ["reader", "admin"]]}
    (there,) = apply(f"{world.partner.org_id},{email},Invoice,,,")
    assert (str(there.outcome), str(there.message)) == (
        "already_there",
        "Keeps other roles: Admin. An import never removes roles.",
    )
    assert world.operator("partner.reader_with_finance").roles == ["reader", "admin"]


def test_several_lines_of_one_person_add_up(world: World) -> None:
    lines = (f"{world.partner.org_id},{ANN},Invoice,,,u-1", f"{world.partner.org_id},{ANN},tenant admin,,,u-1")
    assert outcomes(check(*lines)) == outcomes(apply(*lines)) == ["new", "changed"]
    assert roles_of(ANN, world.partner) == ["reader", "admin"]


def test_an_external_id_is_one_persons(world: World) -> None:
    org_id = world.customer.org_id
    lines = (f"{org_id},{ANN},Invoice,,,u-1", f"{org_id},bob@old.example,Invoice,,,u-1")
    assert outcomes(check(*lines)) == outcomes(apply(*lines)) == ["new", "refused"]
    assert not Person.objects.filter(email="bob@old.example").exists(), "a row is in wholly or not at all"
    (later,) = apply(f"{org_id},{ANN},Invoice,,,U-1")
    assert (str(later.outcome), str(later.message)) == ("changed", "Saves the external ID.")
    kept = list(ExternalIdentity.objects.order_by("pk").values_list("person__email", "source", "external_id"))
    assert kept == [(ANN, "old_portal", "u-1"), (ANN, "old_portal", "U-1")]


def test_an_external_id_that_somebody_takes_meanwhile_leaves_nothing_half_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = imports.OperatorBatch.plan

    def plan_before_another(self: Any, operator: Any) -> Any:
        made = plan(self, operator)
        ExternalIdentity.objects.create(person=world.person("nobody"), source="old_portal", external_id="u-1")
        return made

    monkeypatch.setattr(imports.OperatorBatch, "plan", plan_before_another)
    (result,) = apply(f"{world.customer.org_id},{ANN},Invoice,,,u-1")
    assert (str(result.outcome), "someone else" in str(result.message)) == ("refused", True)
    assert not Person.objects.filter(email=ANN).exists()


def test_an_external_id_is_exported_and_goes_with_the_person(world: World) -> None:
    apply(f"{world.partner.org_id},{ANN},Invoice,,,u-1")
    (exported,) = export_personal_data(actor=STAFF, person=Person.objects.get(email=ANN))["external_identities"]
    assert (exported["source"], exported["external_id"]) == ("old_portal", "u-1")
    assert erase_personal_data(actor=STAFF, email=ANN)
    assert not ExternalIdentity.objects.exists()


def test_an_old_file_does_not_bring_back_who_was_erased(world: World) -> None:
    line = f"{world.partner.org_id},{ANN},Invoice,,,u-1"
    apply(line)
    EmailAddress.objects.create(user=Person.objects.get(email=ANN), email="second@old.example", verified=True)
    erase_personal_data(actor=STAFF, email=ANN)
    second = f"{world.partner.org_id},SECOND@old.example,Invoice,,,"
    for result in [*check(line, second), *apply(line, second)]:
        assert (str(result.outcome), "erased" in str(result.message)) == ("refused", True)
    assert not Person.objects.filter(email__in=[ANN, "second@old.example"]).exists()
    assert not any("old.example" in str(row) for row in ErasedAddress.objects.values_list()), "the address is gone"
    register_person(actor=STAFF, email=ANN)  # whom somebody brings back on purpose is no longer erased
    assert outcomes(check(line)) == ["new"]


def test_an_address_of_nobody_that_is_erased_is_not_imported(world: World) -> None:
    assert not erase_personal_data(actor=STAFF, email="Never.There@old.example")
    assert outcomes(check(f"{world.partner.org_id},never.there@old.example,Invoice,,,")) == ["refused"]


REFUSED: list[tuple[str, Callable[[World], str], str, str]] = [
    ("an unknown ORGID", lambda world: f"10000000,{ANN},Invoice,,,", "unknown", "No organisation has this ORGID."),
    (
        "a suspended organisation",
        lambda world: f"{world.stranger.org_id},{ANN},Invoice,,,",
        "refused",
        "This organisation is suspended. Lift the suspension first.",
    ),
    (
        "a role of another kind",
        lambda world: f"{world.customer.org_id},{ANN},Invoice;Sales agent,,,",
        "refused",
        "Organisations of this type only have these roles: Reader, Admin.",
    ),
    (
        "a second address",
        lambda world: f"{world.customer.org_id},proved@old.example,Invoice,,,",
        "refused",
        "This is a secondary address of an existing person. Use their main address.",
    ),
    (
        "somebody who is locked",
        lambda world: f"{world.customer.org_id},{address('nobody')},Invoice,,,",
        "refused",
        "This person is locked. Unlock them first.",
    ),
]


@pytest.mark.parametrize(("what", "line", "outcome", "words"), REFUSED, ids=[what for what, *_rest in REFUSED])
def test_a_row_that_may_not_come_in_says_why(
    what: str, line: Callable[[World], str], outcome: str, words: str, world: World
) -> None:
    put(Organization.objects.filter(pk=world.stranger.pk), state="suspended")
    EmailAddress.objects.create(user=world.person("customer.admin"), email="proved@old.example", verified=True)
    lock_person(actor=STAFF, person=world.person("nobody"), reason="A reason")
    before = everything()
    for result in [*check(line(world)), *apply(line(world))]:
        assert (str(result.outcome), str(result.message)) == (outcome, words)
    assert everything() == before


@pytest.mark.parametrize(
    ("who", "organization", "words"),
    [
        ("new@old.example", "vendor", "vendor’s own operators"),
        (address("vendor.admin"), "customer", "give yourself access"),
        (address("vendor.reader"), "customer", "acts for the vendor"),
    ],
)
def test_an_upload_opens_no_customer_to_the_vendors_own_people(
    who: str, organization: str, words: str, world: World
) -> None:
    """They would see what nothing but a consent shows. At the command line of the server stands somebody who may."""
    line = f"{world[organization].org_id},{who},tenant admin,,,"
    actor = on_behalf_of(world)
    before = everything()
    for result in [*check(line, actor=actor), *apply(line, actor=actor)]:
        assert (str(result.outcome), words in str(result.message)) == ("refused", True), result
    assert everything() == before
    assert outcomes(apply(line)) == ["new"]


READABLE = "41234567,ann@x.example,Invoice,,,"
HOSTILE: dict[str, list[str]] = {
    "email": [
        "nobody", "@", "a@b", "a@b@c.example", "ann@x..example", "ann@-x.example", "Ann <ann@x.example>",
        "ann@x.example; bob@x.example", "mailto:ann@x.example", '"ann@x.example\nBcc: eve@x.example"',
        "\u0430nn@x.example", "ann@\u0435xample.com", "\u212aate@x.example", "\u017fam@x.example", "\uff21nn@x.example",
        "ann@x.example\u200b", "\u202ennA@x.example", "ann\u00a0b@x.example", "=cmd|'/c calc'!A1",
        "'; DROP TABLE x; --",
        "a" * 245 + "@x.example", "a" * 65 + "@" + "b" * 300 + ".example", "%s@x.example{0}",
    ],
    "role": [
        ";", " ; ;", "Owner", "Invoice;Owner", "Invoices", "Reader,Admin", "=1+1", "admin\u200b.", "Lecteur", "管理者",
        "x" * 1500, "<script>alert(1)</script>", "%(roles)s",
    ],
    "name": ["x" * 121, "é" * 500],
    "language": ["de", "english", "<b>", "1", "-fr", "f"],
    "external_id": ["x" * 201],
}  # fmt: skip
CELLS = [(column, cell) for column, cells in HOSTILE.items() for cell in cells]


@pytest.mark.parametrize(("column", "cell"), CELLS, ids=[f"{column}-{cell[:20]!a}" for column, cell in CELLS])
def test_a_hostile_cell_is_refused_in_a_sentence_and_leaves_nothing(column: str, cell: str, world: World) -> None:
    values = {"org_id": world.customer.org_id, "email": ANN, "role": "Invoice", "name": "", "language": "",
              "external_id": "", column: cell}  # fmt: skip
    (row,) = read(",".join(f'"{value}"' if "\n" not in value else value for value in values.values()))
    before = everything()
    for language in ("en", "fr", "ja"):
        with translation.override(language):
            (result,) = check_operator_rows(STAFF, None, [row])
            (applied,) = apply_operator_rows(STAFF, None, [row], "add")
            assert str(result.outcome) == str(applied.outcome) == "bad"
            assert str(result.message) == str(applied.message) and len(str(result.message)) > 8
    assert everything() == before


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("role", "\uff29nvoice", ""),
        ("role", "  TENANT\u00a0 Admin ;; reader", ""),
        ("language", "fr_CA", ""),
        ("name", "\u202eevil\n\x1b[2J", ""),
        ("name", "=HYPERLINK(1)", ""),
        ("external_id", "=1+1", ""),
        ("email", "=ann@x.example", ""),
        ("email", "o'neil+invoices@x.example", ""),
    ],
)
def test_what_is_odd_and_harmless_comes_in_cleaned(column: str, cell: str, said: str, world: World) -> None:
    values = {"org_id": world.customer.org_id, "email": ANN, "role": "Invoice", "name": "", "language": "",
              "external_id": "", column: cell}  # fmt: skip
    (row,) = read(",".join(f'"{value}"' for value in values.values()))
    assert outcomes(list(apply_operator_rows(STAFF, None, [row], "add"))) == ["new"]
    person = Operator.objects.get(organization=world.customer, person__email=read_operator(row).email).person
    assert person.name.isprintable() and person.email.isascii()


def test_an_unknown_role_names_those_there_are(world: World) -> None:
    (result,) = check(f"{world.customer.org_id},{ANN},Invoice;Owner,,,")
    assert str(result.message) == (
        "“role”: The role “Owner” is unknown. The roles are: Reader, Admin, Admin agent, Sales agent, Invoice,"
        " Tenant admin."
    )


def test_what_the_database_refuses_is_said_of_its_row_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose_a_race(**given: Any) -> Operator:
        if given["operator"].email == ANN:
            raise IntegrityError
        return import_operator(**given)

    monkeypatch.setattr(imports, "import_operator", lose_a_race)
    org_id = world.customer.org_id
    assert outcomes(apply(f"{org_id},{ANN},Invoice,,,", f"{org_id},bob@old.example,Invoice,,,")) == ["refused", "new"]


def test_a_batch_costs_as_many_statements_as_a_row(world: World, count_queries: Any) -> None:
    lines = [f"{world.customer.org_id},user{number}@old.example,Invoice,,,u-{number}" for number in range(40)]
    with count_queries() as few:
        check(*lines[:2])
    with count_queries() as many:
        check(*lines)
    assert len(many) == len(few), many.statements


def test_only_the_system_imports_and_only_for_who_may(world: World) -> None:
    (row,) = read(f"{world.customer.org_id},{ANN},Invoice,,,")
    given = {"organization": world.customer, "operator": read_operator(row)}
    for actor in (
        world.actor("vendor.admin"),
        on_behalf_of(world, "vendor.reader"),
        on_behalf_of(world, "partner.admin"),
    ):
        with pytest.raises(ActionRefused):
            import_operator(actor=actor, **given)
    with pytest.raises(ActionRefused):
        check_operator_rows(world.actor("vendor.admin"), None, [row])
    assert not Person.objects.filter(email=ANN).exists()


def test_a_page_that_called_it_would_be_stopped_by_the_database(world: World, as_tenant: Any) -> None:
    """The second lock: persons, their addresses and the operators of others are not written by the web role."""
    vendor = world.actor("vendor.admin")
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic(), as_tenant(vendor):
        apply(f"{world.customer.org_id},{ANN},Invoice,,,", actor=on_behalf_of(world))
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic(), as_tenant(vendor):
        Operator.objects.create(organization=world.customer, person=world.person("nobody"), roles=[Role.READER])
    with as_tenant(vendor):
        assert not ExternalIdentity.objects.exists() and not ErasedAddress.objects.exists()


def test_whoever_would_be_without_an_admin_is_named_beforehand(world: World) -> None:
    """Those with one already, those that get one, and those whose rows are left out are not."""
    Operator.objects.filter(organization__in=[world.customer2, world.stranger, world.ended]).delete()
    lines = (
        f"{world.customer.org_id},{ANN},Invoice,,,",
        f"{world.customer2.org_id},{ANN},Invoice,,,",
        f"{world.stranger.org_id},{ANN},Invoice,,,",
        f"{world.stranger.org_id},bob@old.example,tenant admin,,,",
        f"{world.ended.org_id},{ANN},Owner,,,",
        f"{world.ended.org_id},{ANN},Invoice,,,,too many cells",
    )
    assert OPERATORS.preview
    assert [str(text) for text in OPERATORS.preview(STAFF, None, "add", read(*lines))] == [
        f"1 organisation would have no Admin: {world.customer2.org_id}."
    ]
    assert list(OPERATORS.preview(STAFF, None, "add", read(*lines[:1]))) == []


# The upload of the vendor's Admins

OTHERS = [f"{kind}.{role}" for kind in KINDS for role in ("admin", "reader") if (kind, role) != ("vendor", "admin")]


@pytest.fixture
def lines(world: World) -> bytes:
    rows = (
        f"{world.customer.org_id},{ANN},Invoice,Ann,fr,u-1",
        f"{world.customer.org_id},bob@old.example,Owner,,,",
        "10000000,carl@old.example,Invoice,,,",
        f"{world.customer.org_id},{ANN},Invoice,Ann,fr,u-1",
    )
    return "\n".join([HEAD, *rows]).encode()


@pytest.mark.usefixtures("private_folder")
@pytest.mark.promise("CV-21")
def test_the_vendors_admins_upload_the_same_file(web: Any, world: World, lines: bytes) -> None:
    client = web("vendor.admin")
    assert "Invoice (becomes Reader)" in text_of(client.get(NEW))
    url = uploaded(client, lines, NEW)
    page = text_of(client.get(url))
    assert "Import 1 row" in page and "The roles are:" in page and "No organisation has this ORGID." in page
    assert not Person.objects.filter(email=ANN).exists()
    assert client.post(f"{url}apply/", {"mode": "add"}).status_code == 302 and run_next_import()
    source = Import.objects.get(kind="operators")
    assert (source.state, source.applied) == ("done", {"new": 1, "bad": 1, "unknown": 1, "duplicate": 1})
    assert [row["outcome"] for row in rows_of(client.get(f"{url}results/"))] == ["new", "bad", "unknown", "duplicate"]
    event = Event.objects.get(kind="operator.added", counterpart_id=world.customer.pk, subject_label="Ann")
    admin = world.person("vendor.admin")
    assert (event.actor_label, event.on_behalf_id, event.on_behalf_label) == ("import", admin.pk, admin.name)
    write_due_notices()
    told = world.notices("customer").get(kind="operator_joined")
    assert told.params == {"is_invited": False}, "the Admins of the organisation hear of it, and look who it is"
    uploaded(client, lines, NEW)
    assert Import.objects.latest("pk").checked["already_there"] == 1


@pytest.mark.usefixtures("private_folder")
def test_whoever_loses_the_right_before_it_is_applied_imports_nothing(web: Any, world: World, lines: bytes) -> None:
    client = web("vendor.admin")
    url = uploaded(client, lines, NEW)
    assert client.post(f"{url}apply/", {"mode": "add"}).status_code == 302
    Operator.objects.filter(pk=world.operator("vendor.admin").pk).update(roles=["reader"])
    assert run_next_import()
    source = Import.objects.get(kind="operators")
    assert (source.state, source.error) == ("failed", "wrong_role")
    assert not Person.objects.filter(email=ANN).exists()


@pytest.mark.usefixtures("private_folder")
@pytest.mark.parametrize("who", OTHERS)
def test_nobody_else_uploads_operators(who: str, web: Any, lines: bytes) -> None:
    before = Import.objects.count()
    client = web(who)
    refusal = 403 if who == "vendor.reader" else 404  # to other types of organisation it is not there
    assert client.get(NEW).status_code == refusal
    assert client.get(f"{NEW}template/").status_code == refusal
    assert client.post(NEW, {"file": csv_file(lines)}).status_code == refusal
    assert "Operators from the old portal" not in client.get("/imports/").content.decode()
    assert Import.objects.count() == before


def test_the_page_of_imports_leads_the_vendors_admins_there(web: Any) -> None:
    assert f'href="{NEW}"' in web("vendor.admin").get("/imports/").content.decode()


# The command


def call(*words: str) -> tuple[list[str], str, str]:
    """Return what the command prints, what it says, and the sentence by which it fails, or ""."""
    out, err, failure = io.StringIO(), io.StringIO(), ""
    try:
        call_command("import_operators", *words, stdout=out, stderr=err)
    except CommandError as error:
        failure = str(error)
    return out.getvalue().splitlines(), err.getvalue(), failure


@pytest.fixture
def file(lines: bytes, tmp_path: Path) -> str:
    (tmp_path / "users.csv").write_bytes(lines)
    return str(tmp_path / "users.csv")


@pytest.mark.promise("CV-21")
def test_the_command_says_what_becomes_of_each_row_and_fails_if_one_was_left_out(world: World, file: str) -> None:
    dry, said, failure = call(file, "--dry-run")
    assert [line.split("\t")[:2] for line in dry] == [
        ["2", "new"],
        ["3", "bad"],
        ["4", "unknown"],
        ["5", "duplicate"],
    ]
    assert "Nothing was changed." in said and failure == "2 of 4 rows were left out."
    assert not Person.objects.filter(email=ANN).exists()
    assert call(file)[0] == dry
    assert roles_of(ANN, world.customer) == ["reader"]
    before = everything()
    again, said, failure = call(file)
    assert again[0] == f"2\talready_there\t{world.customer.org_id}\t{ANN}\t"
    assert "1 already_there, 1 bad, 1 unknown, 1 duplicate" in said
    assert everything() == before


def test_the_command_ends_well_if_every_row_is_in(world: World, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(f"{HEAD}\n{world.customer.org_id},{ANN},Invoice,,,\n")
    assert call(str(tmp_path / "good.csv"))[2] == call(str(tmp_path / "good.csv"))[2] == ""


def test_the_command_reads_standard_input(world: World, lines: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(lines)))
    assert len(call("-")[0]) == 4


def test_a_file_that_breaks_off_brings_in_nothing(world: World, tmp_path: Path) -> None:
    broken = f"{HEAD}\n{world.customer.org_id},{ANN},Invoice,,,\n".encode() + b"\xff\xfe broken\n"
    (tmp_path / "broken.csv").write_bytes(broken)
    printed, _said, failure = call(str(tmp_path / "broken.csv"))
    assert printed == [] and "Row 3 is not in UTF-8" in failure
    assert not Person.objects.filter(email=ANN).exists()


def test_what_a_file_holds_cannot_control_the_terminal(world: World, tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text(f"{HEAD}\n{world.customer.org_id},\x1b[2Jann@x.example,Invoice,,,\n")
    (line,) = call(str(tmp_path / "odd.csv"))[0]
    assert line.replace("\t", "").isprintable() and "\\x1b[2J" in line


def test_the_commands_stay_as_they_were(world: World) -> None:
    """`add_operator` replaces the roles; an import adds to them."""
    person = world.person("partner.admin_agent")
    add_operator(actor=STAFF, organization=world.partner, person=person, roles=[Role.READER])
    apply(f"{world.partner.org_id},{person.email},tenant admin,,,")
    assert roles_of(person.email, world.partner) == ["reader", "admin"]

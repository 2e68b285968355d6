"""Hundreds of hostile files through the pages, as people upload them: the error names the row and the column, in the
reader's language, and nothing is stored (issue of the channel: operators and activation links).
"""

import re
from collections import Counter
from html import unescape
from itertools import cycle
from typing import Any

import pytest
from allauth.account.models import EmailAddress

from accounts.imports import OPERATORS
from accounts.models import ExternalIdentity, Operator, OperatorInvitation, Organization, Person
from entitlements.activation_imports import ACTIVATION_IMPORTS
from entitlements.models import ActivationLink, ActivationToken, Entitlement
from imports.actions import requests, runs
from imports.models import Import
from notifications.models import Event, SecretMail
from partnerportal.lib import formats
from partnerportal.lib.imports.kinds import ImportKind
from tests.imports.hostile_files import ADDRESSES, LANGUAGES, HostileFile, Table, make_cells, make_files, make_rows
from tests.imports.test_views import post, rows_of
from tests.world import SKU_OF_NOBODY, World
from tests.world_activation import ADD_ON, SEAT_LIMIT

FRENCH = re.compile(r"«|é|\b(le|la|les|un|une|des|du|est|pas|sont)\b", re.IGNORECASE)
JAPANESE = re.compile(r"[ぁ-んァ-ン]")
CUSTOMERS, PARTNERS = ACTIVATION_IMPORTS[2:]
STORED = (
    Person, EmailAddress, Operator, OperatorInvitation, ExternalIdentity, Organization, ActivationLink,
    ActivationToken, Entitlement, SecretMail,
)  # fmt: skip
COUNTRIES = ["X", "XX", "FRA", "France", "フランス", "1", "-", "F\u200bR", "\u202eRF", "ＦＲ\u0301", "<b>"]
OF_LINKS = {"email": ADDRESSES, "country": COUNTRIES, "language": LANGUAGES}
CELLS: dict[str, dict[str, list[str]]] = {
    "operators": {
        "email": [*ADDRESSES, "ann@\u0435xample.com", "\u212aate@x.example", "ann@m\u00fcnchen.example"],
        "role": [
            ";", " ; ;", "Owner", "Invoice;Owner", "Invoices", "Reader,Admin", "=1+1", "Lecteur", "管理者", "x" * 1500,
            "<script>alert(1)</script>", "%(roles)s", "\u0410dmin",
        ],
        "name": ["x" * 121, "é" * 500],
        "language": LANGUAGES,
        "external_id": ["x" * 201],
    },
    "activation_links": {
        **OF_LINKS,
        "organization_name": ["\u200b", "x" * 201, "\u202e\u2066"],
        "sku": ["nothing", "'; DROP TABLE x; --", "-", ADD_ON, "\u202e", "<b>", SKU_OF_NOBODY.upper() + "\u200b"],
        "add_ons": ["nothing", SKU_OF_NOBODY, f"{ADD_ON}|nothing", "|".join("x" * 9), "{0}%s"],
        "licences": ["0", "-1", "1.5", "1,5", "1e5", "９", str(SEAT_LIMIT + 1), "9" * 40, "=1+1", "nan", "ten", "٣"],
        "partner_orgid": ["99999999", "x", "'", "\u202e", "0" * 100],
    },
    "partner_links": {
        **OF_LINKS,
        "organization_name": ["\u200b", "x" * 201, "\u202e\u2066"],
        "program": ["nothing", "=1+1", "SOLUTION_ADVISOR", "solution advisor", "\u202e", "'; --", "x" * 500],
    },
}  # fmt: skip


def table_of(kind: ImportKind, world: World) -> Table:
    good = {
        "operators": [world.customer.org_id, "ann@old.example", "Invoice", "Ann", "fr", "u-1"],
        "activation_links": ["Firm", "a@firm.example", "FR", "fr", SKU_OF_NOBODY, ADD_ON, "5", world.partner.org_id],
        "partner_links": ["Firm", "a@firm.example", "FR", "fr", "solution_advisor"],
    }[kind.code]
    required = tuple(column.key for column in kind.columns if column.is_required)
    return Table(dict(zip(kind.column_keys, good, strict=True)), required, kind.max_rows)


def everything() -> dict[str, int]:
    """How much there is of whatever an import could store. Events of imports themselves are left out."""
    counts = {model.__name__: model._default_manager.count() for model in STORED}
    return counts | {"Event": Event.objects.exclude(kind__startswith="import.").count()}


def send(client: Any, kind: ImportKind, file: HostileFile) -> str:
    """Upload a file and try to have it imported, as far as the pages allow; return the error."""
    answer = post(client, file.content, f"/imports/new/{kind.code}/")
    if answer.status_code == 400:
        error = str(answer.context["form"].errors["file"][0])
        assert error in unescape(answer.content.decode())
        return error
    assert answer.status_code == 302, answer.status_code
    url = answer["Location"]
    assert runs.run_next_import()
    page = client.get(url)
    assert page.status_code == 200
    source = Import.objects.latest("pk")
    assert client.post(f"{url}apply/", {"mode": kind.modes[0].key}).status_code == 409, source.checked
    if source.state == "failed":
        error = source.problem
    else:
        (row,) = rows_of(client.get(f"{url}results/?only=failed"))
        assert row["row"] == str(file.row)
        assert row["outcome"] in ("bad", "refused", "unknown")
        error = row["message"]
    assert error in unescape(page.content.decode())
    return error


def judge(client: Any, world: World, who: str, kind: ImportKind, file: HostileFile, language: str) -> None:
    """Look that the error of a file is in the reader's language, and names what it should."""
    Person.objects.filter(pk=world.person(who).pk).update(language=language)
    error = send(client, kind, file)
    assert file.part in error, error
    assert bool(FRENCH.search(error)) == (language == "fr") and bool(JAPANESE.search(error)) == (language == "ja"), (
        error
    )
    if file.row and Import.objects.latest("pk").state != "checked":  # else the table and the results have the number
        assert formats.format_number(file.row)[-3:] in error, error


@pytest.mark.usefixtures("private_folder")
@pytest.mark.promise("CV-10", "CV-21")
@pytest.mark.parametrize(
    ("kind", "who"),
    [(OPERATORS, "vendor.admin"), (CUSTOMERS, "distributor.admin"), (PARTNERS, "distributor.admin")],
    ids=lambda value: getattr(value, "code", None),
)
def test_each_is_refused_in_the_readers_language_and_leaves_nothing(
    kind: ImportKind, who: str, world: World, web: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(requests, "PER_DAY", 10_000)
    client, table, wrong = web(who), table_of(kind, world), {}
    files = [*make_files(table), *make_rows(table), *make_cells(table, CELLS[kind.code])]
    assert len(files) > 100 and max(Counter(file.name for file in files).values()) == 1
    before = everything()
    for file, language in zip(files, cycle(["fr", "ja", "en"])):
        try:
            judge(client, world, who, kind, file, language)
        except AssertionError as error:
            while runs.run_next_import():
                pass
            wrong[file.name] = str(error)
        if (after := everything()) != before:
            wrong[file.name] = f"it left something: {set(after.items()) - set(before.items())}"
            before = after
    assert not wrong, "\n" + "\n".join(f"{name}: {problem[:300]}" for name, problem in wrong.items())

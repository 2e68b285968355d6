"""Whatever is typed after `manage.py COMMAND`, what is wrong is said in a sentence, and never by a traceback."""

import io
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management import CommandError, call_command, get_commands
from django.db import transaction

from accounts.models import Organization
from entitlements.models import Entitlement, IngestToken
from tests.states import put
from tests.world import SKU_OF_NOBODY, World, address

pytestmark = pytest.mark.django_db
# A right call of each command. What stands in braces is the test's own.
RIGHT = {
    "add_operator": ["{customer}", "{email}", "--role", "reader"],
    "check_installation": ["--fail-level", "error"],
    "confirm_domain": ["{customer}", "confirmed.example"],
    "correct_organization": [
        "{partner}", "--name", "Correct", "--country", "SE", "--tenant-id", "11111111-1111-4111-8111-111111111111",
        "--partner-id", "1234567",
    ],
    "count_products": ["--months", "3"],
    "create_ingest_token": ["A system", "--kinds", "usage"],
    "create_organization": [
        "--kind", "partner", "--name", "New", "--country", "SE", "--parent", "{distributor}", "--program", "csp",
        "--admin", "{new}", "--link", "--partner-id", "1234567", "--tenant-id", "11111111-1111-4111-8111-111111111111",
    ],
    "create_person": ["{new}", "--name", "New", "--language", "fr", "--link"],
    "end_membership": ["{partner}", "service_provider", "--on", "2099-01-01"],
    "erase_person": ["{email}"],
    "export_event_checkpoint": [],
    "export_person": ["{email}"],
    "extend_membership": ["{partner}", "service_provider", "--until", "2099-01-01"],
    "grant_membership": ["{partner}", "csp", "--from", "2020-01-01", "--until", "2020-12-31"],
    "import_operators": ["{file}", "--dry-run"],
    "import_offers": ["{file}", "--report", "{report}"],
    "import_subscriptions": ["{file}", "--report", "{report}"],
    "ingest": [
        "{file}", "--report", "{report}", "--from", "microsoft-subscriptions", "--customer", "{customer}",
        "--sku", "A-1",
    ],
    "lock_person": ["{email}", "--reason", "A reason"],
    "move_partner": ["{partner}", "--distributor", "{distributor}"],
    "prune_events": ["--before", "2020-01-01"],
    "reactivate_organization": ["{suspended}"],
    "open_trial": ["{sku}", "--licences", "5", "--for", "{distributor}"],
    "rebuild_portfolio": ["--check"],
    "rebuild_usage": ["--check"],
    "remove_operator": ["{customer}", "{email}"],
    "replace_invitation_link": ["{partner}", "--reason", "A reason"],
    "revoke_ingest_token": ["{token}"],
    "rotate_secrets": [],
    "sample_data": ["--accounts"],
    "set_account_manager": ["{customer}", "{staff}", "--phone", "+1 555 0100"],
    "set_partner_onboarding": ["{distributor}", "--at-once"],
    "set_qualifications": ["{partner}", "--competency", "security", "--skill", "training"],
    "set_sku_publisher": ["{sku}", "{publisher}"],
    "setup_database": ["{server}"],
    "suspend_organization": ["{customer}", "--reason", "A reason"],
    "trials": ["convert", "{trial}", "--quantity", "5", "--ends-on", "2099-01-01"],
    "unlock_person": ["{email}"],
    "verify_events": ["--checkpoint", "{report}"],
    "verify_export": ["{file}", "--checkpoint", "{report}", "--stored"],
}  # fmt: skip
HOSTILE = [
    "", " ", "x" * 10_000, "a\0b", "\udcff", "é" * 300, "-1", "0", "9" * 30, "1e5", "nan", "2020-13-45", "0001-01-01",
    "9999-12-31", "../../etc/passwd", "/", "/dev/full", "'; DROP TABLE x; --", "{0}%s", "\u202eevil\n\x1b[2J", "None",
    "a@b", "x" * 250 + "@example.com", "00000000-0000-0000-0000-000000000000", "postgres://[", "１２３",
]  # fmt: skip
WRONG = {  # each wrong in a way of its own
    "create_person {email}": "is there already. With --link",
    "create_person {proved}": "{proved} is a secondary address. Use {email} instead.",
    "create_person {proved} --link": "{proved} is a secondary address. Use {email} instead.",
    "add_operator {customer} {proved} --role reader": "is a secondary address",
    "create_organization --kind customer --name N --country SE --admin {proved}": "is a secondary address",
    "lock_person {proved} --reason R": "is a secondary address",
    "unlock_person {proved}": "is a secondary address",
    "export_person {proved}": "is a secondary address",
    "erase_person {proved}": "is a secondary address",
    "remove_operator {customer} {proved}": "is a secondary address",
    "lock_person missing@example.com --reason R": "Nobody has the address missing@example.com.",
    "erase_person {email}": "only Admin",
    "create_ingest_token {token}": "{token}",
    "revoke_ingest_token nothing": "No active token has this name",
    "trials approve {trial}": "This has changed in the meantime",
    "trials extend 00000000-0000-0000-0000-000000000000": "not",
    "correct_organization {partner}": "Say what to correct",
    "correct_organization {partner} --partner-id 12": "value",
    "correct_organization {partner} --tenant-id 12": "is not a UUID",
    "reactivate_organization {customer}": "This has changed in the meantime",
    "set_account_manager {customer} {email}": "is no operator of the vendor",
    "set_partner_onboarding {partner} --at-once": "Only distributors can onboard partners.",
    "open_trial nothing": "There is no SKU nothing",
    "open_trial {sku} --licences 0": "Enter a number of licences",
    "open_trial {sku} --for {customer}": "neither a distributor nor a partner",
    "set_qualifications {partner} --skill juggling": "There is no skill juggling. There are: deployment",
    "end_membership {customer} csp": "is not currently a member of Cloud Solution Provider",
    "move_partner {customer} --distributor {distributor}": "Only a partner can have an organisation above it",
    "set_sku_publisher nothing": "No SKU has the code nothing.",
    "set_sku_publisher {sku} {partner}": "is not a publisher",
    "count_products --months 14": "a number from 1 to 13",
    "sample_data --customers 1000001": "At most 1,000,000 customers",
    "ingest /nothing": "No such file",
    "import_offers /nothing": "No such file",
    "import_operators /nothing": "No such file",
    "import_operators {file}": "The first row must name the columns",
    "import_subscriptions {file}": "1 of 1 lines were left out.",
    "nothing_at_all": "Unknown command",
}


@pytest.fixture
def names(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.chdir(tmp_path)  # where reports under hostile names are written
    (tmp_path / "file").write_text("{}")
    IngestToken.objects.create(name="token", digest="x", prefix="x")
    put(Organization.objects.filter(pk=world.stranger.pk), state="suspended")
    EmailAddress.objects.create(user=world.person("customer.admin"), email="proved@example.com", verified=True)
    return {
        "customer": world.customer.org_id,
        "partner": world.partner.org_id,
        "distributor": world.distributor.org_id,
        "publisher": world.publisher.org_id,
        "email": address("customer.admin"),
        "new": "new@example.com",
        "proved": "proved@example.com",
        "file": str(tmp_path / "file"),
        "report": str(tmp_path / "report"),
        "token": "token",
        "sku": SKU_OF_NOBODY,
        "trial": str(Entitlement.objects.filter(kind="trial", state="active").earliest("pk").public_id),
        "suspended": world.stranger.org_id,
        "staff": address("vendor.admin"),
        "server": "postgres://nobody@127.0.0.1:1/postgres",
    }


def call(*words: str) -> str:
    """Return the sentence by which it refuses, empty if it does what it is told. What it changed is taken back."""
    refusal = ""
    try:
        with transaction.atomic():
            call_command(*words, stdout=io.StringIO(), stderr=io.StringIO())
            transaction.set_rollback(True)
    except CommandError as error:
        refusal = str(error)
        assert refusal.strip(), words
    return refusal


def test_every_command_is_tried() -> None:
    ours = {name for name, app in get_commands().items() if (settings.BASE_DIR / app).is_dir()}
    assert ours == set(RIGHT)


@pytest.mark.slow  # every word of every command, in every wrong way
@pytest.mark.parametrize("command", RIGHT)
def test_a_word_that_is_wrong_is_refused_in_a_sentence(names: dict[str, str], command: str) -> None:
    words = [word.format_map(names) for word in RIGHT[command]]
    for place in [place for place, word in enumerate(words) if not word.startswith("--")]:
        for hostile in HOSTILE:
            call(command, *words[:place], hostile, *words[place + 1 :])


@pytest.mark.parametrize("line", WRONG)
def test_the_sentence_says_what_is_wrong(names: dict[str, str], line: str) -> None:
    assert WRONG[line].format_map(names) in call(*line.format_map(names).split())


@pytest.mark.parametrize("command", RIGHT)
def test_a_word_too_few_or_too_many_is_refused(names: dict[str, str], command: str) -> None:
    words = [word.format_map(names) for word in RIGHT[command]]
    assert call(command, *words, "--nothing")
    assert call(command, *words, "too", "many")

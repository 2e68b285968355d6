"""docs/operations.md and deploy/ are held to what `make test-operations` runs. Fast: nothing of it is run here."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.apps import apps

from tests.operations.page import PAGE, PROJECT, SETTINGS, UNTRIED, blocks, untried_headings
from tests.operations.standins.build import STEPS, pinned_images

SCRIPTS = [path for path in (PROJECT / "deploy").iterdir() if path.is_file() and path.read_bytes()[:2] == b"#!"]
UNITS = sorted((PROJECT / "deploy/systemd").iterdir())


def test_every_shell_block_is_run_or_listed_as_untried() -> None:
    assert {block.setting for block in blocks()} == set(SETTINGS), [b for b in blocks() if b.setting not in SETTINGS]
    elsewhere = {block.heading for block in blocks() if block.setting == "elsewhere"}
    assert elsewhere == untried_headings(), f"the section “{UNTRIED}” lists the headings of what is not tried"
    assert len(list(blocks())) == len(re.findall(r"^```sh", PAGE.read_text(), re.MULTILINE)) > 20


@pytest.mark.parametrize("block", list(blocks()), ids=lambda block: f"line-{block.line}")
def test_every_shell_block_is_shell(block: object) -> None:
    checked = subprocess.run(["bash", "-n"], check=False, input=block.text, text=True, capture_output=True)  # type: ignore[attr-defined]
    assert (checked.returncode, checked.stderr) == (0, "")


def test_what_the_page_names_is_there() -> None:
    text = PAGE.read_text()
    assert {
        path for path in re.findall(r"\b(?:deploy|docs)/[\w./-]*\w", text) if not (PROJECT / path).exists()
    } == set()
    headings = {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in re.findall(r"^#+ (.+)", text, re.M)}
    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= headings


def test_the_page_says_how_long_every_table_is_kept() -> None:
    section = PAGE.read_text().partition("## What is kept for how long\n")[2].partition("\n## ")[0]
    django_own = {"auth_group", "auth_permission", "django_content_type"}
    views = {"entitlements_moment"}  # it reads what other tables keep
    tables = {model._meta.db_table for model in apps.get_models()} - django_own - views | {"portal_cache"}
    assert set(re.findall(r"`([a-z]+_[a-z]+)`", section)) - {"erase_person"} == tables


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.name))
def test_scripts_are_shell_and_may_be_run(script: Path) -> None:
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["sh", "-n", script], check=False, capture_output=True).stderr == b""


def test_a_configuration_is_made_once_and_kept(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    for name in ("deploy/configure", ".env.example"):
        shutil.copy(PROJECT / name, tmp_path / name)
    command = [tmp_path / "deploy/configure", "https://portal.example.org/", "portal@example.org"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "secrets/EMAIL_URL" in said
    env = (tmp_path / ".env").read_text()
    assert "PORTAL_ORIGIN=https://portal.example.org\n" in env and "<portal@example.org>" in env
    assert "#HTTPS_PORT=443\n" in env
    secrets = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert Fernet(secrets["SECRETS_KEYS"])
    made = [secret for name, secret in secrets.items() if name not in ("EMAIL_URL", "SECRETS_KEYS")]
    assert len(set(made)) == len(made) == 5 and all(re.fullmatch("[0-9a-f]{80}", secret) for secret in made)
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in (tmp_path / "secrets").iterdir()), "written again later"
    subprocess.run([*command, "smtp://mail.example.org:25"], check=True, capture_output=True)
    again = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert again == secrets | {"EMAIL_URL": "smtp://mail.example.org:25"}
    (tmp_path / ".env").unlink()
    subprocess.run([command[0], "https://localhost:8443/", "portal@example.org"], check=True, capture_output=True)
    env = (tmp_path / ".env").read_text()
    assert "\nHTTPS_LISTEN=8443\n" in env and "\nHTTPS_PORT=8443\n" in env
    refused = subprocess.run([*command[:1], "portal.example.org", "a@b"], check=False, capture_output=True, text=True)
    assert (refused.returncode, refused.stderr[:6]) == (2, "Usage:")


@pytest.mark.promise("O-21")
def test_units_start_what_the_procfile_starts() -> None:
    procfile = (PROJECT / "Procfile").read_text()
    for name in ("web@", "beat"):
        unit = (PROJECT / f"deploy/systemd/partnerportal-{name}.service").read_text()
        command = re.findall(r"^ExecStart=\S+ (.+)$", unit, re.MULTILINE)[0]
        assert " ".join(command.split()[:7]) in procfile
    worker = (PROJECT / "deploy/systemd/partnerportal-worker@.service").read_text()
    command = re.findall(r"^ExecStart=\S+ (.+)$", worker, re.MULTILINE)[0].replace("%%h", "%h")
    for queue in ("celery", "ingest", "exports", "imports", "domains", "mails"):
        line = re.findall(rf"python (.+--queues {queue} .+)$", procfile, re.MULTILINE)[0]
        own = command.replace("%i", queue).replace("${WORKER_CONCURRENCY}", "1")
        assert own == line.replace("${WORKER_CONCURRENCY:-2}", "1")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_units_are_understood_by_systemd(tmp_path: Path) -> None:
    names = []
    for unit in UNITS:
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(text)
        name = unit.name.replace("@.", "@8001.")
        (tmp_path / name).write_text(text)
        names.append(tmp_path / name)
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *names], check=False, capture_output=True, text=True
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_every_pinned_image_has_a_stand_in() -> None:
    assert set(pinned_images()) == set(STEPS)

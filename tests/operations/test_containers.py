"""The page's blocks in containers, in its order, and what a person does between them: sign in, export, get a mail."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.operations.page import PROJECT, Block, Shell, blocks, clean_environment
from tests.operations.standins.build import build, missing_images
from tests.operations.visitor import Traffic, Visitor

ORIGIN = "https://localhost"
INSTEAD = {  # of the page's examples
    "https://portal.example.com": ORIGIN,
    "smtp+tls://user:password@mail.example.com:587": "smtp://mailpit:1025",
}
PASSWORD = "a long enough passphrase"
SAMPLE = "partner-portal-demo"
# More months of use than are exported at once, of every customer of the sample: they stretch over decades.
MONTHS = """INSERT INTO entitlements_usagemonth (customer_id, sku_id, purchased, assigned, newly_assigned, month,
    last_day, days, monthly_active, daily_active_peak)
SELECT customer_id, sku_id, 9, 8, 1, (date '1900-01-01' + n * interval '1 month')::date, '1950-01-01', 1, 1, 1
FROM (SELECT DISTINCT customer_id, sku_id FROM entitlements_usagemonth) used, generate_series(1, 100) n"""
MIGRATION = """from django.db import migrations
class Migration(migrations.Migration):
    dependencies = [("notifications", "{last}")]
    operations = [migrations.RunSQL("SELECT pg_sleep(4); CREATE TABLE test_operations ()")]
"""


def obstacle() -> str:
    """Why containers cannot be tried here; empty when they can."""
    if not shutil.which("docker") or subprocess.run(["docker", "info"], check=False, capture_output=True).returncode:
        return "no container engine answers"
    if subprocess.run(["docker", "compose", "version"], check=False, capture_output=True).returncode:
        return "there is no Docker Compose 2"
    if missing_images() and (os.geteuid() or not shutil.which("debootstrap")):
        return f"images are missing ({', '.join(missing_images())}), and stand-ins need root and debootstrap"
    running = subprocess.run(["docker", "compose", "ls", "--quiet"], check=False, capture_output=True, text=True).stdout
    if "partnerportal" in running.split():
        return "a project named partnerportal runs here already"
    for port in (80, 443, 8025):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return f"port {port} is taken or not for us"
    return ""


@dataclass
class Stage:
    """The installation that the blocks work on, and what was learnt about it."""

    shell: Shell
    folder: Path
    said: str = ""  # by the last block
    org_id: str = ""

    @property
    def authority(self) -> Path:
        """The certificate authority that the proxy made for this origin, which no public one would vouch for."""
        path = self.folder.parent / "authority.crt"
        if not path.exists():
            place = "proxy:/data/caddy/pki/authorities/local/root.crt"
            subprocess.run(["docker", "compose", "cp", place, path], check=True, cwd=self.folder, capture_output=True)
        return path

    def visitor(self) -> Visitor:
        return Visitor(ORIGIN, self.authority)


def until(what: Callable[[], object], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if what():
                return
        except (OSError, AssertionError) as error:
            assert time.monotonic() < deadline, error
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(1)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    if why := obstacle():
        pytest.skip(f"LEFT OUT: containers, because {why}")
    build()
    folder = tmp_path_factory.mktemp("containers") / "partnerportal"
    origin = folder.parent / "origin"
    shell = Shell(
        folder, clean_environment(HTTP_LISTEN="127.0.0.1:80", HTTPS_LISTEN="127.0.0.1:443", PORTAL_TLS="internal")
    )
    subprocess.run(["git", "clone", "--quiet", "--bare", PROJECT, origin], check=True)
    subprocess.run(["git", "clone", "--quiet", origin, folder], check=True)
    _take_over_work(folder)
    with (folder / ".env.example").open("a") as example:
        example.write("COMPOSE_PROFILES=trial\n")
    yield Stage(shell, folder)
    shell.run("docker compose logs --no-color > ../logs.txt; docker compose down --volumes --timeout 5")


def _take_over_work(folder: Path) -> None:
    """What is not committed is tried too."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], check=True, cwd=PROJECT, capture_output=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, folder / name)
    _commit(folder, "What is worked on")


def _commit(folder: Path, message: str) -> None:
    author = ["-c", "user.name=operations", "-c", "user.email=operations@example.com"]
    subprocess.run(["git", "add", "--all"], check=True, cwd=folder)
    subprocess.run(["git", *author, "commit", "--quiet", "--allow-empty", "-m", message], check=True, cwd=folder)
    subprocess.run(["git", "push", "--quiet"], check=True, cwd=folder)


def _first_run(stage: Stage) -> None:
    """The link of the first Admin leads in."""
    until(lambda: stage.visitor().get("/sign-in/"))
    link = re.findall(rf"{ORIGIN}/sign-in/password/reset/key/\S+", stage.said)[-1]
    visitor = stage.visitor()
    form = visitor.get(link)
    done = visitor.submit(form, "", password1=PASSWORD, password2=PASSWORD)
    assert visitor.address.endswith("/key/done/"), done
    visitor = stage.visitor()
    assert "Example Software" in visitor.sign_in("you@example.com", PASSWORD)


def _mails(address: str) -> list[dict[str, object]]:
    with urlopen("http://127.0.0.1:8025/api/v1/messages", timeout=5) as answer:
        found = json.load(answer)["messages"]
    return [mail for mail in found if address in [to["Address"] for to in mail["To"]]]


def _sql(stage: Stage, statement: str) -> None:
    stage.shell.run(f'docker compose exec -T db psql --username=postgres portal --command="{statement}"')


def _partner(stage: Stage) -> None:
    """The printed invitation link works, the partner hears of it by mail, and a large export is made and fetched."""
    link = re.findall(rf"{ORIGIN}/i/\S+", stage.said)[-1]
    stage.shell.run("docker compose exec -T worker python manage.py sample_data --even-in-production")
    _sql(stage, MONTHS)
    customer = stage.visitor()
    customer.sign_in("owen.tate@harbourstone.example", SAMPLE)
    invitation = customer.get(link)
    wording = re.search(r'name="wording" value="([^"]+)"', invitation)
    assert wording, f"no consent to give on the page:\n{invitation[:2000]}"
    customer.submit(invitation, "accept/", wording=wording[1])
    until(lambda: _mails("partner@example.com"))
    partner = stage.visitor()
    partner.sign_in("emma.clarke@brightwater.example", SAMPLE)
    partner.submit(partner.get("/customers/"), "/exports/new/", list="usage_history", what="all")
    ready = re.compile(r'href="(/exports/[\w-]{36}[^"]*)"')
    until(lambda: ready.search(partner.get("/exports/")))
    file = ready.findall(partner.get("/exports/"))[0]
    assert partner.get(file).count("\n") > 2000
    _sql(stage, "DELETE FROM entitlements_usagemonth WHERE month < '1950-01-01'")


def _remember(stage: Stage) -> None:
    """What a restore must bring back and the way back must keep."""
    until(lambda: stage.visitor().get("/sign-in/"))
    visitor = stage.visitor()
    assert "Example Software" in visitor.sign_in("you@example.com", PASSWORD)


def _next_release(stage: Stage) -> None:
    """A release with a migration that takes a while, and with another style sheet."""
    work = stage.folder.parent / "next"
    subprocess.run(["git", "clone", "--quiet", stage.folder.parent / "origin", work], check=True)
    migrations = work / "notifications" / "migrations"
    last = max(path.stem for path in migrations.glob("0*.py"))
    (migrations / "9999_test_operations.py").write_text(MIGRATION.format(last=last))
    for sheet in (work / "partnerportal" / "static").rglob("*.css"):
        sheet.write_text(sheet.read_text() + "\n/* the next release */\n")
    _commit(work, "The next release")


CHECKS: dict[tuple[str, int], Callable[[Stage], None]] = {  # after the block of that number below the heading
    ("First run", 1): _first_run,
    ("First run", 3): _partner,
    ("Restore", 3): _remember,
    ("The way back", 1): _remember,
    ("Passwords", 1): _remember,
    ("Passwords", 2): _remember,
}


def numbered() -> Iterator[tuple[Block, int]]:
    counts: dict[str, int] = {}
    for block in blocks():
        if block.setting == "containers":
            counts[block.heading] = counts.get(block.heading, 0) + 1
            yield block, counts[block.heading]


@pytest.mark.promise("O-8")
@pytest.mark.parametrize(("block", "number"), list(numbered()), ids=lambda value: getattr(value, "heading", value))
def test_block(block: Block, number: int, stage: Stage) -> None:
    text = block.text
    for example, ours in {**INSTEAD, "ORGID": stage.org_id}.items():
        text = text.replace(example, ours)
    if block.heading == "Upgrade":
        _next_release(stage)
        with Traffic(ORIGIN, stage.authority, ["/sign-in/login/", "/sign-in/password/reset/", "/healthz"]) as traffic:
            stage.said = stage.shell.run(text)
        sys.stdout.write(
            f"\n{len(traffic.taken)} pages and {traffic.forms} forms while upgrading, "
            f"the slowest page took {max(traffic.taken):.1f} s\n"
        )
        assert traffic.failures == [], stage.said[-3000:]
        assert len(traffic.taken) > 100 and traffic.forms > 50
        _sql(stage, "TABLE test_operations")
    else:
        stage.said = stage.shell.run(text)
    stage.org_id = (re.findall(r"^(\d{8})$", stage.said, re.MULTILINE) or [stage.org_id])[-1]
    CHECKS.get((block.heading, number), lambda _stage: None)(stage)

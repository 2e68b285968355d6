"""The deployment files agree with each other and with the settings. No container engine is needed."""

import re
import runpy
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
EXAMPLE = re.findall(r"^#?([A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE)
WORKERS = ("worker", "ingest", "exports", "mails")
PORTAL_SERVICES = ("setup", "web", *WORKERS, "beat")


def environment(service: str) -> dict[str, str]:
    return SERVICES[service]["environment"]


def test_the_services_are_those_of_the_architecture() -> None:
    assert set(SERVICES) == {*PORTAL_SERVICES, "db", "redis", "mailpit"}


def test_every_variable_is_explained_in_the_example() -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", (PROJECT / "docker-compose.yml").read_text()))
    assert used - set(EXAMPLE) == {"PORTAL_VERSION"}
    assert set(EXAMPLE) <= used


def test_a_required_variable_that_is_missing_stops_the_start() -> None:
    text = (PROJECT / "docker-compose.yml").read_text()
    for name in ("SECRET_KEY", "PORTAL_ORIGIN", "POSTGRES_PASSWORD", "WEB_PASSWORD", "JOB_PASSWORD", "OWNER_PASSWORD"):
        assert set(re.findall(rf"\$\{{{name}([^}}]*)\}}", text)) == {":?see .env.example"}


@pytest.mark.parametrize(
    ("service", "process", "urls"),
    [
        ("web", "web", {"DATABASE_URL"}),
        *((worker, "job", {"DATABASE_JOB_URL"}) for worker in WORKERS),
        ("beat", "job", {"DATABASE_JOB_URL"}),
        (
            "setup",
            "owner",
            {"DATABASE_URL", "DATABASE_JOB_URL", "DATABASE_OWNER_URL", "ADMIN_DATABASE_URL"},
        ),
    ],
)
def test_each_process_knows_only_its_own_database_role(service: str, process: str, urls: set[str]) -> None:
    assert environment(service)["PORTAL_PROCESS"] == process
    assert {name for name in environment(service) if name.endswith("DATABASE_URL") or "DATABASE" in name} == urls


def test_every_variable_of_a_process_is_read_somewhere() -> None:
    sources = (
        PROJECT / "partnerportal/settings/base.py",
        PROJECT / "gunicorn.conf.py",
        PROJECT / "partnerportal/management/commands/setup_database.py",
    )
    read = "".join(path.read_text() for path in sources)
    for service in PORTAL_SERVICES:
        assert {name for name in environment(service) if f'"{name}"' not in read} == set()


def test_what_the_settings_read_is_explained_twice() -> None:
    settings = "".join(path.read_text() for path in (PROJECT / "partnerportal/settings").glob("[bp]*.py"))
    read = set(re.findall(r"env(?:\.\w+)?\(\s*\"(\w+)\"", settings)) | set(re.findall(r"\"(DATABASE_\w+)\"", settings))
    assert {"SECRET_KEY", "DATABASE_JOB_URL", "TRUSTED_PROXY_COUNT", "EMAIL_URL", "STATIC_ROOT"} <= read
    in_example = re.findall(r"^#? ?([A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE)
    table = re.findall(r"^\| (`[^|]+) \|", (PROJECT / "docs/operations.md").read_text(), re.MULTILINE)
    assert read - set(in_example) == set()
    assert read - set(re.findall(r"`(\w+)`", " ".join(table))) == set()


@pytest.mark.parametrize("service", PORTAL_SERVICES)
def test_portal_containers_have_no_rights_beyond_their_own(service: str) -> None:
    assert SERVICES[service]["read_only"] is True
    assert SERVICES[service]["cap_drop"] == ["ALL"]
    assert "USER portal" in (PROJECT / "Dockerfile").read_text()


def test_the_web_process_listens_to_this_machine_alone_but_in_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    """honcho and many platforms set PORT: it must not open the port, past the proxy, to the network."""
    monkeypatch.setenv("PORT", "5000")
    monkeypatch.delenv("WEB_BIND", raising=False)
    assert runpy.run_path(str(PROJECT / "gunicorn.conf.py"))["bind"] == "127.0.0.1:8000"
    assert "WEB_BIND=0.0.0.0:8000" in (PROJECT / "Dockerfile").read_text()


def test_commands_are_those_of_the_procfile() -> None:
    procfile = (PROJECT / "Procfile").read_text()
    for service in (*WORKERS, "beat"):
        assert " ".join(SERVICES[service]["command"].split()[:9]) in procfile
    assert "python -m gunicorn --config gunicorn.conf.py partnerportal.wsgi" in procfile


def test_redis_keeps_what_it_accepted() -> None:
    assert "--appendonly yes" in SERVICES["redis"]["command"]
    assert "--maxmemory-policy noeviction" in SERVICES["redis"]["command"]


def test_images_are_pinned() -> None:
    images = [service["image"] for service in SERVICES.values() if "build" not in service]
    images += re.findall(r"^ARG PYTHON=(.+)$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)
    assert len(images) == 4
    assert all(re.search(r":v?\d+\.\d+", image) for image in images)


def test_only_the_proxy_and_this_machine_reach_a_port() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published and all("127.0.0.1:" in port for port in published)

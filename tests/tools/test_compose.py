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
WEBS = ("web-1", "web-2")
WORKERS = ("worker", "ingest", "exports", "imports", "domains", "mails")
PORTAL_SERVICES = ("setup", *WEBS, *WORKERS, "beat")
COMPLETED = {"condition": "service_completed_successfully"}
READS = re.compile(  # how Python, the shell, Compose and Caddy read a variable
    r"""(?:\benv(?:\.\w+)?\(|environ\.get\(|environ\[|is_set\()\s*"([A-Z][A-Z_]+)"|"((?:ADMIN_)?DATABASE_\w*URL)\""""
    r"""|\$\{([A-Z][A-Z_]+)|\{\$([A-Z][A-Z_]+)"""
)
BY_OTHERS = {"DJANGO_SETTINGS_MODULE", "COMPOSE_PROFILES"}  # who reads these is no code of ours


def environment(service: str) -> dict[str, str]:
    return SERVICES[service]["environment"]


def variables_read(*, left_out: str = "") -> set[str]:
    """Every variable that the portal, its compose file or its proxy read."""
    places = [
        "partnerportal/settings/[bp]*.py",
        "partnerportal/server/*.py",
        "*/management/commands/*.py",
        "*/lib/*.py",
    ]
    paths = [path for place in places for path in PROJECT.glob(place) if ".venv" not in path.parts]
    paths += [PROJECT / name for name in ("gunicorn.conf.py", "Procfile", "docker-compose.yml", "deploy/Caddyfile")]
    texts = [path.read_text() for path in paths if path.name != left_out]
    found = {next(filter(None, names)) for text in texts for names in READS.findall(text)}
    passwords = {name.removesuffix("URL") + "PASSWORD" for name in found if name.endswith("DATABASE_URL")}
    found = {name.removesuffix("_FILE") for name in found}
    return found | passwords | {"DATABASE_JOB_PASSWORD", "DATABASE_OWNER_PASSWORD"} | BY_OTHERS


def variables_explained() -> set[str]:
    """Every variable in the first column of the page's table."""
    table = (PROJECT / "docs/operations.md").read_text().partition("## Environment\n")[2].partition("\n## ")[0]
    return set(re.findall(r"`([A-Z][A-Z_]+)`", " ".join(re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE))))


class _NamesOnce(yaml.SafeLoader):
    """YAML as Compose reads it: a key that stands twice is an error. PyYAML takes the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[str, object]:
        names = [key.value for key, _value in node.value if key.value != "<<"]
        assert len(names) == len(set(names)), sorted(names)
        return dict(super().construct_mapping(node, deep))  # type: ignore[no-untyped-call]


def test_no_key_of_the_compose_file_is_named_twice() -> None:
    assert yaml.load((PROJECT / "docker-compose.yml").read_text(), _NamesOnce) == COMPOSE


def test_the_services_are_those_of_the_architecture() -> None:
    assert set(SERVICES) == {*PORTAL_SERVICES, "proxy", "db", "redis", "mailpit"}


def test_every_variable_is_in_the_example_and_no_other() -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", (PROJECT / "docker-compose.yml").read_text()))
    assert used | {"COMPOSE_PROFILES"} == set(EXAMPLE)


def test_a_required_variable_that_is_missing_stops_the_start() -> None:
    text = (PROJECT / "docker-compose.yml").read_text()
    for name in ("PORTAL_ORIGIN", "DEFAULT_FROM_EMAIL"):
        assert set(re.findall(rf"\$\{{{name}([^}}]*)\}}", text)) == {":?see .env.example"}


@pytest.mark.parametrize(
    ("service", "process", "databases", "passwords"),
    [
        *((web, "web", {""}, {"WEB_PASSWORD"}) for web in WEBS),
        *((worker, "job", {"JOB_"}, {"JOB_PASSWORD"}) for worker in (*WORKERS, "beat")),
        (
            "setup", "owner", {"", "JOB_", "OWNER_", "ADMIN"},
            {"WEB_PASSWORD", "JOB_PASSWORD", "OWNER_PASSWORD", "POSTGRES_PASSWORD"},
        ),
    ],
)  # fmt: skip
def test_each_process_knows_only_its_own_database_role(
    service: str, process: str, databases: set[str], passwords: set[str]
) -> None:
    assert environment(service)["PORTAL_PROCESS"] == process
    names = {"ADMIN_DATABASE_" if kind == "ADMIN" else f"DATABASE_{kind}" for kind in databases}
    wanted = {name + rest for name in names for rest in ("URL", "PASSWORD_FILE")}
    assert {name for name in environment(service) if "DATABASE" in name} == wanted
    common = {"SECRET_KEY", "SECRETS_KEYS", "EMAIL_URL", "SENTRY_DSN", "PRIVATE_BUCKET_SECRET"}
    own = {"METRICS_TOKEN"} if process == "web" else set()
    assert set(SERVICES[service]["secrets"]) == common | own | passwords
    for name, path in environment(service).items():
        if name.endswith("_FILE"):
            optional = re.fullmatch(rf"\$\{{{name}:\+(.+)\}}", path)
            path = optional[1] if optional else path
            secret = path.removeprefix("/run/secrets/")
            assert secret in SERVICES[service]["secrets"]
            place = f"${{{secret}_FILE:-/dev/null}}" if optional else f"secrets/{secret}"
            assert COMPOSE["secrets"][secret] == {"file": place}


def test_setup_stops_at_what_is_wrong() -> None:
    assert SERVICES["setup"]["command"].endswith('&& python manage.py check_installation --fail-level error"')
    assert all(SERVICES[name]["depends_on"]["setup"] == COMPLETED for name in (*WEBS, *WORKERS, "beat"))


def test_no_secret_stands_in_the_compose_file_or_the_example() -> None:
    """`docker compose config` and `docker inspect` print the environment."""
    text = (PROJECT / "docker-compose.yml").read_text() + (PROJECT / ".env.example").read_text()
    given = set(re.findall(r"(\w*(?:PASSWORD|SECRET|TOKEN|DSN|EMAIL_URL)\w*)[:=]", text))
    assert given <= {name for name in given if name.endswith("_FILE")} | set(COMPOSE["secrets"])


@pytest.mark.promise("O-16")
def test_what_a_container_is_given_is_read_there() -> None:
    given = {name.removesuffix("_FILE") for service in PORTAL_SERVICES for name in environment(service)}
    assert given <= variables_read(left_out="docker-compose.yml")


@pytest.mark.promise("O-16")
def test_every_variable_is_read_and_explained() -> None:
    assert variables_read() - variables_explained() == set(), "not in the table of docs/operations.md"
    assert variables_explained() - variables_read() == set(), "nobody reads it"
    by_hand = re.findall(r"^([A-Z_]+)=", (PROJECT / "deploy/portal.env.example").read_text(), re.MULTILINE)
    assert set(by_hand) <= variables_explained()
    for service in PORTAL_SERVICES:
        assert {name.removesuffix("_FILE") for name in environment(service)} <= variables_explained()


@pytest.mark.parametrize("service", PORTAL_SERVICES)
def test_portal_containers_have_no_rights_beyond_their_own(service: str) -> None:
    assert SERVICES[service]["read_only"] is True
    assert SERVICES[service]["cap_drop"] == ["ALL"]
    assert "USER portal" in (PROJECT / "Dockerfile").read_text()


@pytest.mark.promise("O-4")
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


@pytest.mark.promise("O-18")
def test_images_are_pinned() -> None:
    images = [service["image"] for service in SERVICES.values() if "build" not in service]
    images += re.findall(r"^ARG PYTHON=(.+)$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)
    assert len([image for image in images if "partnerportal" not in image]) == 5
    images = [image for image in images if "partnerportal" not in image]
    assert all(re.search(r":v?\d+\.\d+", image) for image in images)


@pytest.mark.promise("O-20")
def test_only_the_proxy_is_published() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {
        "proxy": ["${HTTP_LISTEN:-80}:80", "${HTTPS_LISTEN:-443}:${HTTPS_PORT:-443}"],
        "mailpit": ["127.0.0.1:8025:8025"],
    }
    assert SERVICES["mailpit"]["profiles"] == ["trial"], "a production must not show its mails"


@pytest.mark.promise("O-17")
def test_one_service_builds_the_image_for_all() -> None:
    assert [name for name, service in SERVICES.items() if "build" in service] == ["setup"]
    assert {SERVICES[name]["image"] for name in PORTAL_SERVICES} == {"partnerportal:${PORTAL_VERSION:-local}"}


def test_logs_and_memory_have_limits() -> None:
    for name, service in SERVICES.items():
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}, name
        assert "mem_limit" in service or name == "mailpit", name

"""A process with a wrong setting ends at once, with one sentence that says which and what to do."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings

pytestmark = pytest.mark.slow  # each starts a process

PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "partnerportal.settings.production",
    "SECRET_KEY": "only-for-this-test-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "SECRETS_KEYS": "b25seS1mb3ItdGhpcy1jaGVjay1hbmQtbm8tb3RoZXI=",
    "PORTAL_ORIGIN": "https://portal.example.com",
    "EMAIL_URL": "smtp://mail.example.com:25",
    "PORTAL_PROCESS": "web",
    "WEB_BIND": "127.0.0.1:0",
    "WEB_CONCURRENCY": "1",  # of two, the slower is ended in the middle of its start
}
WEB = ("-m", "gunicorn", "--config", "gunicorn.conf.py", "partnerportal.wsgi")
WORKER = ("-m", "celery", "--app", "partnerportal", "worker")
COMMAND = ("manage.py", "check")


def start(*command: str, **variables: str) -> subprocess.CompletedProcess:
    environment = {name: value for name, value in (os.environ | PRODUCTION | variables).items() if value}
    return subprocess.run(
        [sys.executable, *command],
        check=False, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


@pytest.mark.promise("O-7", "O-10")
@pytest.mark.parametrize(
    ("command", "variables", "words"),
    [
        (COMMAND, {"PORTAL_PROCESS": "wbe"}, "PORTAL_PROCESS is 'wbe'"),
        (COMMAND, {"TRUSTED_PROXY_COUNT": "abc"}, "TRUSTED_PROXY_COUNT is 'abc'"),
        (COMMAND, {"PORTAL_ORIGIN": "portal.example.com"}, "PORTAL_ORIGIN is 'portal.example.com'"),
        (COMMAND, {"PORTAL_ORIGIN": "http://portal.example.com"}, "must begin with https://"),
        (COMMAND, {"SECRET_KEY": "short"}, "SECRET_KEY is too short"),
        (COMMAND, {"SECRETS_KEYS": ""}, "SECRETS_KEYS is not set"),
        (WORKER, {"SECRETS_KEYS": ""}, "SECRETS_KEYS is not set"),
        (WEB, {"SECRETS_KEYS": "short"}, "SECRETS_KEYS must be one or more keys of 32 random bytes"),
        (COMMAND, {"EMAIL_URL": ""}, "EMAIL_URL is not set"),
        (COMMAND, {"EMAIL_URL": "consolemail://"}, "EMAIL_URL must name a mail server"),
        (COMMAND, {"METRICS_TOKEN": "short"}, "METRICS_TOKEN is too short"),
        (COMMAND, {"REDIS_URL": ""}, "REDIS_URL is not set"),
        (COMMAND, {"SECRET_KEY_FILE": "/run/secrets/key"}, "SECRET_KEY and SECRET_KEY_FILE are both set"),
        (WEB, {"EMAIL_URL": ""}, "EMAIL_URL is not set"),
        (WORKER, {"PORTAL_PROCESS": "job", "EMAIL_URL": ""}, "EMAIL_URL is not set"),
    ],
)
def test_it_ends_with_one_sentence(command, variables, words):
    done = start(*command, **variables)
    assert done.returncode != 0
    # gunicorn tells of its own, as JSON.
    said = {line for line in done.stderr.splitlines() if not is_json(line)}
    assert len(said) == 1 and words in min(said) and min(said).startswith("The portal does not start: "), done.stderr


def is_json(line: str) -> bool:
    try:
        return {"time", "level", "logger", "message"} <= json.loads(line).keys()
    except ValueError:
        return False


@pytest.mark.promise("O-16")
def test_production_starts_with_secrets_from_files(tmp_path):
    (tmp_path / "key").write_text(PRODUCTION["SECRET_KEY"])
    (tmp_path / "mail").write_text(PRODUCTION["EMAIL_URL"])
    files = {"SECRET_KEY_FILE": str(tmp_path / "key"), "EMAIL_URL_FILE": str(tmp_path / "mail")}
    done = start("-c", "import partnerportal.wsgi; print('serves')", SECRET_KEY="", EMAIL_URL="", **files)
    assert (done.returncode, done.stdout) == (0, "serves\n"), done.stderr

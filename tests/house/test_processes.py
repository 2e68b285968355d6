"""The web process does not start with a role that row-level security does not hold."""

import os
import subprocess
import sys

import pytest
from django.conf import settings


def start(url: str) -> subprocess.CompletedProcess:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "partnerportal.settings.dev",
        "PORTAL_PROCESS": "web",
        "DATABASE_URL": url,
    }
    command = [sys.executable, "-c", "import partnerportal.wsgi; print('serves')"]
    return subprocess.run(command, check=False, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("role", ["DATABASE_JOB_URL", "DATABASE_OWNER_URL"])
def test_refuses_a_role_above_the_policies(role):
    started = start(os.environ[role])
    assert started.returncode != 0
    assert "bypasses row-level security" in started.stderr


def test_starts_with_the_web_role():
    started = start(os.environ["DATABASE_URL"])
    assert (started.returncode, started.stdout) == (0, "serves\n"), started.stderr

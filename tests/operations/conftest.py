"""Two web processes behind the proxy as it is shipped. Left out where there is no Caddy."""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from django.conf import settings

from entitlements.models import IngestToken
from partnerportal.lib.tokens import digest_secret
from tests import databases
from tests.faults.plant import Plant, free_port
from tests.server.sockets import SECRET
from tests.server.test_slow_clients import MANY, UNFINISHED

PATIENCE = 120  # seconds; on a machine with nothing else to do everything is there in ten
CADDY = os.environ.get("CADDY") or shutil.which("caddy")


class Site:
    """`webs` holds the ports of the two; `port` is the proxy's."""

    def __init__(self, plant: Plant) -> None:
        self.plant, self.folder = plant, plant.folder
        self.port, self.webs = free_port(), [free_port(), free_port()]
        self.origin = f"https://localhost:{self.port}"
        plant.environment |= {
            "DJANGO_SETTINGS_MODULE": "tests.operations.settings",
            "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
            "SECRETS_KEYS": "b25seS1mb3ItdGhpcy1jaGVjay1hbmQtbm8tb3RoZXI=",
            "PORTAL_ORIGIN": self.origin,
            "TRUSTED_PROXY_COUNT": "1",
            "LOG_LEVEL": "INFO",
        }
        self.proxy: subprocess.Popen[bytes] | None = None

    def start_web(self, number: int) -> None:
        """Start one of the two and wait until it is ready."""
        self.plant.environment["WEB_BIND"] = f"127.0.0.1:{self.webs[number]}"
        self.plant.start(
            f"web{number}", "gunicorn", "--config", "gunicorn.conf.py", "partnerportal.wsgi", process="web"
        )
        self.until(lambda: self.is_ready(number))

    def is_ready(self, number: int) -> bool:
        with suppress(OSError):
            return bool(urlopen(f"http://127.0.0.1:{self.webs[number]}/readyz", timeout=5).status == 200)
        return False

    def stop_web(self, number: int) -> None:
        """As a supervisor does: ask it to leave, and wait until it is gone."""
        process = self.plant.processes.pop(f"web{number}")
        process.terminate()
        assert process.wait(60) == 0

    def start_proxy(self) -> None:
        variables = {
            "PORTAL_ORIGIN": self.origin,
            "PORTAL_WEB": " ".join(f"127.0.0.1:{port}" for port in self.webs),
            "PORTAL_TLS": "internal",
            "PORTAL_HTTP_PORT": str(free_port()),
            "XDG_DATA_HOME": str(self.folder / "data"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
        }
        command = [str(CADDY), "run", "--config", "deploy/Caddyfile", "--adapter", "caddyfile"]
        with (self.folder / "proxy.log").open("wb") as log:
            self.proxy = subprocess.Popen(
                command,
                cwd=settings.BASE_DIR,
                env=os.environ | variables,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.plain_port = int(variables["PORTAL_HTTP_PORT"])
        self.until(lambda: self.answers())

    def answers(self) -> bool:
        with suppress(OSError):
            return self.ask("GET", "/healthz")[0] == 200
        return False

    @property
    def tls(self) -> ssl.SSLContext:
        """Trusts the authority of the trial and nobody else."""
        return ssl.create_default_context(cafile=self.folder / "data/caddy/pki/authorities/local/root.crt")

    def connect(self) -> ssl.SSLSocket:
        return self.tls.wrap_socket(socket.create_connection(("127.0.0.1", self.port), 60), server_hostname="localhost")

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        link = HTTPSConnection("localhost", self.port, timeout=60, context=self.tls)
        try:
            link.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = link.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            link.close()

    def access_log(self) -> list[dict[str, Any]]:
        lines = (self.folder / "proxy.log").read_text().splitlines()
        return [entry for entry in map(json.loads, lines) if entry.get("logger", "").startswith("http.log.access")]

    def until(self, what: Callable[[], Any]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not what():
            logs = [path.read_text()[-4000:] for path in self.folder.glob("*.log")]
            assert time.monotonic() < deadline, "\n".join(logs)
            time.sleep(0.1)

    def stop(self) -> None:
        if self.proxy:
            with suppress(ProcessLookupError):
                os.killpg(self.proxy.pid, signal.SIGKILL)
            self.proxy.wait()
        self.plant.stop()


@contextmanager
def running(kind: type[Site], folder: Path) -> Iterator[Site]:
    """A site with its proxy and two web processes, and a token for uploads, in a database of its own."""
    with databases.copy() as variables:
        IngestToken.objects.create(name="Slow", digest=digest_secret(SECRET), prefix=SECRET[:8])
        site = kind(Plant(variables | {"PRIVATE_ROOT": str(folder / "private")}, folder))
        try:
            for number in (0, 1):
                site.start_web(number)
            site.start_proxy()
            yield site
        finally:
            site.stop()


@contextmanager
def half_open(site: Site, kind: str) -> Iterator[None]:
    """Many connections of that kind, none of which says the rest."""
    with ExitStack() as stack:
        for _ in range(MANY):
            stack.enter_context(site.connect()).sendall(UNFINISHED[kind])
        yield


@pytest.fixture(scope="module")
def site(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[Site]:
    if CADDY is None:
        pytest.skip("There is no caddy on this machine.")
    folder: Path = tmp_path_factory.mktemp("site")
    with django_db_blocker.unblock(), running(Site, folder) as site:
        yield site

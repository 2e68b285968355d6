"""The collection of static files, which are hashed, compressed and published.

Files that no page uses are left out, and the style sheet of the web font when the font could not be made. The files of
the release before stay, because its pages are still open in browsers and its web processes may still answer.

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

UNUSED = ("redoc", "rest_framework", "ext", "htmax-*", "htmx-4*", "htmx-2.js", "django-htmx.js")  # of packages
MANIFEST, FORMER = "staticfiles.json", "staticfiles.former.json"  # of this release, and of the one before
ROOT = "from django.conf import settings; print(settings.STATIC_ROOT)"  # a program that prints the served folder


def main(environment: dict[str, str]) -> None:
    """Collect the static files if any of them has changed, because hashing and compressing them takes a while."""
    files = [path for path in (PROJECT / "partnerportal" / "static").rglob("*") if path.is_file()]
    files += [PROJECT / "partnerportal" / name for name in ("icons.py", "finders.py")]
    files.append(PROJECT / "requirements" / "demo.txt")
    manifest = static_root(environment) / MANIFEST
    if manifest.exists() and not changed("static", [*files, manifest]):
        return
    collect(environment=environment)
    done("static", [*files, manifest])


def collect(*, environment: dict[str, str]) -> None:
    """Collect into a new folder and move the files from there, so that none is missing even for a moment."""
    root = static_root(environment)
    root.mkdir(parents=True, exist_ok=True)
    ignored = [argument for name in unused() for argument in ("--ignore", name)]
    arguments = ["manage.py", "collectstatic", "--noinput", "--verbosity", "0", *ignored]
    with tempfile.TemporaryDirectory(dir=root, prefix=".new-") as new:
        python("Collecting static files", *arguments, environment=environment | {"STATIC_ROOT": new})
        publish(Path(new), root)


def publish_copy(collected: Path, *, environment: dict[str, str]) -> None:
    """Publish the files that were collected when an image was built, in the folder that its containers share."""
    root = static_root(environment)
    with tempfile.TemporaryDirectory(dir=root, prefix=".new-") as new:
        shutil.copytree(collected, new, dirs_exist_ok=True)
        publish(Path(new), root)


def publish(new: Path, root: Path) -> None:
    """Move the files of a release into the folder that is served, its manifest last.

    The files of the former release stay, and older ones are deleted.
    """
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
    """Return the files that a manifest names. Without a manifest there are none."""
    return set(json.loads(manifest.read_text())["paths"].values()) if manifest.exists() else set()


def static_root(environment: dict[str, str]) -> Path:
    """Return the folder that the web process of this environment serves. Raises StageError."""
    result = subprocess.run(
        [sys.executable, "-c", ROOT], check=False, env=environment, cwd=PROJECT, capture_output=True, text=True
    )
    if result.returncode:
        raise StageError(f"The settings cannot be read.\n{result.stderr}")
    return Path(result.stdout.strip())


def unused() -> tuple[str, ...]:
    """Return the names of files to leave out.

    This is a function because a first run makes the font only after this module was imported.
    """
    return UNUSED if FONT.exists() else (*UNUSED, "fonts.css")


if __name__ == "__main__":
    try:
        if len(sys.argv) == 2:
            publish_copy(Path(sys.argv[1]), environment=base_environment())
        else:
            collect(environment=base_environment())
    except StageError as error:
        sys.exit(str(error))

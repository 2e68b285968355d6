"""Collects static files where something changed: hashing and compressing them takes a while.

Left out: what no page uses, and the style sheet of the web font when the font could not be made.
"""

import sys

from tools.stages import FONT, PROJECT, StageError, base_environment, changed, done, python

UNUSED = ("redoc", "rest_framework", "ext", "htmax-*", "htmx-4*", "htmx-2.js", "django-htmx.js")


def main(environment: dict[str, str]) -> None:
    files = [path for path in (PROJECT / "partnerportal" / "static").rglob("*") if path.is_file()]
    files += [PROJECT / "partnerportal" / name for name in ("icons.py", "finders.py")]
    files.append(PROJECT / "requirements" / "demo.txt")
    if (PROJECT / "staticfiles").exists() and not changed("static", files):
        return
    collect("--clear", environment=environment)
    done("static", files)


def collect(*options: str, environment: dict[str, str]) -> None:
    ignored = [argument for name in unused() for argument in ("--ignore", name)]
    arguments = ["manage.py", "collectstatic", "--noinput", "--verbosity", "0", *options, *ignored]
    python("Collecting static files", *arguments, environment=environment)


def unused() -> tuple[str, ...]:
    """Asked when it is needed: a first run cuts the font after this module was imported."""
    return UNUSED if FONT.exists() else (*UNUSED, "fonts.css")


if __name__ == "__main__":
    try:
        main(base_environment())
    except StageError as error:
        sys.exit(str(error))

"""Reading of environment variables. One that makes no sense is refused with one clear sentence.

A secret may also come from a file, as containers hand them out: `NAME_FILE` is the path, in place of `NAME`.
"""

import os
import re
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

WRONG = 3  # exit code of a process with wrong settings; gunicorn takes it for "do not try again"
_ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?", re.IGNORECASE)


class Environment(environ.Env):
    """django-environ's reader, with secrets from files. Its methods raise ImproperlyConfigured in plain words."""

    def secret(self, name: str, default: str | None = None) -> str:
        """Return the variable, or the stripped content of the file that NAME_FILE names, or `default`.

        Raises ImproperlyConfigured when both are set, or when neither is and there is no default.
        """
        value, path = self.ENVIRON.get(name), self.ENVIRON.get(f"{name}_FILE")
        if value and path:
            raise ImproperlyConfigured(f"{name} and {name}_FILE are both set: keep one of them.")
        if path:
            value = _content(f"{name}_FILE", path)
        if value:
            return str(value)
        if default is None:
            raise ImproperlyConfigured(f"{name} is not set, and neither is {name}_FILE.")
        return default

    def encryption_keys(self, name: str) -> list[str]:
        """Return the Fernet keys that the variable lists with commas. The first encrypts, and each of them decrypts."""
        keys = [key.strip() for key in self.secret(name).split(",")]
        try:
            for key in keys:
                Fernet(key)
        except ValueError:
            raise ImproperlyConfigured(
                f"{name} must be one or more keys of 32 random bytes in URL-safe base64, separated by commas."
            ) from None
        return keys

    def number(self, name: str, default: int) -> int:
        """Return the variable, or `default` without it, as a whole number, 0 or more."""
        text = self.ENVIRON.get(name) or str(default)
        if not (text.isascii() and text.isdigit()):
            raise ImproperlyConfigured(f"{name} is {text!r}: it must be a whole number, 0 or more.")
        return int(text)

    def choice(self, name: str, choices: Collection[str], default: str) -> str:
        """Return the variable, or `default` without it. It must be one of `choices`."""
        text = self.ENVIRON.get(name) or default
        if text not in choices:
            raise ImproperlyConfigured(f"{name} is {text!r}: it must be one of {', '.join(choices)}.")
        return str(text)

    def origin(self, name: str) -> str:
        """Return the variable, an address of scheme, host and perhaps port, without a slash at its end."""
        text = str(self.ENVIRON.get(name) or "").rstrip("/")
        if not _ORIGIN.fullmatch(text):
            raise ImproperlyConfigured(
                f"{name} is {text!r}: it must be an address such as https://portal.example.com, with its scheme and"
                " without a path."
            )
        return text

    def database_url(self, name: str) -> str:
        """Return the URL of a database. A URL without a password gets the password that another variable holds.

        For DATABASE_URL this is DATABASE_PASSWORD (or DATABASE_PASSWORD_FILE), and likewise for the others.
        """
        url, password_name = self.secret(name), name.removesuffix("URL") + "PASSWORD"
        password = self.secret(password_name, default="")
        try:
            parts = urlsplit(url)
            complete = parts.scheme in ("postgres", "postgresql") and parts.username and parts.path.strip("/")
        except ValueError:
            complete = False
        if not complete:
            raise ImproperlyConfigured(f"{name} must be like postgres://role:password@host:5432/database.")
        if password and parts.password:
            raise ImproperlyConfigured(f"{name} has a password, and {password_name} is set: keep one of them.")
        if password:
            user, _at, rest = parts.netloc.rpartition("@")
            parts = parts._replace(netloc=f"{user.rstrip(':')}:{quote(password, safe='')}@{rest}")
        return parts.geturl()

    def database(self, name: str) -> dict[str, Any]:
        """Return Django's settings of the database whose URL the variable holds, with every option of the URL."""
        config: dict[str, Any] = self.db_url_config(self.database_url(name))
        return {"OPTIONS": {}} | config

    def mail(self, name: str, default: str | None = None) -> dict[str, Any]:
        """Return Django's settings of the mail server whose URL the variable holds."""
        url = self.secret(name, default)
        try:
            config: dict[str, Any] = self.email_url_config(url)
        except (ValueError, ImproperlyConfigured) as error:
            raise ImproperlyConfigured(f"{name}: {error}") from None
        return config


def refuse_to_start(error: ImproperlyConfigured) -> NoReturn:
    """End the process, exit code WRONG, with the one sentence that says what is wrong in place of a traceback."""
    sys.stderr.write(f"The portal does not start: {error}\n")  # by one call, because several processes may write
    sys.exit(WRONG)


def is_secret_set(name: str) -> bool:
    """Return whether the environment gives a secret, as a variable or as a file."""
    return name in os.environ or f"{name}_FILE" in os.environ


def _content(name: str, path: str) -> str:
    try:
        content = Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name} names {path}, which cannot be read: {error}.") from None
    if not content:
        raise ImproperlyConfigured(f"{name} names {path}, which is empty.")
    return content

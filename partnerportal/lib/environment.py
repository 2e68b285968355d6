"""Reading of environment variables. One that makes no sense is refused with one clear sentence.

A secret may also come from a file, as containers hand them out: `NAME_FILE` is the path, in place of `NAME`.
"""

import os
import re
import sys
from collections.abc import Collection
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from partnerportal.lib.domain_names import parse_domain_name

DNS_PORT = 53  # where resolvers listen, unless an address says otherwise
WRONG = 3  # exit code of a process with wrong settings; gunicorn takes it for "do not try again"
_ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?", re.IGNORECASE)


class Environment(environ.Env):
    """A reader of environment variables, based on django-environ, that can take secrets from files.

    All methods raise ImproperlyConfigured with a plain sentence for a value that is missing or wrong.
    """

    def read_secret(self, name: str, default: str | None = None) -> str:
        """Return a secret from the variable `name`, or from the file that the variable `name`_FILE points to.

        Without either it returns `default`. Raises ImproperlyConfigured when both are set, or when neither is and there
        is no default.
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

    def read_encryption_keys(self, name: str) -> list[str]:
        """Return the Fernet keys that the variable lists, separated by commas.

        The first key encrypts; all of them decrypt.
        """
        keys = [key.strip() for key in self.read_secret(name).split(",")]
        try:
            for key in keys:
                Fernet(key)
        except ValueError:
            raise ImproperlyConfigured(
                f"{name} must be one or more keys of 32 random bytes in URL-safe base64, separated by commas."
            ) from None
        return keys

    def read_number(self, name: str, default: int, *, at_least: int = 0, at_most: int | None = None) -> int:
        """Return the variable as a whole number from `at_least` to `at_most`, or `default` if it is not set."""
        text = self.ENVIRON.get(name) or str(default)
        is_number = text.isascii() and text.isdigit()
        if not is_number or int(text) < at_least or (at_most is not None and int(text) > at_most):
            bounds = f"{at_least} or more" if at_most is None else f"from {at_least} to {at_most}"
            raise ImproperlyConfigured(f"{name} is {text!r}: it must be a whole number, {bounds}.")
        return int(text)

    def read_resolvers(self, name: str) -> list[tuple[str, int]]:
        """Return the IP addresses and ports of the DNS resolvers that the variable lists, separated by commas.

        An entry is, for example, 192.0.2.1, 192.0.2.1:5353, 2001:db8::1 or [2001:db8::1]:5353.
        """
        entries = [entry.strip() for entry in str(self.ENVIRON.get(name) or "").split(",")]
        try:
            return [_parse_resolver(entry) for entry in entries if entry]
        except ValueError:
            raise ImproperlyConfigured(
                f"{name} is {', '.join(entries)!r}: it must be IP addresses, such as 192.0.2.1 or [2001:db8::1]:53."
            ) from None

    def read_domains(self, name: str) -> frozenset[str]:
        """Return the names of domains that the variable lists, separated by commas, as `parse_domain_name` does."""
        entries = [entry.strip() for entry in str(self.ENVIRON.get(name) or "").split(",")]
        try:
            return frozenset(parse_domain_name(entry) for entry in entries if entry)
        except ValueError:
            raise ImproperlyConfigured(
                f"{name} is {', '.join(entries)!r}: it must be names of domains, such as example.com,example.org."
            ) from None

    def read_choice(self, name: str, choices: Collection[str], default: str) -> str:
        """Return the variable, which must be one of `choices`, or `default` if it is not set."""
        text = self.ENVIRON.get(name) or default
        if text not in choices:
            raise ImproperlyConfigured(f"{name} is {text!r}: it must be one of {', '.join(choices)}.")
        return str(text)

    def read_origin(self, name: str) -> str:
        """Return the variable, which must be a web origin: scheme, host and perhaps a port, without a final slash."""
        text = str(self.ENVIRON.get(name) or "").rstrip("/")
        if not _ORIGIN.fullmatch(text):
            raise ImproperlyConfigured(
                f"{name} is {text!r}: it must be an address such as https://portal.example.com, with its scheme and"
                " without a path."
            )
        return text

    def read_database_url(self, name: str) -> str:
        """Return the database URL in the variable, completed with a password from another variable if it has none.

        The password of DATABASE_URL stands in DATABASE_PASSWORD or DATABASE_PASSWORD_FILE, and so on for other names.
        """
        url, password_name = self.read_secret(name), name.removesuffix("URL") + "PASSWORD"
        password = self.read_secret(password_name, default="")
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

    def read_database_settings(self, name: str) -> dict[str, Any]:
        """Return the Django settings of the database whose URL is in the variable, as one entry of DATABASES."""
        config: dict[str, Any] = self.db_url_config(self.read_database_url(name))
        return {"OPTIONS": {}} | config

    def read_mail_settings(self, name: str, default: str | None = None) -> dict[str, Any]:
        """Return the Django settings of the mail server whose URL is in the variable, as a dict."""
        url = self.read_secret(name, default)
        try:
            config: dict[str, Any] = self.email_url_config(url)
        except (ValueError, ImproperlyConfigured) as error:
            raise ImproperlyConfigured(f"{name}: {error}") from None
        return config


def exit_with_setting_error(error: ImproperlyConfigured) -> NoReturn:
    """End the process with one line that says which setting is wrong, without a traceback.

    The exit code is WRONG.
    """
    sys.stderr.write(f"The portal does not start: {error}\n")  # by one call, because several processes may write
    sys.exit(WRONG)


def is_secret_set(name: str) -> bool:
    """Return whether the environment sets this secret, either as a variable or as a file."""
    return name in os.environ or f"{name}_FILE" in os.environ


def _content(name: str, path: str) -> str:
    try:
        content = Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name} names {path}, which cannot be read: {error}.") from None
    if not content:
        raise ImproperlyConfigured(f"{name} names {path}, which is empty.")
    return content


def _parse_resolver(entry: str) -> tuple[str, int]:
    """Return the IP address and port that an entry names. Raises ValueError for anything else."""
    is_bare_ipv6 = entry.count(":") > 1 and not entry.startswith("[")
    parts = urlsplit(f"//[{entry}]" if is_bare_ipv6 else f"//{entry}")
    return str(ip_address(parts.hostname or entry)), parts.port or DNS_PORT

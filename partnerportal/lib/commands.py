"""The base of the commands that vendor staff type, and checks of their arguments."""

import getpass
from argparse import ArgumentTypeError
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import DataError, IntegrityError, OperationalError

from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import DomainError

STAFF = "vendor staff"  # what the log calls whoever types a command, with the name of the terminal's user
NEEDS_JOB_ROLE = """This needs the job role.
With containers, run it where that role is known: docker compose exec worker python manage.py …
Without, set PORTAL_PROCESS=job (and DATABASE_JOB_URL)."""


class StaffCommand(BaseCommand):
    """The base of management commands that vendor staff type.

    The command acts as the system and reports a refused action in plain words. It stops at once if its database role is
    subject to row-level security, as it would see no rows and claim that there are none.
    """

    requires_system_checks = ()  # the checks judge pages, and cost a second

    def execute(self, *args: Any, **options: Any) -> Any:
        """Run the command. Raises CommandError, which Django prints, when an action or the database refuses."""
        try:
            if not tenancy.bypasses_row_security():
                raise CommandError(NEEDS_JOB_ROLE)
            require_storable_arguments(options)
            return super().execute(*args, **options)
        except DomainError as error:
            raise CommandError(str(error.message) or error.code) from error
        except ValidationError as error:
            raise CommandError(" ".join(_sentences(error))) from error
        except (DataError, IntegrityError) as error:  # too long, or there already, where no check has said so better
            raise CommandError(f"The database refuses this: {str(error).splitlines()[0]}.") from error
        except OperationalError as error:  # away, a deadlock, or a lock that somebody holds for too long
            raise CommandError(f"The database could not do it now. Run the command again.\n{error}") from error

    @property
    def actor(self) -> Actor:
        """The actor for the command's actions: the system, labelled with the terminal user's name for the log."""
        try:
            name = getpass.getuser()
        except (KeyError, OSError):  # a user of a container may have no name
            name = "?"
        return Actor.system(f"{STAFF} ({name})")


def require_storable_arguments(options: dict[str, Any]) -> None:
    """Raise CommandError if an argument cannot be stored as text: it contains a NUL character or invalid UTF-8."""
    for value in options.values():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and ("\0" in text or text != text.encode(errors="ignore").decode()):
                raise CommandError(f"{text!a} is not a text in UTF-8.")


def parse_email_address(text: str) -> str:
    """Return the argument unchanged if it is a valid e-mail address; argparse calls this as a `type`.

    Raises ArgumentTypeError otherwise.
    """
    try:
        validate_email(text)
    except ValidationError as error:
        raise ArgumentTypeError(f"{text} is not an email address.") from error
    return text


def _sentences(error: ValidationError) -> list[str]:
    if not hasattr(error, "error_dict"):
        return error.messages
    return [f"{name}: {text}" for name, texts in error.message_dict.items() for text in texts]

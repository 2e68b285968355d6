"""Creates the database and its roles: the first step of an installation, repeated to change a password."""

import os

import psycopg2
from django.core.management.base import BaseCommand, CommandError, CommandParser

from partnerportal.database_roles import create_database


class Command(BaseCommand):
    help = (
        "Create the database and its roles, with the names and passwords of DATABASE_URL, DATABASE_JOB_URL and"
        " DATABASE_OWNER_URL. Safe to repeat."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "admin_url",
            nargs="?",
            help="URL of a superuser, for example postgres://postgres:…@db/postgres",
        )

    def handle(self, *args: object, admin_url: str | None, **options: object) -> None:
        # The administrator's URL belongs to this one command and is deliberately not a setting.
        admin_url = admin_url or os.environ.get("ADMIN_DATABASE_URL")
        if not admin_url:
            raise CommandError("Give the URL of a database superuser as argument or in ADMIN_DATABASE_URL.")
        try:
            create_database(
                admin_url,
                web_url=os.environ["DATABASE_URL"],
                job_url=os.environ["DATABASE_JOB_URL"],
                owner_url=os.environ["DATABASE_OWNER_URL"],
            )
        except KeyError as missing:
            raise CommandError(f"{missing.args[0]} is not set.") from missing
        except (ValueError, psycopg2.Error) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("The database and its roles are ready. Next: manage.py migrate")

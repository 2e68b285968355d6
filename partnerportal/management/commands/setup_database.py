"""Creates the database and its roles: the first step of an installation, repeated to change a password."""

import psycopg2
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from partnerportal.database_roles import create_database
from partnerportal.lib.environment import Environment

DATABASE_VARIABLES = ("DATABASE_URL", "DATABASE_JOB_URL", "DATABASE_OWNER_URL")


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
        env = Environment()
        try:
            web, job, owner = (env.database_url(name) for name in DATABASE_VARIABLES)
            create_database(
                admin_url or env.database_url("ADMIN_DATABASE_URL"), web_url=web, job_url=job, owner_url=owner
            )
        except (ImproperlyConfigured, ValueError, psycopg2.Error) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("The database and its roles are ready. Next: manage.py migrate")

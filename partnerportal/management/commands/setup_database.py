"""The command that creates the database and its roles: the first step of an installation, or a change of passwords."""

import psycopg2
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from partnerportal.database_roles import DatabaseSetupIncompleteError, create_database, list_database_setup_statements
from partnerportal.lib.environment import Environment


class Command(BaseCommand):
    help = (
        "Create the database and its roles, with the names and passwords of DATABASE_URL, DATABASE_JOB_URL and"
        " DATABASE_OWNER_URL. Safe to repeat. The administrator is a superuser, or has CREATEROLE, CREATEDB and"
        " BYPASSRLS."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "admin_url",
            nargs="?",
            help="URL of the administrator, for example postgres://postgres:…@db/postgres; or in ADMIN_DATABASE_URL",
        )
        parser.add_argument(
            "--print",
            action="store_true",
            dest="only_print",
            help="print what a database administrator runs by psql, passwords included, and change nothing",
        )

    def handle(self, *args: object, admin_url: str | None, only_print: bool, **options: object) -> None:
        env = Environment()
        try:
            urls = {
                f"{process}_url": env.read_database_url(name) for process, name in settings.DATABASE_VARIABLES.items()
            }
            if only_print:
                self.stdout.write("\n".join(list_database_setup_statements(**urls)))
                return
            # The administrator's URL belongs to this one command and is deliberately not a setting.
            create_database(admin_url or env.read_database_url("ADMIN_DATABASE_URL"), **urls)
        except (ImproperlyConfigured, ValueError, DatabaseSetupIncompleteError, psycopg2.Error) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("The database and its roles are ready. Next: manage.py migrate")

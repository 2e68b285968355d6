#!/usr/bin/env python
"""Django's command line. Commands that change the schema run as the owner role, and all others as the job role."""

import os
import sys

OWNER_COMMANDS = {"migrate", "makemigrations", "flush", "sqlmigrate", "setup_database", "check_installation"}


def main() -> None:
    """Choose the process and its database role, start the embedded servers if none are given, and run the command."""
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partnerportal.settings.dev")
    os.environ.setdefault("PORTAL_PROCESS", "owner" if command in OWNER_COMMANDS else "job")
    has_database = "DATABASE_URL" in os.environ or "DATABASE_URL_FILE" in os.environ
    if not has_database and os.environ["DJANGO_SETTINGS_MODULE"] != "partnerportal.settings.production":
        from partnerportal import embedded

        os.environ |= embedded.environment()

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

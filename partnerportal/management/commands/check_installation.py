"""The command that says whether everything that the portal needs is there and right."""

from django.core.management.base import BaseCommand, CommandError, CommandParser

from partnerportal.installation import InstallationFindingLevel, run_installation_checks

FAIL_LEVELS = {
    "warning": {InstallationFindingLevel.WARNING, InstallationFindingLevel.ERROR},
    "error": {InstallationFindingLevel.ERROR},
}


class Command(BaseCommand):
    help = (
        "Check settings, mail server, folders, database roles, PostgreSQL, Redis, TLS and clock: a line for each, with"
        " what to do. Changes nothing, sends no mail, and fails when something is wrong. Where all three database URLs"
        " are set it sees the most."
    )
    requires_system_checks = ()  # `check_django_settings` runs them, and says more

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--fail-level",
            choices=FAIL_LEVELS,
            default="warning",
            help="`error`: fail only for what nothing may be started with. A mail server that is away is a warning.",
        )

    def handle(self, *args: object, **options: str) -> None:
        wrong = 0
        for finding in run_installation_checks():
            wrong += finding.level in FAIL_LEVELS[options["fail_level"]]
            self.stdout.write(f"{finding.level:<5}  {finding.subject}: {finding.text}")
        if wrong:
            raise CommandError(
                f"{wrong} of these must be put right first." if wrong > 1 else "This must be put right first."
            )

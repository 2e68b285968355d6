"""Says whether everything that the portal needs is there and right."""

from django.core.management.base import BaseCommand, CommandError

from partnerportal.installation import Level, check_installation


class Command(BaseCommand):
    help = (
        "Check settings, mail server, folders, database roles, PostgreSQL, Redis, TLS and clock: a line for each, with"
        " what to do. Changes nothing, sends no mail, and fails when something is wrong. Where all three database URLs"
        " are set it sees the most."
    )
    requires_system_checks = ()  # it runs them itself, and says more

    def handle(self, *args: object, **options: object) -> None:
        wrong = 0
        for finding in check_installation():
            wrong += finding.level == Level.WRONG
            self.stdout.write(f"{finding.level:<5}  {finding.subject}: {finding.text}")
        if wrong:
            raise CommandError(
                f"{wrong} of these must be put right first." if wrong > 1 else "This must be put right first."
            )

from django.core.management.base import CommandError

from notifications.actions.sealing import build_checkpoint_line
from partnerportal.lib.commands import StaffCommand


class Command(StaffCommand):
    """The command that prints a checkpoint of the log of events."""

    help = (
        "Print the end of the sealed log as a line. Keep it where nobody who can write the database can write:"
        " verify_events --checkpoint proves by it that nothing before was changed or cut off."
    )

    def handle(self, *args: object, **options: object) -> None:
        line = build_checkpoint_line()
        if not line:
            raise CommandError("No event was sealed yet.")
        self.stdout.write(line)

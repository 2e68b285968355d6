import datetime as dt

from django.core.management.base import CommandParser

from notifications.actions.sealing import prune_events
from partnerportal.lib.commands import StaffCommand


class Command(StaffCommand):
    """The command that deletes events which were kept long enough."""

    help = (
        "Delete the events before a day, with their notices. EVENT_DAYS must be set and have passed. The last digest"
        " stays, so the rest of the log can be verified as before."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--before", required=True, type=dt.date.fromisoformat, metavar="DAY", help="in UTC")

    def handle(self, *args: object, before: dt.date, **options: object) -> None:
        moment = dt.datetime.combine(before, dt.time.min, dt.UTC)
        self.stdout.write(f"Deleted {prune_events(actor=self.actor, before=moment):,} events.")

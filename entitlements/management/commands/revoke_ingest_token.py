from django.core.management.base import CommandParser

from entitlements.ingest.tokens import revoke_ingest_token
from partnerportal.lib.commands import StaffCommand


class Command(StaffCommand):
    """The command that revokes an ingest token."""

    help = "End an ingest token at once. What it has sent already still comes in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="as it was created")

    def handle(self, *args: object, name: str, **options: object) -> None:
        revoke_ingest_token(actor=self.actor, name=name)
        self.stdout.write(f"{name} is revoked.")

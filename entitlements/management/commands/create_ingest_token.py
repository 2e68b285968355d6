from django.core.management.base import CommandParser

from entitlements.ingest.tokens import create_ingest_token
from entitlements.models.ingest import UploadFileKind
from partnerportal.lib.commands import StaffCommand


class Command(StaffCommand):
    """The command that creates an ingest token, with which a vendor's system sends files."""

    help = "Make a token with which a vendor's system may send facts in files. It is shown once; its digest is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="which system it is for; unique, up to 80 characters")
        parser.add_argument(
            "--kinds", nargs="+", choices=UploadFileKind.values, default=[], help="that it may send; default all"
        )

    def handle(self, *args: object, name: str, kinds: list[str], **options: object) -> None:
        self.stdout.write(create_ingest_token(actor=self.actor, name=name, kinds=kinds))
        self.stderr.write("This is shown once. Send it as: Authorization: Bearer …")

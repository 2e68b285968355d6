from django.core.management.base import CommandError, CommandParser

from accounts.management.arguments import find_organization
from entitlements.actions.publishers import set_sku_publisher
from entitlements.models import Sku
from partnerportal.lib.commands import StaffCommand


class Command(StaffCommand):
    """The command that says whose product a SKU is."""

    help = "Set the publisher of a SKU, who then sees sums of its use. Without ORGID it is the vendor's own."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sku", metavar="CODE")
        parser.add_argument("publisher", metavar="ORGID", nargs="?", default="")

    def handle(self, *args: object, sku: str, publisher: str, **options: object) -> None:
        row = Sku.objects.filter(code=sku).first()
        if row is None:
            raise CommandError(f"No SKU has the code {sku}.")
        organization = find_organization(publisher) if publisher else None
        set_sku_publisher(actor=self.actor, sku=row, publisher=organization)
        self.stdout.write(f"{row}: {organization or 'the vendor’s own'}.")

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from accounts.models import Organization, OrganizationKind
from connections.actions import replace_invitation_link
from partnerportal.lib.commands import StaffCommand


class Command(StaffCommand):
    help = "Replace a partner's invitation link that is being abused. The old one stops at once; connections stay."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organization", metavar="ORGID")
        parser.add_argument("--reason", required=True, help="kept in the log")

    def handle(self, *args: object, organization: str, reason: str, **options: object) -> None:
        partner = Organization.objects.filter(org_id=organization, kind=OrganizationKind.PARTNER).first()
        if partner is None:
            raise CommandError(f"No partner has the ORGID {organization}.")
        link = replace_invitation_link(actor=self.actor, partner=partner, reason=reason)
        self.stdout.write(f"{settings.PORTAL_ORIGIN}{link.page_path}")

from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from accounts.actions.standing import correct_organization_identity
from accounts.management.arguments import find_organization, parse_country_code, parse_tenant_id
from partnerportal.lib.commands import StaffCommand


class Command(StaffCommand):
    help = "Correct what was verified of an organisation: its name, country, tenant ID and partner ID."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organization", metavar="ORGID")
        parser.add_argument("--name")
        parser.add_argument("--country", type=parse_country_code, metavar="CODE", help="two letters, such as FR")
        parser.add_argument("--tenant-id", type=parse_tenant_id, metavar="UUID")
        parser.add_argument("--partner-id", metavar="NUMBER", help='"" takes the number away')

    def handle(
        self,
        *args: object,
        organization: str,
        name: str | None,
        country: str | None,
        tenant_id: UUID | None,
        partner_id: str | None,
        **options: object,
    ) -> None:
        if (name, country, tenant_id, partner_id) == (None, None, None, None):
            raise CommandError("Say what to correct: --name, --country, --tenant-id or --partner-id.")
        row = correct_organization_identity(
            actor=self.actor,
            organization=find_organization(organization),
            name=name if name is None else name.strip(),
            country=country,
            tenant_id=tenant_id,
            partner_id=partner_id,
        )
        facts = f"{row.country}, tenant ID {row.tenant_id}, partner ID {row.partner_id or 'none'}"
        self.stdout.write(f"{row.org_id} is {row}: {facts}.")

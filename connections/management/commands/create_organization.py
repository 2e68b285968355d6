from uuid import UUID

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from accounts.actions.operators import add_operator
from accounts.actions.organizations import grant_membership, register_organization
from accounts.actions.people import register_person
from accounts.management.arguments import find_organization, find_program, parse_country_code, parse_tenant_id
from accounts.management.commands.create_person import make_password_reset_link
from accounts.management.people import RegisterPersonCommand
from accounts.models import OrganizationKind, Role
from connections.models import InvitationLink
from partnerportal.lib.commands import parse_email_address
from partnerportal.lib.days import today


class Command(RegisterPersonCommand):
    help = (
        "Register an organisation, with its programmes and its first Admin. Prints its ORGID; a partner's invitation"
        " link stands on the next line. The Admin sets a password with “Forgot your password?” on the sign-in page."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--kind", required=True, choices=OrganizationKind.values)
        parser.add_argument("--name", required=True)
        parser.add_argument(
            "--country", required=True, type=parse_country_code, metavar="CODE", help="two letters, such as FR"
        )
        parser.add_argument("--partner-id", default="", metavar="NUMBER", help="its number in the partner network")
        parser.add_argument("--tenant-id", type=parse_tenant_id, metavar="UUID", help="default: a new one")
        parser.add_argument("--parent", metavar="ORGID", help="the distributor above a partner")
        parser.add_argument(
            "--program", action="append", default=[], metavar="CODE", help="a membership from today on; may be repeated"
        )
        parser.add_argument("--admin", type=parse_email_address, metavar="EMAIL", help="the first Admin")
        parser.add_argument(
            "--link",
            action="store_true",
            help="print a link that sets the Admin's password, and vouch for the address. The link is a secret",
        )

    @transaction.atomic
    def handle(
        self,
        *args: object,
        kind: str,
        name: str,
        country: str,
        partner_id: str,
        tenant_id: UUID | None,
        parent: str | None,
        program: list[str],
        admin: str | None,
        link: bool,
        **options: object,
    ) -> None:
        if link and not admin:
            raise CommandError("--link is for the Admin: give --admin EMAIL too.")
        above = find_organization(parent) if parent else None
        programs = [find_program(code) for code in program]
        tenant = {"tenant_id": tenant_id} if tenant_id else {}
        organization = register_organization(
            actor=self.actor, kind=OrganizationKind(kind), name=name.strip(), country=country, parent=above,
            partner_id=partner_id, **tenant,
        )  # fmt: skip
        for joined_program in programs:
            grant_membership(actor=self.actor, organization=organization, program=joined_program, starts_on=today())
        if admin:
            registration = register_person(actor=self.actor, email=admin, verified=link)
            add_operator(actor=self.actor, organization=organization, person=registration.person, roles=[Role.ADMIN])
            self.warn_about_reset_account(registration)
        self.stdout.write(organization.org_id)
        for invitation in InvitationLink.objects.filter(organization=organization):
            self.stdout.write(f"{settings.PORTAL_ORIGIN}{invitation.page_path}")
        if admin and link:
            self.stdout.write(make_password_reset_link(registration.person))

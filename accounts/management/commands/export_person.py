import json

from django.core.management.base import CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from accounts.actions.personal_data import export_personal_data
from accounts.management.arguments import find_person
from partnerportal.lib.commands import StaffCommand, parse_email_address


class Command(StaffCommand):
    help = "Print all that is held about a person as JSON, without the secrets they sign in with: for who asks for it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL", type=parse_email_address)

    def handle(self, *args: object, email: str, **options: object) -> None:
        data = export_personal_data(actor=self.actor, person=find_person(email))
        self.stdout.write(json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2))

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.urls import reverse

from accounts.actions.people import register_person
from accounts.management.people import RegisterPersonCommand
from accounts.models import Person
from partnerportal.lib.commands import parse_email_address


class Command(RegisterPersonCommand):
    help = "Create a person, who may then act for organisations (add_operator)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL", type=parse_email_address)
        parser.add_argument("--name", default="")
        parser.add_argument("--language", choices=dict(settings.LANGUAGES), default=settings.LANGUAGE_CODE)
        parser.add_argument(
            "--link",
            action="store_true",
            help="print a link that sets the password, and vouch for the address: for an installation without mail."
            " The link is a secret",
        )

    @transaction.atomic
    def handle(self, *args: object, email: str, name: str, language: str, link: bool, **options: object) -> None:
        registration = register_person(actor=self.actor, email=email, name=name, language=language, verified=link)
        person = registration.person
        if not registration.is_new and not link:
            raise CommandError(f"{person.email} is there already. With --link you get a link that sets the password.")
        self.warn_about_reset_account(registration)
        self.stdout.write(make_password_reset_link(person) if link else f"{person.email} created.")


def make_password_reset_link(person: Person) -> str:
    """Return the URL at which a person sets a password: it works once and for a limited time.

    It is the link that a "Forgot your password?" mail would hold.
    """
    key = {"uidb36": user_pk_to_url_str(person), "key": default_token_generator.make_token(person)}
    return settings.PORTAL_ORIGIN + reverse("account_reset_password_from_key", kwargs=key)

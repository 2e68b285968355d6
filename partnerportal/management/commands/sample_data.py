"""The command that writes the sample data, brings it to any size, and lists the accounts to sign in with."""

import unicodedata
from collections.abc import Iterator

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from accounts.models import Operator
from partnerportal.lib.commands import StaffCommand
from partnerportal.sample import cast
from partnerportal.sample.crowd import add_sample_customers
from partnerportal.sample.writing import is_sample_data_written, write_sample_data

MOST_CUSTOMERS = 1_000_000  # days of work; more is a slip of the finger


class Command(StaffCommand):
    help = "Write invented organisations, people, entitlements and news, for a trial. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--customers",
            type=int,
            metavar="N",
            help="bring the main partner's customers up to N (20000 takes minutes)",
        )
        parser.add_argument("--accounts", action="store_true", help="only list the accounts to sign in with")
        parser.add_argument(
            "--even-in-production", action="store_true", help="do it although the accounts' password is public"
        )

    def handle(
        self, *args: object, customers: int | None, accounts: bool, even_in_production: bool, **options: object
    ) -> None:
        if accounts:
            self.stdout.write("\n".join(format_sample_account_table()))
            return
        if customers is not None and customers > MOST_CUSTOMERS:
            raise CommandError(f"At most {MOST_CUSTOMERS:,} customers are invented.")
        if settings.SETTINGS_MODULE.endswith(".production") and not even_in_production:
            raise CommandError(
                "This is a production portal, and everybody knows the password of the sample accounts."
                " If it holds no real data, add --even-in-production."
            )
        if is_sample_data_written():
            self.stdout.write("The sample data is there already.")
        else:
            write_sample_data()
            self.stdout.write(f"{len(cast.CUSTOMERS)} customers and {len(cast.PEOPLE)} accounts written.")
        if customers is not None:
            added = add_sample_customers(customers, lambda text: self.stdout.write(f"  {text}"))
            self.stdout.write(f"{added:,} customers added.")


def format_sample_account_table() -> Iterator[str]:
    """Yield the lines of a text table of the sample accounts in the database, with their password."""
    emails = [human.email for human in cast.PEOPLE]
    rows = Operator.objects.filter(person__email__in=emails).select_related("person", "organization")
    operators_by_email: dict[str, list[Operator]] = {email: [] for email in emails}
    for row in rows.order_by("pk"):
        operators_by_email[row.person.email].append(row)
    lines = [
        (
            email,
            "; ".join(f"{o.organization.name} ({', '.join(o.roles)})" for o in operators),
            find_person_language(operators),
        )
        for email, operators in operators_by_email.items()
        if operators
    ]
    if not lines:
        yield "  There are no sample accounts. Write them with: manage.py sample_data"
        return
    yield f"  Every account has the password: {cast.PASSWORD}"
    yield ""
    for email, organizations, language in [("Sign in as", "to act for", ""), *lines]:
        yield f"  {pad_to_width(email, 42)} {language:3} {organizations}"


def find_person_language(operators: list[Operator]) -> str:
    """Return the language code of the person to whom these operators belong."""
    return operators[0].person.language


def pad_to_width(text: str, width: int) -> str:
    """Return the text with spaces added, up to `width` columns of a terminal. A Japanese character takes two."""
    taken = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    return text + " " * (width - taken)

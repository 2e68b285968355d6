from contextlib import suppress

from allauth.mfa.models import Authenticator
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.db import transaction

from notifications.models import SecretMail
from partnerportal.lib.commands import StaffCommand
from partnerportal.lib.secret_box import encrypt_anew

BATCH = 500
SECRETS = ("secret", "seed")  # of an authenticator app, and of recovery codes


class Command(StaffCommand):
    help = (
        "Encrypt every secret of the database anew with the first key of SECRETS_KEYS. After it the other keys are no"
        " longer needed. Safe to repeat."
    )

    def handle(self, *args: object, **options: object) -> None:
        last = done = 0
        while batch := rotate_after(last):
            last, done = batch[-1], done + len(batch)
        self.stdout.write(f"Encrypted with the first key: {done} authenticators, {rotate_mails()} mails that wait.")


@transaction.atomic
def rotate_after(pk: int) -> list[int]:
    """Rotate the next batch, in the order of keys; return its keys, none at the end. Nobody uses a code meanwhile."""
    rows = Authenticator.objects.filter(pk__gt=pk).exclude(type=Authenticator.Type.WEBAUTHN)
    batch = list(rows.select_for_update().order_by("pk")[:BATCH])
    for row in batch:
        try:
            row.data |= {name: encrypt_anew(row.data[name]) for name in SECRETS if name in row.data}
        except ImproperlyConfigured as error:
            raise CommandError(f"Authenticator {row.pk}: {error}") from error
    Authenticator.objects.bulk_update(batch, ["data"])
    return [row.pk for row in batch]


@transaction.atomic
def rotate_mails() -> int:
    """Rotate the codes and links that wait for the mail server; return how many. What no key opens is never sent."""
    rows = list(SecretMail.objects.select_for_update())
    for row in rows:
        with suppress(ImproperlyConfigured):
            row.sealed = encrypt_anew(row.sealed)
    SecretMail.objects.bulk_update(rows, ["sealed"])
    return len(rows)

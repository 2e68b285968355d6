from contextlib import suppress

from allauth.mfa.models import Authenticator
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.db import transaction

from notifications.models import SecretMail
from partnerportal.lib.commands import StaffCommand
from partnerportal.lib.secret_box import reencrypt_secret

BATCH = 500  # authenticators encrypted anew in one transaction
SECRETS = ("secret", "seed")  # keys in Authenticator.data: the secret of an app, the seed of recovery codes


class Command(StaffCommand):
    help = (
        "Encrypt every secret of the database anew with the first key of SECRETS_KEYS. After it the other keys are no"
        " longer needed. Safe to repeat."
    )

    def handle(self, *args: object, **options: object) -> None:
        last = done = 0
        while batch := reencrypt_authenticators(last):
            last, done = batch[-1], done + len(batch)
        self.stdout.write(
            f"Encrypted with the first key: {done} authenticators, {reencrypt_waiting_mails()} mails that wait."
        )


@transaction.atomic
def reencrypt_authenticators(after_pk: int) -> list[int]:
    """Encrypt the secrets of a batch of authenticators anew; return the primary keys of that batch.

    The batch begins after the primary key `after_pk` and has at most BATCH authenticators; an empty one is the end. The
    first of SECRETS_KEYS encrypts. The authenticators are locked, so nobody uses one of their codes meanwhile. Raises
    CommandError for a secret that no key opens.
    """
    rows = Authenticator.objects.filter(pk__gt=after_pk).exclude(type=Authenticator.Type.WEBAUTHN)
    batch = list(rows.select_for_update().order_by("pk")[:BATCH])
    for row in batch:
        try:
            row.data |= {name: reencrypt_secret(row.data[name]) for name in SECRETS if name in row.data}
        except ImproperlyConfigured as error:
            raise CommandError(f"Authenticator {row.pk}: {error}") from error
    Authenticator.objects.bulk_update(batch, ["data"])
    return [row.pk for row in batch]


@transaction.atomic
def reencrypt_waiting_mails() -> int:
    """Encrypt anew the mails about accounts that wait for the mail server; return how many there are.

    The first of SECRETS_KEYS encrypts. A mail that no key opens stays as it is and is never sent.
    """
    rows = list(SecretMail.objects.select_for_update())
    for row in rows:
        with suppress(ImproperlyConfigured):
            row.sealed = reencrypt_secret(row.sealed)
    SecretMail.objects.bulk_update(rows, ["sealed"])
    return len(rows)

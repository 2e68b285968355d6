"""By what other systems know a person, and which addresses were erased."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

LONGEST_EXTERNAL_ID = 200  # characters


class ExternalIdentity(models.Model):
    """The id that another system has given to a person, so that they can later be recognised by it.

    Nobody signs in by it, and no page shows it. A person may have several of one system, but each is one person's.
    """

    class Source(models.TextChoices):
        """The system that has given the id."""

        OLD_PORTAL = "old_portal"  # from which operators are imported (CV-21)

    person = models.ForeignKey("accounts.Person", models.CASCADE, related_name="external_identities")
    source = models.CharField(max_length=20, choices=Source)
    external_id = models.CharField(max_length=LONGEST_EXTERNAL_ID)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = (
            models.UniqueConstraint(fields=["source", "external_id"], name="external_identity_once"),
            models.CheckConstraint(condition=~Q(external_id=""), name="external_identity_named"),
        )


class ErasedAddressQuerySet(models.QuerySet):
    """A queryset of erased addresses, which knows them by their digests alone."""

    def remember(self, emails: Iterable[str]) -> None:
        """Remember that these addresses were erased."""
        rows: list[Any] = [ErasedAddress(digest=digest_address(email)) for email in sorted(set(emails))]
        self.bulk_create(rows, ignore_conflicts=True)

    def list_erased(self, emails: Iterable[str]) -> set[str]:
        """Return those of the addresses that were erased."""
        by_digest = {digest_address(email): email for email in emails}
        found = self.filter(digest__in=by_digest).values_list("digest", flat=True)
        return {by_digest[digest] for digest in found}


class ErasedAddress(models.Model):
    """That a person with this address was erased, so that an old file does not bring them back.

    The address itself is gone. A digest with the installation's key (SECRET_KEY) stands for it: without the key, nobody
    can find out by trying whose it was.
    """

    digest = models.CharField(max_length=64, unique=True)

    objects = ErasedAddressQuerySet.as_manager()


def digest_address(email: str) -> str:
    """Return the digest that stands for an address, in whatever mix of capital and small letters it is written."""
    return salted_hmac("accounts.erased_address", email.lower(), algorithm="sha256").hexdigest()

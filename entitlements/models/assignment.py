"""The model of who holds a licence, which only the customer's own Admins see (CC-32)."""

import datetime as dt

from django.db import models
from django.db.models import Q
from django.utils import timezone

from entitlements.models.entitlement import Sku
from partnerportal.lib.actors import Actor
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.visible_rows import TenantQuerySet

UNUSED_AFTER = dt.timedelta(days=30)  # time without use after which a licence counts as unused


class LicenseAssignmentQuerySet(TenantQuerySet):
    """A queryset of licences that people and devices hold: an actor sees its own organisation's licences."""

    def rows_for(self, actor: Actor) -> "LicenseAssignmentQuerySet":
        """Return the licences of the actor's own organisation."""
        return self.filter(customer=actor.organization_id)

    def currently_held(self) -> "LicenseAssignmentQuerySet":
        """Return the licences that are held now."""
        return self.filter(released_at=None)

    def unused(self) -> "LicenseAssignmentQuerySet":
        """Return the licences that were not used for UNUSED_AFTER, which is thirty days, or never."""
        return self.exclude(last_used_at__gte=timezone.now() - UNUSED_AFTER)


class LicenseAssignment(PublicIdModel):
    """A licence that a user or a device of a customer holds or has held."""

    class HolderKind(models.TextChoices):
        """Whether a user or a device holds the licence."""

        USER = "user"
        DEVICE = "device"

    customer = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    sku = models.ForeignKey(Sku, models.PROTECT, related_name="+")
    external_id = models.CharField(max_length=120, unique=True)  # its key in the feed
    holder_kind = models.CharField(max_length=6, choices=HolderKind)
    holder = models.CharField(max_length=254)  # a user's e-mail address or a device's name
    assigned_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    release_asked_at = models.DateTimeField(null=True)  # when the customer's Admin asked; None if nobody did
    released_by_id = models.BigIntegerField(null=True)  # the person of the vendor's staff; None where the feed said it

    objects = LicenseAssignmentQuerySet.as_manager()

    @property
    def is_unused(self) -> bool:
        """Whether the licence was not used for UNUSED_AFTER, or never."""
        return self.last_used_at is None or self.last_used_at < timezone.now() - UNUSED_AFTER

    class Meta:
        indexes = (
            models.Index(fields=["customer", "holder", "id"], name="assignment_by_customer"),
            models.Index(
                fields=["release_asked_at", "id"],
                name="release_asked",
                condition=Q(released_at=None, release_asked_at__isnull=False),
            ),
            models.Index(
                fields=["released_at", "id"],
                name="release_done",
                condition=Q(released_at__isnull=False, release_asked_at__isnull=False),
            ),
        )

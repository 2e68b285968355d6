"""How the vendor's channel grows, month by month."""

from django.db import models
from django.db.models.functions import Now

from accounts.models import OrganizationKind
from partnerportal.lib.actors import Actor
from partnerportal.lib.visible_rows import TenantQuerySet


class ChannelMonthQuerySet(TenantQuerySet):
    """A queryset of the channel's months. Vendor staff see all of them, and nobody else sees any."""

    def rows_for(self, actor: Actor) -> "ChannelMonthQuerySet":
        """Return all months for the vendor's staff, and none for anybody else."""
        return self if actor.organization_kind == OrganizationKind.VENDOR else self.none()


class ChannelMonth(models.Model):
    """The size of the whole channel at the end of a month (UTC), or so far in the present one.

    A task writes it each night, so that no page adds up entitlements of every customer.
    """

    month = models.DateField(primary_key=True)  # its first day
    distributors = models.PositiveIntegerField()
    partners = models.PositiveIntegerField()
    customers = models.PositiveIntegerField()
    publishers = models.PositiveIntegerField()
    connections = models.PositiveIntegerField()  # that were active
    seats = models.PositiveBigIntegerField()  # paid, of the entitlements that ran
    written_at = models.DateTimeField(db_default=Now())

    objects = ChannelMonthQuerySet.as_manager()

    @property
    def organizations(self) -> int:
        """The number of organisations of every kind but the vendor."""
        return self.distributors + self.partners + self.customers + self.publishers

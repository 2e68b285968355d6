"""The narrow table that customer lists read: a row per viewer and customer, with what lists sort and filter by."""

import datetime as dt

from django.contrib.postgres.fields import ArrayField
from django.db import models

from partnerportal.lib.actors import Actor
from partnerportal.lib.scoping import TenantQuerySet

SORTS = ("name_folded", "org_id", "country", "services", "seats", "assigned", "next_expiry_on", "connected_at")
NO_EXPIRY = dt.date(9999, 12, 31)  # sorts last; a null would break keyset paging


class CustomerListingQuerySet(TenantQuerySet):
    def scope(self, actor: Actor) -> "CustomerListingQuerySet":
        return self.filter(viewer=actor.organization_id)


class CustomerListing(models.Model):
    """Kept by triggers on the portfolio, organisations and entitlements; nothing else writes it.

    `seats`, `assigned`, `services` and `skus` are of running entitlements; a nightly task refreshes those whose next
    expiry has passed. `manage.py rebuild_portfolio --check` covers this table too.
    """

    viewer = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    customer = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    public_id = models.UUIDField()
    name = models.CharField(max_length=200)
    name_folded = models.CharField(max_length=400)
    org_id = models.CharField(max_length=8)
    country = models.CharField(max_length=2)
    website = models.CharField(max_length=120, blank=True)
    connected_at = models.DateTimeField()
    services = models.PositiveIntegerField(default=0)
    skus = ArrayField(models.BigIntegerField(), default=list)  # primary keys, each once
    trials = models.PositiveIntegerField(default=0)
    seats = models.PositiveBigIntegerField(default=0)
    assigned = models.PositiveBigIntegerField(default=0)
    next_expiry_on = models.DateField(default=NO_EXPIRY)

    objects = CustomerListingQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["viewer", "customer"], name="customer_listing_once"),)
        indexes = tuple(models.Index(fields=["viewer", sort, "customer"], name=f"listing_{sort}") for sort in SORTS)

    @property
    def expires_on(self) -> dt.date | None:
        return None if self.next_expiry_on == NO_EXPIRY else self.next_expiry_on

"""The narrow table that customer lists read: a row per viewer and customer, with what lists sort and filter by."""

import datetime as dt

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from partnerportal.lib.actors import Actor
from partnerportal.lib.scoping import TenantQuerySet

SORTS = ("name_folded", "org_id", "country", "services", "seats", "assigned", "next_expiry_on", "connected_at")
OVER = Q(overage__gt=0)
UNUSED = F("seats") - F("assigned") + F("overage")
HAS_UNUSED = Q(seats__gt=F("assigned") - F("overage"))
NO_EXPIRY = dt.date(9999, 12, 31)  # sorts last; a null would break keyset paging


class CustomerListingQuerySet(TenantQuerySet):
    def scope(self, actor: Actor) -> "CustomerListingQuerySet":
        return self.filter(viewer=actor.organization_id)


class CustomerListing(models.Model):
    """Kept by triggers on the portfolio, organisations and entitlements; nothing else writes it.

    `seats`, `assigned`, `overage`, `services`, `skus` and `trials` are of running entitlements; a nightly task
    refreshes those whose next expiry has passed. `manage.py rebuild_portfolio --check` covers this table too.
    """

    viewer = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+", db_index=False)
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
    requests = models.PositiveIntegerField(default=0)  # for trials, undecided
    seats = models.PositiveBigIntegerField(default=0)
    assigned = models.PositiveBigIntegerField(default=0)
    overage = models.PositiveBigIntegerField(default=0)  # of each SKU on its own: no seat of one fills in for another
    next_expiry_on = models.DateField(default=NO_EXPIRY)
    ends = ArrayField(models.DateField(), default=list)  # of every running entitlement that ends, in order
    is_falling = models.BooleanField(default=False)  # as in CustomerUsage

    objects = CustomerListingQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["viewer", "customer"], name="customer_listing_once"),)
        indexes = (
            # With the other column that a search reads: it counts what it finds without reading the rows.
            models.Index(fields=["viewer", "name_folded", "customer"], name="listing_name_folded", include=["org_id"]),
            *(models.Index(fields=["viewer", sort, "customer"], name=f"listing_{sort}") for sort in SORTS[1:]),
            models.Index(fields=["viewer", "public_id"], name="listing_public_id"),
            models.Index(fields=["viewer", "next_expiry_on"], name="listing_over", condition=OVER),
            models.Index(fields=["viewer", "next_expiry_on"], name="listing_requests", condition=Q(requests__gt=0)),
            models.Index(fields=["viewer", "next_expiry_on"], name="listing_trials", condition=Q(trials__gt=0)),
            models.Index(
                fields=["viewer", "name_folded", "customer"], name="listing_falling", condition=Q(is_falling=True)
            ),
            models.Index("viewer", UNUSED, "customer", name="listing_unused", condition=HAS_UNUSED),
        )

    @property
    def expires_on(self) -> dt.date | None:
        return None if self.next_expiry_on == NO_EXPIRY else self.next_expiry_on

    @property
    def is_over(self) -> bool:
        """More seats assigned than purchased, of any SKU."""
        return self.overage > 0

    @property
    def unused(self) -> int:
        """Seats purchased and not assigned, of each SKU on its own."""
        return self.seats - self.assigned + self.overage


class CustomerPaceQuerySet(TenantQuerySet):
    def scope(self, actor: Actor) -> "CustomerPaceQuerySet":
        return self.filter(viewer=actor.organization_id)


class CustomerPace(models.Model):
    """What each day of use may change for a viewer: a row beside each of CustomerListing, whose many indexes would
    all be written anew each night. Kept by triggers on the listing and on CustomerUsage.
    """

    pk = models.CompositePrimaryKey("customer_id", "viewer_id")
    customer = models.ForeignKey(
        "accounts.Organization", models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    viewer = models.ForeignKey(
        "accounts.Organization", models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    moved = models.BigIntegerField(null=True)  # seats assigned against 28 days before
    full_on = models.DateField(null=True)  # when all seats will be assigned; nothing where they are already

    objects = CustomerPaceQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["viewer", "moved", "customer"], name="pace_moved", condition=~Q(moved=0)),
            models.Index(
                fields=["viewer", "full_on", "customer"], name="pace_full_on", condition=Q(full_on__isnull=False)
            ),
        )


class PortfolioFigureQuerySet(TenantQuerySet):
    def scope(self, actor: Actor) -> "PortfolioFigureQuerySet":
        return self.filter(viewer=actor.organization_id)


class PortfolioFigure(models.Model):
    """What a viewer's listing adds up to, so that no page adds up the listing.

    A figure is the sum of all rows with its facet and value. Triggers on the listing append their differences and touch
    no row that is there, so writers never wait for one another; `fold_figures` adds them up every few minutes.
    """

    class Facet(models.TextChoices):
        # value: customers, seats, assigned, over (customers with an overage), overage, unused, trials,
        # requests, falling
        TOTAL = "total"
        COUNTRY = "country"  # customers in it
        SKU = "sku"  # customers that run it, by primary key
        EXPIRY = "expiry"  # customers whose nearest expiry it is, an ISO date
        END = "end"  # entitlements of theirs that end on it, an ISO date

    viewer = models.ForeignKey(
        "accounts.Organization", models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    facet = models.CharField(max_length=8, choices=Facet)
    value = models.CharField(max_length=20)
    amount = models.BigIntegerField()
    is_folded = models.BooleanField(default=False)

    objects = PortfolioFigureQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["viewer", "facet", "value"], include=["amount"], name="portfolio_figure"),
            models.Index(fields=["viewer"], name="portfolio_figure_unfolded", condition=Q(is_folded=False)),
        )

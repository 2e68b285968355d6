"""The tables that customer lists read: narrow rows per viewer and customer, and figures that add them up."""

import datetime as dt
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import ExpressionWrapper, F, Func, Q, Value
from django.db.models.functions import Concat
from django.db.models.lookups import Exact

from accounts.models import Organization, OrganizationKind
from entitlements.models.entitlement import Entitlement
from entitlements.models.usage import UnusualUse, make_unusual_uses_array_field
from partnerportal.lib.actors import Actor
from partnerportal.lib.scopes import Scope, includes_scopes
from partnerportal.lib.visible_rows import TenantQuerySet

SORTS = (
    "name_folded", "org_id", "country", "services", "seats", "assigned", "overage", "next_expiry_on", "connected_at",
    "created_at",
)  # fmt: skip
OVER = Q(overage__gt=0)
UNUSED = F("seats") - F("assigned") + F("overage")
HAS_UNUSED = Q(seats__gt=F("assigned") - F("overage"))
IN_PRODUCTION = Q(services__gt=F("trials"))  # runs something that is no trial
ONLY_ON_TRIAL = Q(trials__gt=0, services=F("trials"))
NO_EXPIRY = dt.date(9999, 12, 31)  # stands for no end and sorts last; a null would break keyset paging


def make_scope_shared_condition(scope: Scope) -> Exact:
    """Return a query condition for rows of CustomerListing whose customer shares this scope with the row's viewer."""
    # ValueIfScopeShared spells this condition too, as SQL, because lists ask for it on each page; a test compares both.
    return Exact(ExpressionWrapper(F("scopes").bitand(int(scope)), models.SmallIntegerField()), int(scope))


class ValueIfScopeShared(Func):
    """A query expression: `value` in rows of CustomerListing whose customer shares the scope, null elsewhere.

    The columns of data that is not shared hold 0, which would be untrue. `value` is the name of a column or an
    expression. Lists ask for it on each page, and Django takes twice as long to write the same as Case and When.
    """

    template = "CASE WHEN %(expressions)s END"  # the expressions are the column of scopes and the value

    def __init__(self, value: Any, scope: Scope) -> None:
        # The condition is the one of make_scope_shared_condition; a test compares both for each scope.
        super().__init__("scopes", value, arg_joiner=f" & {int(scope)} = {int(scope)} THEN ")

    def _resolve_output_field(self) -> "models.Field[Any, Any] | None":
        return self.get_source_fields()[-1]


class CustomerListingQuerySet(TenantQuerySet):
    """A queryset of the customer listing: an actor sees the rows with its own organisation as viewer."""

    def rows_for(self, actor: Actor) -> "CustomerListingQuerySet":
        """Return the rows of which the actor's organisation is the viewer."""
        return self.filter(viewer=actor.organization_id)

    def with_shared_scope(self, scope: Scope) -> "CustomerListingQuerySet":
        """Keep customers that share this scope. The columns of the others hold 0, which must not be counted."""
        return self.filter(make_scope_shared_condition(scope))


class CustomerListing(models.Model):
    """A row of one viewer's customer list, with all that the list shows, sorts and filters of the customer.

    The viewer is an organisation that has the customer in its portfolio, or the vendor, which sees of every customer
    what it sold it, outside the portfolio (migration 0010). Triggers on the portfolio, organisations and entitlements
    keep it, and nothing else writes it. `services`, `skus` and `trials` are those of running entitlements; `seats`,
    `assigned` and the columns of overage those of paid licences alone, as `entitlements.counting` has them. A task
    refreshes the rows whose next expiry has passed. `manage.py rebuild_portfolio --check` covers this table too.
    """

    viewer = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    public_id = models.UUIDField()
    name = models.CharField(max_length=200)
    name_folded = models.CharField(max_length=400)
    org_id = models.CharField(max_length=8)
    country = models.CharField(max_length=2)
    website = models.CharField(max_length=120, blank=True)  # in lower case, for searches
    # What a search reads: each of its words is part of this.
    search = models.GeneratedField(
        expression=Concat("name_folded", Value(" "), "website", Value(" "), "org_id"),
        output_field=models.TextField(),
        db_persist=True,
    )
    kind = models.CharField(max_length=16, choices=OrganizationKind)
    state = models.CharField(max_length=12, choices=Organization.State)
    created_at = models.DateTimeField()
    connected_at = models.DateTimeField()
    scopes = models.PositiveSmallIntegerField(default=0)  # what the customer shares; the rest is as if there were none
    services = models.PositiveIntegerField(default=0)
    skus = ArrayField(models.BigIntegerField(), default=list)  # primary keys of SKUs that run, each once
    trials = models.PositiveIntegerField(default=0)
    requests = models.PositiveIntegerField(default=0)  # undecided requests for trials
    seats = models.PositiveBigIntegerField(default=0)
    assigned = models.PositiveBigIntegerField(default=0)
    overage = models.PositiveBigIntegerField(default=0)  # of each SKU on its own: no seat of one fills in for another
    trial_seats = models.PositiveBigIntegerField(default=0)
    trial_assigned = models.PositiveBigIntegerField(default=0)
    over_skus = ArrayField(
        models.BigIntegerField(), default=list
    )  # primary keys of SKUs with an overage, largest first
    over_seats = ArrayField(models.BigIntegerField(), default=list)  # the overage of each of `over_skus`
    next_expiry_on = models.DateField(default=NO_EXPIRY)
    ends = ArrayField(models.DateField(), default=list)  # the last days of all running entitlements, in order
    unusual = make_unusual_uses_array_field()  # what is unusual about the customer's use, as in CustomerUsage

    objects = CustomerListingQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["viewer", "customer"], name="customer_listing_once"),)
        indexes = (
            # The index includes what a search reads, so that it counts its finds without the rows.
            models.Index(fields=["viewer", "name_folded", "customer"], name="listing_name_folded", include=["search"]),
            *(models.Index(fields=["viewer", sort, "customer"], name=f"listing_{sort}") for sort in SORTS[1:]),
            models.Index(fields=["viewer", "public_id"], name="listing_public_id"),
            models.Index(fields=["viewer", "next_expiry_on"], name="listing_over", condition=OVER),
            models.Index(fields=["viewer", "next_expiry_on"], name="listing_requests", condition=Q(requests__gt=0)),
            models.Index(fields=["viewer", "next_expiry_on"], name="listing_trials", condition=Q(trials__gt=0)),
            *(
                models.Index(
                    fields=["viewer", "name_folded", "customer"],
                    name=f"listing_{kind}",
                    condition=Q(unusual__contains=[kind.value]),
                )
                for kind in UnusualUse
            ),
            models.Index("viewer", UNUSED, "customer", name="listing_unused", condition=HAS_UNUSED),
        )

    def shares_scope(self, scope: Scope) -> bool:
        """Return whether the customer shares this scope, which is a kind of data, with the viewer.

        The fields of data that is not shared are 0 or empty.
        """
        return includes_scopes(self.scopes, scope)

    @property
    def expires_on(self) -> dt.date | None:
        """The nearest last day of a running entitlement, or None if none of them ends."""
        return None if self.next_expiry_on == NO_EXPIRY else self.next_expiry_on

    @property
    def level(self) -> Entitlement.Kind | None:
        """Whether the customer has services in production or nothing but trials; None if it runs nothing."""
        if self.services > self.trials:
            return Entitlement.Kind.PRODUCTION
        return Entitlement.Kind.TRIAL if self.trials else None

    @property
    def is_suspended(self) -> bool:
        """Whether vendor staff have suspended the customer."""
        return self.state == Organization.State.SUSPENDED

    @property
    def is_over_limit(self) -> bool:
        """Whether more seats of any SKU are assigned than purchased."""
        return self.overage > 0

    @property
    def unused_seats(self) -> int:
        """The number of seats that are purchased and not assigned, counted for each SKU on its own."""
        return self.seats - self.assigned + self.overage


class CustomerPaceQuerySet(TenantQuerySet):
    """A queryset of CustomerPace rows: an actor sees the rows with its own organisation as viewer."""

    def rows_for(self, actor: Actor) -> "CustomerPaceQuerySet":
        """Return the rows of which the actor's organisation is the viewer."""
        return self.filter(viewer=actor.organization_id)


class CustomerPace(models.Model):
    """How fast a customer's assigned seats change, as one viewer sees it: a row beside each row of CustomerListing.

    It is a table of its own because each day of usage may change it, and the listing has many indexes that would be
    rewritten each night. Triggers on the listing and on CustomerUsage keep it up to date.
    """

    pk = models.CompositePrimaryKey("customer_id", "viewer_id")
    customer = models.ForeignKey(
        "accounts.Organization", models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    viewer = models.ForeignKey(
        "accounts.Organization", models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    moved = models.BigIntegerField(null=True)  # seats assigned against 28 days before
    full_on = models.DateField(null=True)  # when all seats will be assigned; None where they are already, or unknown

    objects = CustomerPaceQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["viewer", "moved", "customer"], name="pace_moved", condition=~Q(moved=0)),
            models.Index(
                fields=["viewer", "full_on", "customer"], name="pace_full_on", condition=Q(full_on__isnull=False)
            ),
        )


class PortfolioFigureQuerySet(TenantQuerySet):
    """A queryset of portfolio figures: an actor sees the figures with its own organisation as viewer."""

    def rows_for(self, actor: Actor) -> "PortfolioFigureQuerySet":
        """Return the figures of which the actor's organisation is the viewer."""
        return self.filter(viewer=actor.organization_id)


class PortfolioFigure(models.Model):
    """A total over the customer listing of one viewer, such as its number of customers. It spares adding up rows.

    A figure is the sum of all rows with its facet and value. Triggers on the listing append their differences and touch
    no row that is there, so writers never wait for one another; `merge_portfolio_figure_changes` adds them up every few
    minutes.
    """

    class Facet(models.TextChoices):
        """The kinds of figures, such as customers or seats. A comment beside each says what its `value` names."""

        # One of customers, seats, assigned, over (customers with an overage), overage, unused, trials, trial_seats,
        # trial_assigned, requests, share_services and share_usage (customers who share these).
        TOTAL = "total"
        COUNTRY = "country"  # the code of a country: customers in it
        SKU = "sku"  # the primary key of a SKU: customers that run it
        UNUSUAL = "unusual"  # a kind of unusual use: customers of whom it is said
        EXPIRY = "expiry"  # an ISO date: customers whose nearest expiry it is
        END = "end"  # an ISO date: entitlements of customers that end on it

    viewer = models.ForeignKey(
        "accounts.Organization", models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    facet = models.CharField(max_length=8, choices=Facet)
    value = models.CharField(max_length=20)
    amount = models.BigIntegerField()
    is_merged = models.BooleanField(default=False)

    objects = PortfolioFigureQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["viewer", "facet", "value"], include=["amount"], name="portfolio_figure"),
            models.Index(fields=["viewer"], name="portfolio_figure_unmerged", condition=Q(is_merged=False)),
        )

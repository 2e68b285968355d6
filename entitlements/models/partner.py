"""The table that lists of partners and distributors read: a narrow row for each, with the sums over its customers."""

import datetime as dt

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.models import Organization, OrganizationKind
from entitlements.models.listing import NO_EXPIRY
from entitlements.models.usage import WEEKS_SHOWN
from partnerportal.lib.actors import Actor
from partnerportal.lib.visible_rows import TenantQuerySet

NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)  # stands for no moment and sorts first; a null would break keyset paging
HAS_OVERAGE = Q(overage__gt=0)


class PartnerListingQuerySet(TenantQuerySet):
    """A queryset of the listing of partners: a distributor sees its partners, the vendor's staff see everybody's."""

    def rows_for(self, actor: Actor) -> "PartnerListingQuerySet":
        """Return the rows of the partners below the actor's organisation; of all organisations for the vendor."""
        if actor.organization_kind == OrganizationKind.VENDOR:
            return self.all()
        return self.filter(parent=actor.organization_id)


class PartnerListing(models.Model):
    """A partner or distributor, with all that lists of them show, sort and filter.

    Triggers keep what the row says of the organisation itself (migration 0007). The sums are those of its own portfolio
    figures: they count the customers that share their services with it, of which there are `sharing` among all
    `customers`. So a distributor learns from them nothing that it could not add up from its list of customers, and
    nothing of what the partner itself owns (E-15). `merge_portfolio_figure_changes` brings them up to date, and
    `fetch_unmerged_partner_sums` tells what it has not seen yet, so that no page shows them later than they hold.
    """

    organization = models.OneToOneField(
        "accounts.Organization", models.CASCADE, primary_key=True, related_name="+", db_constraint=False
    )
    public_id = models.UUIDField()
    kind = models.CharField(max_length=16, choices=OrganizationKind)
    name = models.CharField(max_length=200)
    name_folded = models.CharField(max_length=400)
    org_id = models.CharField(max_length=8)
    partner_id = models.CharField(max_length=12)
    country = models.CharField(max_length=2)
    website = models.CharField(max_length=120)
    parent = models.ForeignKey(
        "accounts.Organization", models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    parent_name = models.CharField(max_length=200)  # "" directly under the vendor
    state = models.CharField(max_length=12, choices=Organization.State)
    is_confirmed = models.BooleanField()  # False for a partner that was never a member of a programme: it awaits staff
    created_at = models.DateTimeField()
    operators = models.PositiveIntegerField()
    last_sign_in_at = models.DateTimeField()  # of any operator; NEVER before the first
    # The memberships that run today, each as programme, since and until: its first day and its last, or null.
    badges = models.JSONField()
    next_lapse_on = models.DateField()  # the nearest last day of a badge that no further membership follows
    badges_change_on = models.DateField()  # the day from which on the two columns above say something else

    customers = models.PositiveIntegerField(db_default=0)
    sharing = models.PositiveIntegerField(
        db_default=0
    )  # customers that share their services: all sums below are theirs
    over = models.PositiveIntegerField(db_default=0)  # customers with more seats of a SKU assigned than purchased
    seats = models.PositiveBigIntegerField(db_default=0)
    assigned = models.PositiveBigIntegerField(db_default=0)
    overage = models.PositiveBigIntegerField(db_default=0)
    skus = ArrayField(models.BigIntegerField(), db_default=[])  # primary keys of SKUs that any customer runs
    sku_count = models.PositiveIntegerField(db_default=0)
    next_expiry_on = models.DateField(db_default=NO_EXPIRY)
    # The shares of their licences that were assigned by week, as in CustomerUsage, of customers that share their use.
    weeks = ArrayField(models.SmallIntegerField(), size=WEEKS_SHOWN, db_default=[])
    last_customer_at = models.DateTimeField(db_default=NEVER)  # since when the latest of its customers is one

    objects = PartnerListingQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["parent", "name_folded", "organization"], name="partner_of_parent"),
            models.Index(fields=["kind", "name_folded", "organization"], name="partner_of_kind"),
            models.Index(fields=["badges_change_on"], name="partner_badges_change_on"),
        )

    @property
    def expires_on(self) -> dt.date | None:
        """The nearest last day of what any of its customers runs, or None if none of that ends."""
        return None if self.next_expiry_on == NO_EXPIRY else self.next_expiry_on

    @property
    def is_suspended(self) -> bool:
        """Whether vendor staff have suspended the organisation."""
        return self.state == Organization.State.SUSPENDED

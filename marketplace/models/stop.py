"""Stops of sales, which hold at once until they are lifted, and why each was made."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import OrganizationKind
from marketplace.models.offer import Offer, Plan
from marketplace.models.price import Term
from partnerportal.lib.actors import Actor
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.visible_rows import TenantQuerySet


class SaleStopQuerySet(TenantQuerySet):
    """A queryset of stops of sales: an actor sees those of the offers that it sees."""

    def rows_for(self, actor: Actor) -> "SaleStopQuerySet":
        return self.filter(offer__in=Offer.objects.visible_to(actor).values("pk"))

    def of_market(self, market: object) -> "SaleStopQuerySet":
        """Return the stops that hold in a market: those of all markets, and its own."""
        return self.filter(Q(market=None) | Q(market=market))

    def active(self) -> "SaleStopQuerySet":
        """Return the stops that hold now."""
        return self.filter(lifted_at=None)


class SaleStop(PublicIdModel):
    """A stop of the sale of an offer or of one of its plans, the latter also for one term or in one market.

    It holds at once until lifted. Prices, audience and what was sold stay as they are. Everybody who sees the offer
    sees that it is not on sale; the reason stands in a row of its own (StopReason).
    """

    offer = models.ForeignKey(Offer, models.DO_NOTHING, related_name="stops")  # the database deletes them with it
    plan = models.ForeignKey(Plan, models.DO_NOTHING, null=True, blank=True, related_name="stops")  # null: all plans
    market = models.ForeignKey("marketplace.Market", models.PROTECT, null=True, blank=True, related_name="+")
    term = models.CharField(max_length=4, choices=Term, blank=True, default="")  # "" for all
    by_vendor = models.BooleanField(default=False)  # a stop by the vendor's staff is lifted by them alone
    began_at = models.DateTimeField(default=timezone.now)
    lifted_at = models.DateTimeField(null=True, blank=True)

    objects = SaleStopQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["offer", "plan", "market", "term", "by_vendor"],
                condition=Q(lifted_at=None),
                name="sale_stop_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(market=None, term="") | ~Q(plan=None), name="sale_stop_of_a_market_or_term_names_its_plan"
            ),
        )

    @property
    def reason(self) -> str:
        """The reason, or "" where there is none or the reader does not see it. Queries load it with the stop."""
        row = getattr(self, "stop_reason", None)
        return row.text if row else ""


class StopReasonQuerySet(TenantQuerySet):
    """A queryset of the reasons of stops, which only the publisher of the offer and the vendor see."""

    def rows_for(self, actor: Actor) -> "StopReasonQuerySet":
        if actor.organization_kind == OrganizationKind.VENDOR:
            return self.all()
        return self.filter(stop__offer__publisher=actor.organization_id)


class StopReason(models.Model):
    """Why a sale was stopped. It is a row of its own, so that row-level security can hide it from everybody else."""

    stop = models.OneToOneField(SaleStop, models.CASCADE, related_name="stop_reason")
    text = models.CharField(max_length=500)

    objects = StopReasonQuerySet.as_manager()

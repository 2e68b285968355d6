"""What the vendor's staff have opened for trial: the services that partners and distributors offer to new customers."""

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Organization, OrganizationKind
from entitlements.models.entitlement import Sku
from partnerportal.lib.actors import Actor
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.visible_rows import TenantQuerySet

OFFERING_KINDS = (OrganizationKind.DISTRIBUTOR, OrganizationKind.PARTNER)  # beside the vendor, whose staff open trials


class TrialOfferQuerySet(TenantQuerySet):
    """A queryset of trial offers. Vendor staff see all; partners and distributors those that are open to them."""

    def rows_for(self, actor: Actor) -> "TrialOfferQuerySet":
        if actor.organization_kind == OrganizationKind.VENDOR:
            return self.all()
        if actor.organization_kind not in OFFERING_KINDS:
            return self.none()
        above = Organization.objects.filter(pk__in=[actor.organization_id], parent__isnull=False).values("parent")
        is_chosen = Q(organization_ids__contains=[actor.organization_id])
        return self.open().filter(Q(is_for_all=True) | is_chosen | Q(organization_ids__overlap=ArraySubquery(above)))

    def open(self) -> "TrialOfferQuerySet":
        """Return the offers that staff have not withdrawn."""
        return self.filter(withdrawn_at=None)


class TrialOffer(PublicIdModel):
    """A SKU that new customers can try by an activation link: to whom it is open, and how much of it.

    Everybody who may send activation links has it, or only chosen distributors, with the partners below them, and
    chosen partners. Both arrays hold primary keys, each once: they are read with the offer and never looked up by it.
    """

    sku = models.OneToOneField(Sku, models.PROTECT, related_name="trial_offer")
    seat_limit = models.PositiveSmallIntegerField()  # seats that one trial may have
    add_on_ids = ArrayField(models.BigIntegerField(), default=list)  # SKUs that can be tried with it
    is_for_all = models.BooleanField(default=True)
    organization_ids = ArrayField(models.BigIntegerField(), default=list)  # to whom it is open, unless it is for all
    withdrawn_at = models.DateTimeField(null=True)  # since when nobody can offer it any more
    changed_at = models.DateTimeField(default=timezone.now)
    revision = models.PositiveIntegerField(default=1, db_default=1)

    objects = TrialOfferQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(seat_limit__range=(1, 100)), name="trial_offer_seat_limit"),
            models.CheckConstraint(
                condition=Q(is_for_all=False) | Q(organization_ids=[]), name="trial_offer_for_all_or_some"
            ),
        )

    @property
    def is_open(self) -> bool:
        """Whether activation links can offer the SKU now."""
        return self.withdrawn_at is None

    def __str__(self) -> str:
        return self.sku.name

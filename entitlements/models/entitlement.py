"""The models of what a customer may use: facts that the vendor's feed brings, and trials that are requested here."""

import datetime as dt

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationKind
from partnerportal.lib.actors import Actor
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.scopes import Scope
from partnerportal.lib.visible_rows import TenantQuerySet

REQUESTED_HERE = "trial-"  # how the external id of a trial begins that was requested in the portal
ACTIVATED_HERE = f"{REQUESTED_HERE}link-"  # and of one that began with an activation link


class Sku(models.Model):
    """A SKU, which is an item of the vendor's catalogue. It is the same for everyone, and so owned by no tenant.

    Names are proper names, and not translated.
    """

    class Kind(models.TextChoices):
        """Whether the SKU is a product of its own. Only products can be tried."""

        PRODUCT = "product", _("Product")
        ADD_ON = "add_on", _("Add-on")

    class LicenceModel(models.TextChoices):
        """The way in which use of a licence is counted, which `entitlements.counting` describes."""

        USER_DEVICE = "user_device", _("User or device")
        CONCURRENT = "concurrent", _("Concurrent use")

    code = models.CharField(max_length=60, unique=True)
    service = models.CharField(max_length=120)  # the name of the service that it belongs to; pages show `name`
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.PRODUCT)
    licence_model = models.CharField(max_length=12, choices=LicenceModel, default=LicenceModel.USER_DEVICE)

    def __str__(self) -> str:
        return self.name


class EntitlementQuerySet(TenantQuerySet):
    """A queryset of entitlements: an actor sees its own and those shared with it; vendor staff see all."""

    def rows_for(self, actor: Actor) -> "EntitlementQuerySet":
        """Return the entitlements of the actor's organisation and of customers that share theirs with it.

        The vendor's staff see all of them, because the vendor has sold or granted each.
        """
        if actor.organization_kind == OrganizationKind.VENDOR:
            return self.all()
        return self.filter(customer__in=actor.reach(Scope.ENTITLEMENTS))

    def requested_in_portal(self) -> "EntitlementQuerySet":
        """Return the entitlements that were requested in the portal. The vendor's feed knows nothing of them."""
        return self.filter(external_id__startswith=REQUESTED_HERE)


class Entitlement(PublicIdModel):
    """A number of seats of one SKU that a customer may use, has used or has requested."""

    class Kind(models.TextChoices):
        """Whether the entitlement is a trial or in production."""

        TRIAL = "trial", _("Trial")
        PRODUCTION = "production", _("Production")

    class State(models.TextChoices):
        """The state of an entitlement. An active entitlement whose last day has passed no longer runs."""

        REQUESTED = "requested", _("Requested")
        ACTIVE = "active", _("Active")
        EXPIRED = "expired", _("Expired")
        DECLINED = "declined", _("Declined")
        CANCELLED = "cancelled", _("Cancelled")

    # The steps that people may take with a trial. The feed tells facts, in which any state may follow any other.
    MOVES = {
        State.REQUESTED: frozenset({State.ACTIVE, State.DECLINED, State.CANCELLED}),
        State.ACTIVE: frozenset({State.EXPIRED, State.CANCELLED}),
        State.EXPIRED: frozenset(),
        State.DECLINED: frozenset(),
        State.CANCELLED: frozenset(),
    }
    BEGINS = State.REQUESTED

    class Source(models.TextChoices):
        """How the customer came by the entitlement: bought, granted, enabled, or by an activation link."""

        BOUGHT = "bought", _("Bought")
        GRANTED = "granted", _("Granted")
        ENABLED = "enabled", _("Enabled")
        LINK = "link", _("Activation link")

    class Section(models.TextChoices):
        """The groups of entitlements on the Services tab (CC-48…CC-51). The last group holds all that fit no other."""

        ACTIVE = "active", _("Active entitlements")
        ACTIVE_TRIALS = "active_trials", _("Active trials")
        PENDING_TRIALS = "pending_trials", _("Pending trial requests")
        EXPIRED_TRIALS = "expired_trials", _("Expired trials")
        PAST = "past", _("Ended entitlements")

    customer = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="entitlements")
    sku = models.ForeignKey(Sku, models.PROTECT)
    external_id = models.CharField(max_length=80, unique=True)  # its key in the feed, or REQUESTED_HERE and a UUID
    kind = models.CharField(max_length=10, choices=Kind)
    state = models.CharField(max_length=10, choices=State)
    source = models.CharField(max_length=8, choices=Source, default=Source.BOUGHT)
    quantity = models.PositiveIntegerField()  # seats purchased
    assigned = models.PositiveIntegerField(default=0)  # seats assigned; more than purchased is overage
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)  # the last day of use (UTC), or None without an end
    updated_at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=400, blank=True)  # why vendor staff declined the trial, for the customer
    created_at = models.DateTimeField(db_default=Now())  # when it was first seen here; earlier alerts are not told

    objects = EntitlementQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["customer", "ends_on"], name="entitlement_by_customer"),
            models.Index(fields=["customer"], name="entitlement_requested", condition=Q(state="requested")),
            models.Index(fields=["ends_on", "id"], name="entitlement_ending", condition=Q(state="active")),
            models.Index(fields=["state", "-id"], name="entitlement_trials", condition=Q(kind="trial")),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["customer", "sku"],
                name="entitlement_one_request",
                condition=Q(kind="trial", state="requested", external_id__startswith=REQUESTED_HERE),
            ),
            models.UniqueConstraint(  # by links a customer tries a SKU once, however long ago
                fields=["customer", "sku"],
                name="entitlement_one_activated_trial",
                condition=Q(external_id__startswith=ACTIVATED_HERE),
            ),
            models.CheckConstraint(
                condition=Q(starts_on=None) | Q(ends_on=None) | Q(ends_on__gte=models.F("starts_on")),
                name="entitlement_dates",
            ),
        )

    @property
    def is_request(self) -> bool:
        """Whether the entitlement is a trial that was requested in the portal and never began.

        It does not matter what became of the request.
        """
        return self.external_id.startswith(REQUESTED_HERE) and self.starts_on is None

    def runs_on(self, day: dt.date) -> bool:
        """Return whether the entitlement can be used on a day (UTC): it is active, and its last day has not passed."""
        return self.state == self.State.ACTIVE and (self.ends_on is None or self.ends_on >= day)

    def choose_section(self, today: dt.date) -> "Entitlement.Section":
        """Return the group in which the Services tab shows the entitlement on the day `today` (UTC).

        An active trial whose last day has passed is an expired trial there, and anything else an ended entitlement.
        """
        trial = self.kind == self.Kind.TRIAL
        if self.runs_on(today):
            return self.Section.ACTIVE_TRIALS if trial else self.Section.ACTIVE
        if trial and self.state == self.State.REQUESTED:
            return self.Section.PENDING_TRIALS
        if trial and self.state in (self.State.EXPIRED, self.State.ACTIVE):
            return self.Section.EXPIRED_TRIALS
        return self.Section.PAST

"""The models of what an organisation does about an end: who looks after it, how far it is, and notes."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from entitlements.models.entitlement import Entitlement
from partnerportal.lib.actors import Actor
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.visible_rows import TenantQuerySet

NOTE_LENGTH = 1000  # characters of a note


class RenewalState(models.TextChoices):
    """How far an organisation is with an end. What nobody has touched is open."""

    OPEN = "open", pgettext_lazy("renewal", "Open")
    CONTACTED = "contacted", _("Contacted")
    QUOTED = "quoted", _("Quoted")
    RENEWING = "renewing", _("Renewing")
    WILL_LAPSE = "will_lapse", _("Will lapse")


class RenewalWorkQuerySet(TenantQuerySet):
    """A queryset of work on renewals: an actor sees that of its own organisation, on entitlements that it sees."""

    def rows_for(self, actor: Actor) -> "RenewalWorkQuerySet":
        """Return the work of the actor's organisation on the entitlements that are shared with it now."""
        shared = Entitlement.objects.visible_to(actor).values("pk")
        return self.filter(organization=actor.organization_id, entitlement__in=shared)


class RenewalWork(PublicIdModel):
    """What one organisation does about one end of an entitlement. No other organisation sees it, nor the customer.

    `ends_on` is the end that it is about, so an entitlement that was extended has new work and the old one stays. The
    owner is a person, who counts while they are an operator of the organisation.
    """

    State = RenewalState
    # People correct themselves, so any state may follow any other.
    MOVES = {state: frozenset(RenewalState) - {state} for state in RenewalState}
    BEGINS = RenewalState.OPEN

    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    entitlement = models.ForeignKey(Entitlement, models.CASCADE, related_name="renewal_work")
    ends_on = models.DateField()
    state = models.CharField(max_length=10, choices=RenewalState, default=RenewalState.OPEN)
    owner_id = models.BigIntegerField(null=True)  # the primary key of a person
    note = models.CharField(max_length=NOTE_LENGTH, blank=True)
    noted_at = models.DateTimeField(null=True)  # when the note was written; None without one
    revision = models.PositiveIntegerField(default=0, db_default=0)

    objects = RenewalWorkQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["organization", "entitlement", "ends_on"], name="renewal_work_once"),
            models.CheckConstraint(condition=models.Q(state__in=RenewalState.values), name="renewal_work_state"),
        )

    def __str__(self) -> str:
        return self.entitlement.sku.name


class RenewalStepQuerySet(TenantQuerySet):
    """A queryset of steps: an actor sees those of the work that it sees."""

    def rows_for(self, actor: Actor) -> "RenewalStepQuerySet":
        """Return the steps of the work that the actor may see."""
        return self.filter(work__in=RenewalWork.objects.visible_to(actor).values("pk"))


class RenewalStep(models.Model):
    """How work on a renewal stood after a change: the history of its state, its owner and its note."""

    work = models.ForeignKey(RenewalWork, models.CASCADE, related_name="steps")
    at = models.DateTimeField(default=timezone.now)
    person_id = models.BigIntegerField()  # the primary key of the person who made the change
    revision = models.PositiveIntegerField()  # of the work since the change
    work_state = models.CharField(max_length=10, choices=RenewalState)  # of the work since the change
    owner_id = models.BigIntegerField(null=True)
    note = models.CharField(max_length=NOTE_LENGTH, blank=True)

    objects = RenewalStepQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["work", "revision"], name="renewal_step_once"),)

"""Health notices: outages, degradations and maintenance of an offer, as its publisher reports them (CA-4)."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, OrganizationKind, ProgramFeature
from marketplace.models.offer import Offer
from partnerportal.lib.actors import Actor
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.visible_rows import TenantQuerySet

LONGEST_TEXT = 2_000  # characters of a report


class HealthIssueQuerySet(TenantQuerySet):
    """A queryset of health issues: publishers see their own, the vendor all, resellers those of published offers."""

    def rows_for(self, actor: Actor) -> "HealthIssueQuerySet":
        if actor.organization_kind == OrganizationKind.VENDOR:
            return self.all()
        own = Q(publisher=actor.organization_id)
        if ProgramFeature.MARKETPLACE_PURCHASE not in actor.features:
            return self.filter(own)
        return self.filter(own | ~Q(offer__live_version=None))

    def open(self) -> "HealthIssueQuerySet":
        """Return the issues without an all-clear."""
        return self.filter(cleared_at=None)


class HealthIssue(PublicIdModel):
    """Something that troubles an offer: its kind and when it began. What happens stands in its reports."""

    class Kind(models.TextChoices):
        """What sort of trouble it is."""

        OUTAGE = "outage", _("Outage")
        DEGRADATION = "degradation", _("Degraded performance")
        MAINTENANCE = "maintenance", _("Planned maintenance")

    offer = models.ForeignKey(Offer, models.PROTECT, related_name="health_issues")
    publisher = models.ForeignKey(Organization, models.PROTECT, related_name="+", editable=False)  # of the offer
    kind = models.CharField(max_length=12, choices=Kind)
    began_at = models.DateTimeField(default=timezone.now)  # of maintenance: when it begins, which may be later
    reported_at = models.DateTimeField(default=timezone.now)
    cleared_at = models.DateTimeField(null=True, blank=True)

    objects = HealthIssueQuerySet.as_manager()


class HealthReportQuerySet(TenantQuerySet):
    """A queryset of reports: an actor sees those of the issues that it sees."""

    def rows_for(self, actor: Actor) -> "HealthReportQuerySet":
        return self.filter(issue__in=HealthIssue.objects.visible_to(actor).values("pk"))


class HealthReport(models.Model):
    """One report of a health issue: the first, an update, or the all-clear. It is never changed."""

    issue = models.ForeignKey(HealthIssue, models.PROTECT, related_name="reports")
    text = models.CharField(max_length=LONGEST_TEXT)
    at = models.DateTimeField(default=timezone.now)

    objects = HealthReportQuerySet.as_manager()

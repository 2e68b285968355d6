"""The models of what ends soon: the announcements that were made, and the calendars that show it."""

from django.db import models
from django.utils import timezone

from entitlements.models.entitlement import Entitlement
from partnerportal.lib.actors import Actor
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.visible_rows import TenantQuerySet


class RenewalAlert(models.Model):
    """A record that the end of an entitlement was announced, some days ahead. A moved end gets another record.

    Only the job role reads and writes this table.
    """

    entitlement = models.ForeignKey(Entitlement, models.CASCADE, related_name="+")
    ends_on = models.DateField()
    days = models.PositiveSmallIntegerField()  # 90, 60, 30 or 7
    told_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["entitlement", "ends_on", "days"], name="renewal_alert_once"),)


class CalendarFeedQuerySet(TenantQuerySet):
    """A queryset of calendar feeds: an actor sees only the acting person's own feed for the actor's organisation."""

    def rows_for(self, actor: Actor) -> "CalendarFeedQuerySet":
        """Return the feed that the acting person has made for the actor's organisation: one row, or none."""
        return self.filter(organization=actor.organization_id, person_id=actor.person_id)


class CalendarFeed(PublicIdModel):
    """A person's calendar feed: a secret URL from which a calendar program reads renewals.

    It shows the renewals that the person may see at that moment.
    """

    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    person_id = models.BigIntegerField()
    digest = models.CharField(max_length=64, unique=True)  # the digest of the secret, which is shown once
    created_at = models.DateTimeField(default=timezone.now)
    last_read_at = models.DateTimeField(null=True)

    objects = CalendarFeedQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["organization", "person_id"], name="calendar_feed_once"),)

"""The log: one row is the audit record of an action and the message from which everything outside follows."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from partnerportal.lib.actors import Actor
from partnerportal.lib.models import PublicModel
from partnerportal.lib.scoping import TenantQuerySet, in_reach


class EventQuerySet(TenantQuerySet):
    """Events, of which an actor sees those by or towards its own organisation, and news of customers within reach."""

    def scope(self, actor: Actor) -> "EventQuerySet":
        mine = Q(organization_id=actor.organization_id) | Q(counterpart_id=actor.organization_id)
        return self.filter(mine | in_reach(actor, "customer_id"))


class Event(PublicModel):
    """What was done, when, by whom and to what. Events are append-only: a trigger refuses UPDATE and DELETE.

    Ids are plain numbers without foreign keys, because the log outlives what it names. `organization` acted,
    `counterpart` is the other side of the action, and `customer` is set when the news belongs to what a customer shares
    with everyone connected to it.
    """

    kind = models.CharField(max_length=60)
    at = models.DateTimeField(default=timezone.now)
    person_id = models.BigIntegerField(null=True)
    person_label = models.CharField(max_length=200)
    organization_id = models.BigIntegerField(null=True)
    organization_label = models.CharField(max_length=200)
    counterpart_id = models.BigIntegerField(null=True)
    counterpart_label = models.CharField(max_length=200)
    customer_id = models.BigIntegerField(null=True)
    subject_kind = models.CharField(max_length=60)
    subject_id = models.UUIDField(null=True)
    subject_label = models.CharField(max_length=300)
    data = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, db_default="")  # leads to its line in the access log

    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["organization_id", "-id"], name="event_by_organization"),
            models.Index(fields=["counterpart_id", "-id"], name="event_by_counterpart"),
            models.Index(
                fields=["customer_id", "-id"], name="event_by_customer", condition=Q(customer_id__isnull=False)
            ),
        )

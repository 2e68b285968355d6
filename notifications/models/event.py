"""The log: one row is the audit record of an action and the message from which everything outside follows."""

from functools import reduce
from operator import or_

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Func, Q
from django.utils import timezone

from notifications.sealing import CLOSED_FIELDS, OPEN_FIELDS
from partnerportal.lib.actors import Actor, ActorKind
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.visible_rows import TenantQuerySet, make_reach_condition


class EventQuerySet(TenantQuerySet):
    """A queryset of events. An actor sees those its organisation is a party of, and news shared with it."""

    def rows_for(self, actor: Actor) -> "EventQuerySet":
        parties = ("organization_id", "counterpart_id", "customer_id")
        mine = [Q(**{party: actor.organization_id}) for party in parties]
        return self.filter(reduce(or_, mine) | Q(scopes__gt=0) & make_reach_condition(actor, "customer_id", "scopes"))


class Event(PublicIdModel):
    """A record of what was done, when, by whom and to what. It is never changed: a trigger refuses that.

    Ids are plain numbers without foreign keys, because the log outlives what it names. `actor` did it for
    `organization`, and `on_behalf` is whoever asked the actor for it. `counterpart` is the other side of the action,
    and `customer` is set when the news is a customer's. The event is read by these parties, and by those with whom the
    customer shares each of `scopes` (lib.scopes); 0 stands for nobody else. Persons are named in the labels and in
    `note`, and nowhere else: an erasure overwrites these alone. `digest` is of all else (`notifications.sealing`), and
    links of EventSeal put it into the order of sealing.
    """

    kind = models.CharField(max_length=60)
    at = models.DateTimeField(default=timezone.now)
    actor_kind = models.CharField(max_length=10, db_default=ActorKind.SYSTEM)
    actor_id = models.BigIntegerField(null=True)  # of the person or the client
    actor_label = models.CharField(max_length=200)
    on_behalf_kind = models.CharField(max_length=10, blank=True, db_default="")
    on_behalf_id = models.BigIntegerField(null=True)
    on_behalf_label = models.CharField(max_length=200, blank=True, db_default="")
    organization_id = models.BigIntegerField(null=True)
    organization_label = models.CharField(max_length=200)
    counterpart_id = models.BigIntegerField(null=True)
    counterpart_label = models.CharField(max_length=200)
    customer_id = models.BigIntegerField(null=True)
    scopes = models.PositiveSmallIntegerField(db_default=0)
    subject_kind = models.CharField(max_length=60)
    subject_id = models.UUIDField(null=True)
    subject_label = models.CharField(max_length=300)
    note = models.TextField(blank=True, db_default="")  # what the actor typed about it, such as a reason
    data = models.JSONField(default=dict)
    changes = models.JSONField(default=dict, db_default={})  # by field: before and after, as `lib.changes` makes them
    request_id = models.CharField(max_length=64, db_default="")  # leads to its line in the access log
    # Random: without it the ids could be guessed from their digest, which is in exported files.
    salt = models.UUIDField(db_default=RandomUUID(), editable=False)
    digest = models.GeneratedField(
        expression=Func(*OPEN_FIELDS, Func(*CLOSED_FIELDS, function="event_rest"), function="event_digest"),
        output_field=models.BinaryField(max_length=32),
        db_persist=True,
    )

    objects = EventQuerySet.as_manager()

    class Meta:
        # By moment, because lists of the log are narrowed by it.
        indexes = (
            models.Index(fields=["organization_id", "-at", "-id"], name="event_of_organization"),
            models.Index(
                fields=["counterpart_id", "-at", "-id"],
                name="event_of_counterpart",
                condition=Q(counterpart_id__isnull=False),
            ),
            models.Index(  # what the portal itself has told an organisation about something
                fields=["counterpart_id", "subject_id", "-at", "-id"],
                name="event_told_about",
                condition=Q(organization_id__isnull=True, counterpart_id__isnull=False),
            ),
            models.Index(
                fields=["customer_id", "-at", "-id"], name="event_of_customer", condition=Q(customer_id__isnull=False)
            ),
            models.Index(fields=["actor_id", "-at", "-id"], name="event_of_actor", condition=Q(actor_id__isnull=False)),
        )

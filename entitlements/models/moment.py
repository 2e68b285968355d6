"""The model of what happened to a customer: the log, and what the data says of the time before it."""

from django.db import models

from notifications.models.event import EventQuerySet


class MomentQuerySet(EventQuerySet):
    """A queryset of moments. Of these an actor sees what it would see of events: its own, and news shared with it."""


class Moment(models.Model):
    """An event, or what the data says that no event does: a connection, an order, a start or an end, unusual use.

    Nobody did the latter in the portal, so no event is written for it; it is read when a page is drawn. The model is a
    view in the database with the rights of whoever asks (migrations/0024_moments_by_subject.py). Its columns are those
    of events, and the words of events show it.
    """

    id = models.BigIntegerField(primary_key=True)  # unique in the view, and no number of an event
    kind = models.CharField(max_length=60)
    at = models.DateTimeField()  # of a day its beginning (UTC)
    is_day = models.BooleanField()  # of which the day alone is known
    actor_label = models.CharField(max_length=200)
    organization_id = models.BigIntegerField(null=True)
    organization_label = models.CharField(max_length=200)
    counterpart_id = models.BigIntegerField(null=True)
    counterpart_label = models.CharField(max_length=200)
    customer_id = models.BigIntegerField(null=True)
    scopes = models.PositiveSmallIntegerField()
    subject_label = models.CharField(max_length=300)
    data = models.JSONField()
    changes = models.JSONField()

    objects = MomentQuerySet.as_manager()

    class Meta:
        managed = False

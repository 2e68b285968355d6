"""The seal of the log: a chain with a link for each event, by which a change of the past is noticed."""

from django.db import models
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from notifications.models.event import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.visible_rows import TenantQuerySet


class EventSealQuerySet(TenantQuerySet):
    """A queryset of links. An actor sees those of the events that it sees."""

    def rows_for(self, actor: Actor) -> "EventSealQuerySet":
        return self.filter(Exists(Event.objects.visible_to(actor).filter(pk=OuterRef("event_id"))))


class EventSeal(models.Model):
    """A link of the chain: it seals one event, and the link before it. `notifications.sealing` says what is hashed.

    `position` is the order of sealing, from 1 without a gap: an event that was committed late is sealed late, whatever
    its id. `previous` is unique, so a second sealer fails and the chain does not fork. A link is never changed. With
    events that were kept long enough their links go too, except the last of them, from which the chain goes on.
    """

    position = models.BigIntegerField(primary_key=True)
    event_id = models.BigIntegerField(unique=True)
    event_digest = models.BinaryField(max_length=32)
    previous = models.BinaryField(max_length=32, unique=True)  # the digest of the link before it
    digest = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField()

    objects = EventSealQuerySet.as_manager()

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(position__gte=1), name="event_seal_position"),)


class UnsealedEvent(models.Model):
    """The mark of an event that waits for its seal. A trigger sets it with the event, and the sealer deletes it."""

    event_id = models.BigIntegerField(primary_key=True)
    stored_at = models.DateTimeField(db_default=Now())

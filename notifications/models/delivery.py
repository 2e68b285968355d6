"""The outbox: what must still happen outside the transaction that recorded an event."""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Channel(models.TextChoices):
    FAN_OUT = "fan_out"  # write the notices and the deliveries of the other channels
    EMAIL = "email"
    DIGEST = "digest"  # all that is due for a person on one of their days goes out as one e-mail


class Delivery(models.Model):
    """One thing to do for one recipient, once. Seen by the job role only; a trigger adds FAN_OUT to every event.

    Claimed with a lease, committed, then done, then marked: a worker that dies leaves a lease that runs out. Retries
    follow `next_at`, never a timer in the broker.
    """

    event = models.ForeignKey("notifications.Event", models.CASCADE)
    channel = models.CharField(max_length=16, choices=Channel)
    recipient = models.CharField(max_length=60, blank=True)  # "<notice id>:<person id>"; for the digest
    # "<person id>:<day>:<notice id>"
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["event", "channel", "recipient"], name="delivery_once"),)
        indexes = (
            models.Index(fields=["channel", "next_at"], name="delivery_due", condition=Q(done_at=None, dead_at=None)),
        )

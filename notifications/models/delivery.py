"""The outbox: what must still happen outside the transaction that recorded an event."""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class DeliveryChannel(models.TextChoices):
    """The kind of a delivery: writing notices, an e-mail with one notice, or a place in a daily summary."""

    FAN_OUT = "fan_out"  # writes the notices of an event, and deliveries of the other channels
    EMAIL = "email"
    DIGEST = "digest"  # all notices of one person and one of their days go out as one e-mail


class Delivery(models.Model):
    """A task that an event causes once: to write its notices (FAN_OUT), or to mail a notice to one person.

    Only the job role sees deliveries. A trigger adds a delivery of FAN_OUT to every event. A worker leases mails,
    commits, sends, and marks them as done; if it dies, the lease runs out. Retries follow `next_at`, never a timer in
    the broker.
    """

    event = models.ForeignKey("notifications.Event", models.CASCADE)
    channel = models.CharField(max_length=16, choices=DeliveryChannel)
    # The notice that a mail tells, to whom, and the day of a summary, in the person's time zone. FAN_OUT has none.
    notice = models.ForeignKey("notifications.Notice", models.CASCADE, null=True, db_index=False)  # see delivery_once
    person_id = models.BigIntegerField(null=True)
    day = models.DateField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)  # when it is due, or due again
    done_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)  # when it was given up
    error = models.TextField(blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(  # with the notice first, because the deliveries of deleted notices are looked up
                fields=["notice", "person_id", "channel", "event"], nulls_distinct=False, name="delivery_once"
            ),
            models.CheckConstraint(
                condition=Q(channel=DeliveryChannel.FAN_OUT, notice=None, person_id=None, day=None)
                | Q(channel=DeliveryChannel.EMAIL, notice__isnull=False, person_id__isnull=False, day=None)
                | Q(channel=DeliveryChannel.DIGEST, notice__isnull=False, person_id__isnull=False, day__isnull=False),
                name="delivery_recipient",
            ),
        )
        indexes = (
            models.Index(fields=["channel", "next_at"], name="delivery_due", condition=Q(done_at=None, dead_at=None)),
        )

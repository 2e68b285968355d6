"""Exports: files that are made for one person of one organisation and kept for a day (CC-38)."""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from partnerportal.lib.actors import Actor
from partnerportal.lib.leases import LeasedWork
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.visible_rows import TenantQuerySet


class ExportQuerySet(TenantQuerySet):
    """A queryset of exports; an actor sees those that the same person has requested for the same organisation."""

    def rows_for(self, actor: Actor) -> "ExportQuerySet":
        return self.filter(organization=actor.organization_id, person_id=actor.person_id)


class Export(LeasedWork, PublicIdModel):
    """A person's request for a list as a CSV file, with the progress of the worker that makes the file.

    No file is stored of one in the state "sent".
    """

    class State(models.TextChoices):
        """How far the file of an export is, from waiting to deleted."""

        QUEUED = "queued"
        RUNNING = "running"
        READY = "ready"
        SENT = "sent"  # small: it was the answer itself, and is written anew when it is asked for again
        FAILED = "failed"
        GONE = "gone"  # deleted after a day, or because a customer whose rows may be in it went out of sight

    MOVES = {
        State.QUEUED: {State.RUNNING, State.FAILED, State.GONE},
        State.RUNNING: {State.QUEUED, State.READY, State.FAILED, State.GONE},
        State.READY: {State.GONE},
        State.SENT: {State.GONE},
        State.FAILED: {State.QUEUED, State.GONE},
        State.GONE: set(),
    }
    BEGINS = State.QUEUED
    LEASE = timedelta(seconds=60)  # renewed every second while the worker lives
    ATTEMPTS = 3

    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    person_id = models.BigIntegerField()
    list = models.CharField(max_length=20)  # which list: a key of exports.catalogue.LISTS
    query = models.JSONField(default=dict)  # the filters and sort of the list, as in its URL
    # The one customer whose rows the file has; null for a list of all.
    customer = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+", null=True)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    rows = models.PositiveBigIntegerField(default=0)  # how many the file has in all; counted at the start
    rows_written = models.PositiveBigIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)  # bytes
    asked_at = models.DateTimeField(default=timezone.now)

    objects = ExportQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["organization", "person_id", "-asked_at"], name="export_mine"),
            models.Index(fields=["asked_at"], name="export_due", condition=Q(state__in=["queued", "running"])),
        )

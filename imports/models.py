"""Imports: files that one person of one organisation has uploaded, with the progress of their two runs."""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from partnerportal.lib.actors import Actor
from partnerportal.lib.leases import LeasedWork
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.visible_rows import TenantQuerySet


class ImportQuerySet(TenantQuerySet):
    """A queryset of imports; an actor sees those that the same person has uploaded for the same organisation."""

    def rows_for(self, actor: Actor) -> "ImportQuerySet":
        return self.filter(organization=actor.organization_id, person_id=actor.person_id)


class Import(LeasedWork, PublicIdModel):
    """A file that a person has uploaded: first a worker checks its rows, then, once confirmed, a worker applies them.

    `rows_done` and the results of that many rows are stored in the transaction that has done them, so a worker that
    takes over begins where the last one was killed. After all attempts one more writes the results of what was done.

    One that is cancelled while it is applied ends between two batches: what they have done stays, with its results. A
    batch of a bulk action is one row.
    """

    class State(models.TextChoices):
        """How far an import is, from waiting for its dry run to done."""

        UPLOADED = "uploaded"  # waits for its dry run
        CHECKING = "checking"
        CHECKED = "checked"  # waits for the person
        CONFIRMED = "confirmed"  # waits to be applied
        APPLYING = "applying"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"
        EXPIRED = "expired"  # never confirmed

    MOVES = {
        State.UPLOADED: {State.CHECKING, State.FAILED, State.CANCELLED},
        State.CHECKING: {State.UPLOADED, State.CHECKED, State.FAILED, State.CANCELLED},
        State.CHECKED: {State.CONFIRMED, State.CANCELLED, State.EXPIRED},
        State.CONFIRMED: {State.APPLYING, State.FAILED},
        State.APPLYING: {State.CONFIRMED, State.DONE, State.FAILED, State.CANCELLED},
        State.DONE: set(),
        State.FAILED: set(),
        State.CANCELLED: set(),
        State.EXPIRED: set(),
    }
    BEGINS = State.UPLOADED
    PHASES = {State.UPLOADED: State.CHECKING, State.CONFIRMED: State.APPLYING}
    LEASE = timedelta(seconds=60)  # renewed with each batch
    ATTEMPTS = 5
    CLOSES = True

    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    person_id = models.BigIntegerField()
    kind = models.CharField(max_length=20)  # what is imported: a code of imports.catalogue.KINDS
    target_id = models.UUIDField(null=True)  # the public id of what it is imported into; null for kinds without
    mode = models.CharField(max_length=20, blank=True)  # how it is applied; chosen by who confirms
    is_stop_asked = models.BooleanField(default=False)  # whether its person has cancelled it while it was applied
    state = models.CharField(max_length=9, choices=State, default=State.UPLOADED)
    size = models.PositiveBigIntegerField(default=0)  # bytes
    rows_total = models.PositiveIntegerField(default=0)  # 0 until they are counted
    rows_done = models.PositiveIntegerField(default=0)  # of the present run, or the last one
    checked = models.JSONField(default=dict)  # how many rows had which outcome in the dry run
    applied = models.JSONField(default=dict)  # and when they were applied
    remarks = models.JSONField(default=dict)  # mode -> sentences of the kind's `preview`, or of its `finish`
    problem = models.CharField(max_length=500, blank=True)  # why it failed, in the person's language
    asked_at = models.DateTimeField(default=timezone.now)

    objects = ImportQuerySet.as_manager()

    @property
    def is_latest_run_applying(self) -> bool:
        """Whether the latest run, be it over, is the import itself and no longer its dry run."""
        return self.state in (self.State.APPLYING, self.State.DONE) or (
            self.state in (self.State.FAILED, self.State.CANCELLED) and bool(self.mode)
        )

    class Meta:
        indexes = (
            models.Index(fields=["organization", "person_id", "-asked_at"], name="import_mine"),
            models.Index(
                fields=["asked_at"],
                name="import_due",
                condition=Q(state__in=["uploaded", "checking", "confirmed", "applying"]),
            ),
        )


class ImportBatch(models.Model):
    """The results of one batch of rows, kept until the run ends and all of them become a file.

    They are stored in the transaction that has done the batch.
    """

    source = models.ForeignKey(Import, models.CASCADE, related_name="batches")
    rows_before = models.PositiveIntegerField()  # of the file
    results = models.JSONField()  # [outcome, sentence, cells filled in] of each row

    class Meta:
        constraints = (models.UniqueConstraint(fields=["source", "rows_before"], name="import_batch_once"),)

"""The models of what the vendor's systems send: their tokens, and their uploads with what was wrong in them."""

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.actors import Actor, ActorKind
from partnerportal.lib.leases import LeasedWork
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.tokens import Token

INGEST = "ingest."  # what a permission to send files begins with; the kind of files follows


class UploadFileKind(models.TextChoices):
    """The kinds of files that vendors' systems may send. Each has its own types of lines."""

    USAGE = "usage", _("Usage")
    ASSIGNMENTS = "assignments", _("Assignments")
    ENTITLEMENTS = "entitlements", _("Entitlements")


def list_all_file_kinds() -> list[str]:
    """Return all kinds of files, which a token may send unless it is limited."""
    return list(UploadFileKind.values)


class IngestToken(Token, PublicIdModel):
    """A token with which one of the vendor's systems sends files of facts, such as entitlements or days of use."""

    name = models.CharField(max_length=80, unique=True)
    kinds = ArrayField(
        models.CharField(max_length=12, choices=UploadFileKind), default=list_all_file_kinds
    )  # of files it may send

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(kinds__contained_by=UploadFileKind.values) & ~Q(kinds=[]), name="ingest_token_kinds"
            ),
        )

    def as_actor(self) -> Actor:
        """Return the actor for the system that holds the token, with a permission for each kind of file it may send."""
        permissions = frozenset(f"{INGEST}{kind}" for kind in self.kinds)
        return Actor(kind=ActorKind.CLIENT, client_id=self.pk, label=self.name, permissions=permissions)


class IngestUpload(LeasedWork, PublicIdModel):
    """A file that a vendor's system has sent. The web process stores it, and a worker imports its lines."""

    Kind = UploadFileKind

    class State(models.TextChoices):
        """The state of an upload, from waiting for a worker to imported or failed."""

        RECEIVED = "received"
        RUNNING = "running"
        DONE = "done"  # the good lines are stored, the bad ones are reported
        FAILED = "failed"  # the file could not be read to its end; what was stored before that stays

    MOVES = {
        State.RECEIVED: frozenset({State.RUNNING, State.FAILED}),
        State.RUNNING: frozenset({State.RECEIVED, State.DONE, State.FAILED}),
        State.DONE: frozenset(),
        State.FAILED: frozenset(),
    }
    BEGINS = State.RECEIVED
    LEASE = timedelta(seconds=120)  # renewed with each batch; a batch may wait a minute for its turn
    ATTEMPTS = 5

    token = models.ForeignKey(IngestToken, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind)
    idempotency_key = models.CharField(max_length=120)
    fingerprint = models.CharField(max_length=64)  # the SHA-256 of the bytes sent, in hex
    state = models.CharField(max_length=8, choices=State, default=State.RECEIVED)
    size = models.PositiveBigIntegerField()  # bytes that were sent
    read = models.PositiveBigIntegerField(default=0)  # bytes of them that are read
    lines = models.PositiveBigIntegerField(default=0)  # the number of the last line that is brought in
    counts = models.JSONField(default=dict)  # how many lines had which outcome
    problems = models.JSONField(default=list)  # the first hundred: line, code, message, field
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["token", "idempotency_key"], name="upload_once"),)
        indexes = (
            models.Index(fields=["received_at"], name="upload_due", condition=Q(state__in=["received", "running"])),
            models.Index(fields=["token", "-id"], name="upload_by_token"),
        )

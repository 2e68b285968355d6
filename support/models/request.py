"""The models of typed requests: the request itself, what was submitted at each revision, and its thread of messages."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationKind
from partnerportal.lib.actors import Actor
from partnerportal.lib.fields import OneLineModelField
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.visible_rows import TenantQuerySet

TITLE_LENGTH = 200
TEXT_LENGTH = 4000  # characters of a justification, and of a message
REASON_LENGTH = 400  # characters of the reason why a request is declined
PHONE_LENGTH = 40


class Severity(models.TextChoices):
    """How much a matter weighs for whoever asks. The vendor's queue shows it beside the age of the request."""

    CRITICAL = "critical", _("Critical")
    MODERATE = "moderate", _("Moderate")
    MINIMAL = "minimal", _("Minimal")


class RequestQuerySet(TenantQuerySet):
    """A queryset of requests: an organisation sees its own, the vendor every one that was submitted."""

    def rows_for(self, actor: Actor) -> "RequestQuerySet":
        """Return the requests of the actor's organisation; for the vendor those that were ever submitted."""
        if actor.organization_kind == OrganizationKind.VENDOR:
            return self.filter(submitted_at__isnull=False)
        return self.filter(organization=actor.organization_id)

    def open(self) -> "RequestQuerySet":
        """Return the requests that were submitted and are not decided."""
        return self.filter(state__in=Request.OPEN)


class RequestFields(models.Model):
    """The fields that whoever asks fills in. `payload` holds those of the request's kind, as JSON."""

    title = OneLineModelField(_("title"), max_length=TITLE_LENGTH, blank=True)
    justification = models.CharField(_("justification"), max_length=TEXT_LENGTH, blank=True)
    severity = models.CharField(_("severity"), max_length=10, choices=Severity, default=Severity.MODERATE)
    contact_email = models.EmailField(_("contact email"), blank=True)
    contact_phone = OneLineModelField(_("contact phone"), max_length=PHONE_LENGTH, blank=True)
    payload = models.JSONField(default=dict)

    FIELDS = ("title", "justification", "severity", "contact_email", "contact_phone", "payload")

    class Meta:
        abstract = True

    @property
    def field_values(self) -> dict[str, Any]:
        """The values of these fields, by name."""
        return {name: getattr(self, name) for name in self.FIELDS}


class Request(PublicIdModel, RequestFields):
    """A typed request of an organisation to the vendor, whose staff decide it (E-8).

    `kind` is the code of a `support.kinds.RequestKind`. `subject_id` is the public id of what it is about, `prefilled`
    holds what the form showed read-only, and `open_key` is what only one open request may be about. `version` counts
    every change, for whoever edits a draft; `revision` counts only submissions, for whoever decides. `overtaken_by`
    says why a request was overtaken, and on which facts: once for each language, because they may have changed since.
    `results` holds what an approval has done of each part that the request names, as `support.kinds.PartResult`.
    """

    class State(models.TextChoices):
        """The state of a request, from its draft to the answer."""

        DRAFT = "draft", _("Draft")
        SUBMITTED = "submitted", _("Submitted")
        NEEDS_INFORMATION = "needs_information", _("Needs information")
        APPROVED = "approved", _("Approved")
        DECLINED = "declined", _("Declined")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        OVERTAKEN = "overtaken", _("Overtaken")

    CLOSED = (State.APPROVED, State.DECLINED, State.WITHDRAWN, State.OVERTAKEN)
    OPEN = (State.SUBMITTED, State.NEEDS_INFORMATION)
    EDITABLE = (State.DRAFT, State.NEEDS_INFORMATION)  # the states in which whoever asks changes the fields
    MOVES = {
        State.DRAFT: frozenset({State.SUBMITTED}),
        State.SUBMITTED: frozenset({State.NEEDS_INFORMATION, *CLOSED}),
        State.NEEDS_INFORMATION: frozenset({State.SUBMITTED, State.DECLINED, State.WITHDRAWN, State.OVERTAKEN}),
        **{state: frozenset() for state in CLOSED},
    }
    BEGINS = State.DRAFT

    number = models.CharField(max_length=20, unique=True, db_default="")  # such as R-48209317; a trigger draws it
    kind = models.CharField(max_length=40)
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="requests")
    person = models.ForeignKey("accounts.Person", models.SET_NULL, null=True, related_name="+")  # who began it
    subject_id = models.UUIDField()
    subject_label = models.CharField(max_length=200)  # names no person
    prefilled = models.JSONField(default=list)
    state = models.CharField(max_length=20, choices=State, default=State.DRAFT)
    open_key = models.CharField(max_length=120, blank=True)
    assignee = models.ForeignKey("accounts.Operator", models.SET_NULL, null=True, related_name="+")  # of the vendor's
    reason = models.CharField(max_length=REASON_LENGTH, blank=True)
    overtaken_by = models.JSONField(default=dict)
    results = models.JSONField(default=list)
    revision = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    submitted_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)

    objects = RequestQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["organization", "-id"], name="request_by_organization"),
            models.Index(fields=["state", "id"], name="request_by_state", condition=~Q(state="draft")),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["open_key"],
                condition=Q(state__in=["submitted", "needs_information"]),
                name="request_one_open",
            ),
            models.UniqueConstraint(
                fields=["person", "organization", "kind", "subject_id"],
                condition=Q(state="draft"),
                name="request_one_draft",
            ),
            models.CheckConstraint(condition=Q(state="draft") | ~Q(open_key=""), name="request_submitted_with_key"),
            models.CheckConstraint(
                condition=Q(state="draft", submitted_at=None) | (~Q(state="draft") & Q(submitted_at__isnull=False)),
                name="request_submitted_once",
            ),
            models.CheckConstraint(condition=~Q(state="declined") | ~Q(reason=""), name="request_declined_with_reason"),
        )

    def __str__(self) -> str:
        return self.number

    @property
    def is_draft(self) -> bool:
        """Whether the request was not submitted yet, so that the vendor does not see it."""
        return self.state == self.State.DRAFT

    @property
    def is_open(self) -> bool:
        """Whether the request was submitted and is not decided."""
        return self.state in self.OPEN

    @property
    def is_editable(self) -> bool:
        """Whether whoever asks may change the fields: in a draft, and where the vendor needs information."""
        return self.state in self.EDITABLE


class RequestPartQuerySet(TenantQuerySet):
    """A queryset of what belongs to requests: an actor sees that of the requests that it sees."""

    def rows_for(self, actor: Actor) -> "RequestPartQuerySet":
        """Return what belongs to the requests that the actor may see."""
        return self.filter(request__in=Request.objects.visible_to(actor).values("pk"))


class RequestRevision(RequestFields):
    """What the fields of a request were when it was submitted, or answered. It is never changed."""

    request = models.ForeignKey(Request, models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    submitted_at = models.DateTimeField(default=timezone.now)

    objects = RequestPartQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["request", "number"], name="request_revision_once"),)


class RequestMessage(PublicIdModel):
    """A message in the thread of a request, by whoever asks or by the vendor's staff.

    Readers see which organisation wrote it: the people of the one are not shown to the other.
    """

    request = models.ForeignKey(Request, models.CASCADE, related_name="messages")
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    person = models.ForeignKey("accounts.Person", models.SET_NULL, null=True, related_name="+")
    body = models.CharField(max_length=TEXT_LENGTH)
    at = models.DateTimeField(default=timezone.now)

    objects = RequestPartQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=["request", "id"], name="request_message_order"),)
        constraints = (models.CheckConstraint(condition=~Q(body=""), name="request_message_says_something"),)

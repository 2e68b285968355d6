"""Notices: what organisations are told.

There is one row per event and recipient, so an organisation that dismisses one never touches another's (CC-58).
"""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from notifications import registry
from notifications.models.preference import NoticePreference
from partnerportal.lib.actors import Actor
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.scopes import Scope
from partnerportal.lib.visible_rows import TenantQuerySet


class NoticeQuerySet(TenantQuerySet):
    """A queryset of notices. An actor sees those to its organisation that are for the actor's roles."""

    def rows_for(self, actor: Actor) -> "NoticeQuerySet":
        """Return the notices that an actor sees: to its organisation, of kinds for its roles, and not about the person.

        Notices about another organisation are seen only while that organisation shares the data in question, and only
        with the feature that their kind asks for (CC-5, CC-54).
        """
        rows = self.filter(recipient_id=actor.organization_id, in_reach=True)
        rows = rows.exclude(kind__in=registry.list_notice_kinds_hidden_from(actor.roles))
        if actor.person_id is not None:
            rows = rows.exclude(hidden_from_id=actor.person_id)
        granted = registry.list_notice_kinds_granted_by(actor.features)
        if len(granted) == len(registry.get_notice_kinds()):
            return rows
        return rows.filter(Q(about_id=None) | Q(about_id=actor.organization_id) | Q(kind__in=granted))

    def not_dismissed(self) -> "NoticeQuerySet":
        """Return the notices that have not been dismissed."""
        return self.filter(dismissed_at=None)

    def unread_by(self, actor: Actor) -> "NoticeQuerySet":
        """Return the notices that the acting person has not opened."""
        return self.filter(make_unread_notice_condition(actor))

    def in_inbox_of(self, actor: Actor) -> "NoticeQuerySet":
        """Return the notices of the kinds that the acting person has not switched off in this organisation's inbox."""
        return self.filter(make_inbox_notice_condition(actor))

    def annotate_unread(self, actor: Actor) -> "NoticeQuerySet":
        """Annotate each notice with `is_unread`: whether the acting person has yet to open it.

        It is computed for each row, because a list of all unread notices would grow with the inbox.
        """
        return self.annotate(
            is_unread=models.ExpressionWrapper(make_unread_notice_condition(actor), models.BooleanField())
        )


def make_unread_notice_condition(actor: Actor) -> Q:
    """Return a Q that keeps the notices that the acting person has not opened.

    An unread notice's id is above the person's InboxMark, and the notice is not among those that they opened one by
    one.
    """
    mark = InboxMark.objects.filter(person_id=actor.person_id, organization_id=actor.organization_id)  # type: ignore[misc]
    reads = NoticeRead.objects.filter(person_id=actor.person_id, notice_id=models.OuterRef("pk"))  # type: ignore[misc]
    above = models.functions.Coalesce(models.Subquery(mark.values("read_up_to")[:1]), 0)
    return Q(~models.Exists(reads), pk__gt=above)


def make_inbox_notice_condition(actor: Actor) -> Q:
    """Return a Q that keeps the notices of kinds that the acting person has not switched off in the inbox.

    PostgreSQL reads the person's few choices once, and still walks the inbox along its index.
    """
    off = NoticePreference.objects.visible_to(actor).filter(inbox=False)
    return ~Q(kind__in=off.values("kind"))


class Notice(PublicIdModel):
    """A notice to one organisation. Its kind, a registered NoticeKind, makes the text from `params` when it is read."""

    event = models.ForeignKey("notifications.Event", models.CASCADE)
    kind = models.CharField(max_length=60)
    at = models.DateTimeField(default=timezone.now)
    recipient_id = models.BigIntegerField()  # the organisation that is told
    about_id = models.BigIntegerField(null=True)  # the customer whose news this is; seen only while within reach
    about_public_id = models.UUIDField(null=True)  # that customer's public id
    about_label = models.CharField(max_length=200, blank=True)  # that customer's name at the time
    scopes = models.PositiveSmallIntegerField(
        db_default=Scope.ACCOUNT
    )  # what that customer must share for it to be seen
    in_reach = models.BooleanField(default=True, editable=False)  # whether the customer shares them; set by triggers
    hidden_from_id = models.BigIntegerField(null=True)  # the person whom it is about, and whom it tells nothing new
    note = models.TextField(blank=True, db_default="")  # that of the event, where the text says it
    # What the text needs, so that it can be made in any language later. It names no person, like an event's data.
    params = models.JSONField(default=dict)
    dismissed_at = models.DateTimeField(null=True)
    dismissed_by_id = models.BigIntegerField(null=True)  # the person who dismissed it

    objects = NoticeQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["event", "recipient_id"], name="notice_once"),
            models.CheckConstraint(condition=Q(about_id=None) | Q(scopes__gt=0), name="notice_needs_consent"),
        )
        indexes = (
            models.Index(
                fields=["recipient_id", "-at", "-id"],
                # What `rows_for` and `make_inbox_notice_condition` ask, so that counting reads no table rows.
                include=["kind", "about_id", "hidden_from_id"],
                name="notice_inbox",
                condition=Q(dismissed_at=None, in_reach=True),
            ),
            models.Index(fields=["recipient_id", "about_id"], name="notice_by_customer"),
            models.Index(fields=["recipient_id", "about_public_id", "-at", "-id"], name="notice_of_customer"),
        )


class NoticeRead(models.Model):
    """The mark that a person has opened one notice."""

    notice = models.ForeignKey(Notice, models.CASCADE)
    person_id = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["person_id", "notice"], name="notice_read_once"),)


class InboxMark(models.Model):
    """The mark up to which a person has read the notices of an organisation: all up to the id `read_up_to`."""

    organization_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    read_up_to = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["person_id", "organization_id"], name="inbox_mark_once"),)

"""What an organisation is told. One row per event and recipient: dismissing ours never touches another's (CC-58)."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from notifications import registry
from notifications.models.preference import NoticePreference
from partnerportal.lib.actors import Actor
from partnerportal.lib.models import PublicModel
from partnerportal.lib.scoping import TenantQuerySet

CUSTOMER_NEWS_FEATURE = "customer_dashboard"  # notices about customers go with the dashboard (CC-5, CC-54)


class NoticeQuerySet(TenantQuerySet):
    def scope(self, actor: Actor) -> "NoticeQuerySet":
        """OWN, of the kinds for one's roles, and those about another organisation only while it is within reach, and
        with the dashboard."""
        rows = self.filter(recipient_id=actor.organization_id, in_reach=True)
        rows = rows.exclude(kind__in=registry.kinds_hidden_from(actor.roles))
        if CUSTOMER_NEWS_FEATURE in actor.features:
            return rows
        return rows.filter(Q(about_id=None) | Q(about_id=actor.organization_id))

    def open(self) -> "NoticeQuerySet":
        return self.filter(dismissed_at=None)

    def unread_by(self, actor: Actor) -> "NoticeQuerySet":
        return self.filter(unread(actor))

    def wanted_by(self, actor: Actor) -> "NoticeQuerySet":
        """Of the kinds that this person has not switched off in this organisation's inbox."""
        return self.filter(wanted(actor))

    def with_unread(self, actor: Actor) -> "NoticeQuerySet":
        """Each with `is_unread`, asked of the row itself: a list of all that are unread grows with the inbox."""
        return self.annotate(is_unread=models.ExpressionWrapper(unread(actor), models.BooleanField()))


def unread(actor: Actor) -> Q:
    """Not opened by this person: above their mark, and not among those opened one by one."""
    mark = InboxMark.objects.filter(person_id=actor.person_id, organization_id=actor.organization_id)  # type: ignore[misc]
    reads = NoticeRead.objects.filter(person_id=actor.person_id, notice_id=models.OuterRef("pk"))  # type: ignore[misc]
    above = models.functions.Coalesce(models.Subquery(mark.values("read_up_to")[:1]), 0)
    return Q(~models.Exists(reads), pk__gt=above)


def wanted(actor: Actor) -> Q:
    """Their few choices are read once, and the inbox is walked along its index as without them."""
    off = NoticePreference.objects.visible_to(actor).filter(inbox=False)
    return ~Q(kind__in=off.values("kind"))


class Notice(PublicModel):
    event = models.ForeignKey("notifications.Event", models.CASCADE)
    kind = models.CharField(max_length=60)
    at = models.DateTimeField(default=timezone.now)
    recipient_id = models.BigIntegerField()  # organisation
    about_id = models.BigIntegerField(null=True)  # customer whose news this is; seen only while within reach
    about_public_id = models.UUIDField(null=True)  # theirs
    about_label = models.CharField(max_length=200, blank=True)
    in_reach = models.BooleanField(default=True, editable=False)  # kept by triggers beside the portfolio
    params = models.JSONField(default=dict)  # what the text needs, so that it can be told in any language later
    dismissed_at = models.DateTimeField(null=True)
    dismissed_by_id = models.BigIntegerField(null=True)  # person

    objects = NoticeQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["event", "recipient_id"], name="notice_once"),)
        indexes = (
            models.Index(
                fields=["recipient_id", "-at", "-id"],
                include=["kind", "about_id"],  # what `scope` and `wanted` ask: counting reads no notice
                name="notice_inbox",
                condition=Q(dismissed_at=None, in_reach=True),
            ),
            models.Index(fields=["recipient_id", "about_id"], name="notice_by_customer"),
            models.Index(fields=["recipient_id", "about_public_id", "-at", "-id"], name="notice_of_customer"),
        )


class NoticeRead(models.Model):
    """A person opened one notice."""

    notice = models.ForeignKey(Notice, models.CASCADE)
    person_id = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["person_id", "notice"], name="notice_read_once"),)


class InboxMark(models.Model):
    """A person marked all as read, up to a notice id."""

    organization_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    read_up_to = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["person_id", "organization_id"], name="inbox_mark_once"),)

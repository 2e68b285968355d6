"""Actions on the health of an offer: report an issue, tell how it goes on, and give the all-clear (CA-4)."""

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.events import HealthEvent
from marketplace.models import HealthIssue, HealthReport, Offer
from marketplace.models.health import LONGEST_TEXT
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.offers import lock_own_offer
from notifications.actions.recording import record_event
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict, InvalidInput, NotFound, TooManyAttempts
from partnerportal.lib.policies import authorize

OPEN_ISSUES = 10  # of an offer at the same time
TEXT = _("Describe what is happening in no more than %(most)s characters.")
TOO_MANY = _("This offer has %(number)s open issues, which is the limit. Resolve one first.")
CLEARED = _("This issue has already been resolved. If the problem continues, report a new issue.")
NOT_LIVE = _("You can report issues once the offer is published.")
AHEAD = dt.timedelta(days=366)  # how far ahead maintenance may be announced


@transaction.atomic
def report_health_issue(
    *, actor: Actor, offer: Offer, kind: HealthIssue.Kind, text: str, began_at: dt.datetime | None = None
) -> HealthIssue:
    """Report an issue of a published offer, and return it. Partners with running subscriptions get a notice.

    The same text about an open issue of the same kind, sent again, is no second report.
    `began_at` is now by default; only maintenance may begin later. Raises InvalidInput for a text that is empty or too
    long or a moment that cannot be, Conflict("not_live"), and TooManyAttempts beyond OPEN_ISSUES.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT)
    locked = lock_own_offer(actor, offer)
    if not locked.is_published:
        raise Conflict("not_live", NOT_LIVE)
    open_issues = locked.health_issues.filter(cleared_at=None)
    if standing := open_issues.filter(kind=kind, reports__text=text.strip()).first():
        return standing
    if open_issues.count() >= OPEN_ISSUES:
        raise TooManyAttempts("too_many_issues", TOO_MANY % {"number": OPEN_ISSUES})
    now = timezone.now()
    began_at = began_at or now
    latest = now + AHEAD if kind == HealthIssue.Kind.MAINTENANCE else now
    if not now - AHEAD <= began_at <= latest:
        raise InvalidInput(
            "began_at",
            _("The start must be within a year of today, and only planned maintenance can start in the future."),
            field="began_at",
        )
    issue = HealthIssue.objects.create(offer=locked, kind=kind, began_at=began_at)
    _report(issue, text)
    _record(HealthEvent.REPORTED, actor, locked, issue, text)
    return issue


@transaction.atomic
def update_health_issue(*, actor: Actor, issue: HealthIssue, text: str, is_all_clear: bool = False) -> HealthIssue:
    """Add a report to an open issue, which ends it if it is the all-clear; return the issue.

    The latest text, sent again, is no further report.
    Raises InvalidInput for the text, NotFound for an issue of another publisher, and Conflict("cleared") after the
    all-clear.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT)
    own = HealthIssue.objects.visible_to(actor).filter(publisher=actor.organization_id, pk=issue.pk)
    locked = own.select_for_update().first()
    if locked is None:
        raise NotFound("not_found", "")
    if locked.cleared_at:
        raise Conflict("cleared", CLEARED)
    if not is_all_clear and locked.reports.latest("pk").text == text.strip():
        return locked
    _report(locked, text)
    if is_all_clear:
        locked.cleared_at = timezone.now()
        locked.save(update_fields=["cleared_at"])
    _record(HealthEvent.CLEARED if is_all_clear else HealthEvent.UPDATED, actor, locked.offer, locked, text)
    return locked


def _report(issue: HealthIssue, text: str) -> None:
    text = text.strip()
    if not text or len(text) > LONGEST_TEXT:
        raise InvalidInput("text", TEXT % {"most": LONGEST_TEXT}, field="text")
    HealthReport.objects.create(issue=issue, text=text)


def _record(event: HealthEvent, actor: Actor, offer: Offer, issue: HealthIssue, text: str) -> None:
    data = {"kind": issue.kind, "issue": str(issue.public_id)}
    record_event(event, actor=actor, subject=offer, data=data, note=text.strip())

"""Queries for the health of offers."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from marketplace.models import HealthIssue, HealthReport, Offer
from partnerportal.lib.actors import Actor
from partnerportal.lib.visible_rows import get_by_public_id

SHOWN = 20  # issues with an all-clear that a page shows beside the open ones


def list_health_issues(actor: Actor, offer: Offer) -> list[HealthIssue]:
    """Return the issues of an offer, open ones first, each with its reports as `reports`, the newest first."""
    rows = HealthIssue.objects.visible_to(actor).filter(offer=offer).order_by("-reported_at")
    issues = [*rows.open(), *rows.exclude(cleared_at=None)[:SHOWN]]
    reports: dict[int, list[HealthReport]] = {}
    found = HealthReport.objects.visible_to(actor).filter(issue__in=issues).order_by("-pk")
    for report in found:
        reports.setdefault(report.issue_id, []).append(report)
    for issue in issues:
        issue.thread = reports.get(issue.pk, [])
    return issues


def map_open_issues(actor: Actor, offers: Iterable[Offer]) -> dict[int, list[HealthIssue]]:
    """Return the issues without an all-clear of some offers by the offer's primary key, the newest first."""
    issues: dict[int, list[HealthIssue]] = {}
    rows = HealthIssue.objects.visible_to(actor).open().filter(offer__in=[offer.pk for offer in offers])
    for issue in rows.order_by("-reported_at"):
        issues.setdefault(issue.offer_id, []).append(issue)
    return issues


def get_own_health_issue(actor: Actor, public_id: UUID) -> HealthIssue:
    """Return an issue of the acting publisher's offers with its offer. Raises NotFound for another."""
    own: QuerySet[HealthIssue] = HealthIssue.objects.visible_to(actor).filter(publisher=actor.organization_id)
    return get_by_public_id(own.select_related("offer"), public_id)

"""What this app shows on the start page: requests that wait for the vendor, and those that need information."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from partnerportal.lib import formats
from partnerportal.lib.blocks import StartPageArea, StartPageBlock
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.rows import AttentionItem
from support.kinds import describe_kind, may_ask_for_anything
from support.models import Request, Severity
from support.policies import ROLE_TABLE, SupportPermission
from support.queries import count_waiting_requests, list_requests_that_need_information, list_waiting_requests

SHOWN = 6  # requests that a block names
COUNTED = 1000


def _item(row: Request, text: str) -> AttentionItem:
    tone = "bad" if row.severity == Severity.CRITICAL else "info"
    title, url = f"{row.number} · {describe_kind(row.kind)}", reverse("request", args=[row.public_id])
    return AttentionItem(tone=tone, icon="clipboard-list", title=title, text=text, url=url)


def _queue(request: PortalRequest) -> dict[str, Any]:
    """Return the requests that have waited longest for the vendor's decision, and how many wait."""
    rows = list_waiting_requests(request.actor, SHOWN)
    count = count_waiting_requests(request.actor, COUNTED) if len(rows) == SHOWN else len(rows)
    title = _("Requests waiting: %(number)s") % {"number": formats.format_number(count)}
    items = [_item(row, f"{row.organization.name} · {formats.format_relative_time(row.updated_at)}") for row in rows]
    texts = {"title": title, "none": _("No requests are waiting for a decision.")}
    return texts | {"attention": items, "all_url": reverse("request_queue")}


def _questions(request: PortalRequest) -> dict[str, Any] | None:
    """Return the organisation's own requests that need information, or None without any."""
    rows = list_requests_that_need_information(request.actor, SHOWN)
    items = [_item(row, _("The vendor needs more information before it decides.")) for row in rows]
    return {"title": _("Requests that need information"), "attention": items, "none": ""} if items else None


BLOCKS = (
    StartPageBlock(
        area=StartPageArea.WORK,
        order=25,
        template="ui/attention.html",
        context=_queue,
        seen_by=ROLE_TABLE[SupportPermission.VIEW_QUEUE].check_actor,
    ),
    StartPageBlock(
        area=StartPageArea.WORK,
        order=25,
        template="ui/attention.html",
        context=_questions,
        seen_by=may_ask_for_anything,
    ),
)

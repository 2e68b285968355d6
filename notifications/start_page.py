"""What this app shows on the start page: the latest notices."""

from typing import Any

from notifications.queries import list_notices
from notifications.rows import build_notice_rows
from partnerportal.lib.blocks import StartPageArea, StartPageBlock
from partnerportal.lib.navigation import allow_everybody
from partnerportal.lib.requests import PortalRequest

NOTICES_SHOWN = 5  # latest notices


def _latest(request: PortalRequest) -> dict[str, Any]:
    latest = list_notices(request.actor).not_dismissed().filter(is_in_inbox=True)[:NOTICES_SHOWN]
    return {"notices": build_notice_rows(request.actor, latest)}


BLOCKS = (
    StartPageBlock(
        area=StartPageArea.SIDE,
        order=10,
        template="notifications/start_page/latest.html",
        context=_latest,
        seen_by=allow_everybody,
    ),
)

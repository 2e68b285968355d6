"""What the search of the whole portal finds of this app: one's own requests, or those in the vendor's queue."""

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.actors import Actor
from partnerportal.lib.record_search import FoundRecord, RecordSearch
from support.filters import RequestQueueFilterSet
from support.kinds import may_ask_for_anything
from support.models.request import RequestQuerySet
from support.policies import ROLE_TABLE, SupportPermission
from support.queries import list_request_rows
from support.rows import make_request_table_rows


def _find_in_queue(actor: Actor, text: str, limit: int) -> list[FoundRecord]:
    rows = RequestQueueFilterSet({"q": text}, list_request_rows(actor)).qs
    return [
        FoundRecord(f"{row.number} · {row.kind}", f"{row.organization} · {row.state}", _page(row.public_id))
        for row in make_request_table_rows(_newest(rows, limit))
    ]


def _find_own(actor: Actor, text: str, limit: int) -> list[FoundRecord]:
    rows = list_request_rows(actor).filter(Q(number__istartswith=text) | Q(subject_label__icontains=text))
    return [
        FoundRecord(f"{row.number} · {row.kind}", f"{row.subject} · {row.state}", _page(row.public_id))
        for row in make_request_table_rows(_newest(rows, limit))
    ]


def _newest(rows: RequestQuerySet, limit: int) -> RequestQuerySet:
    return rows.order_by("-pk")[:limit]


def _page(public_id: str) -> str:
    return reverse("request", args=[public_id])


SEARCHES = (
    RecordSearch(
        label=_("Requests"),
        icon="clipboard-list",
        order=60,
        seen_by=ROLE_TABLE[SupportPermission.VIEW_QUEUE].check_actor,
        find=_find_in_queue,
        list_url_name="request_queue",
    ),
    RecordSearch(
        label=_("Requests"),
        icon="clipboard-list",
        order=60,
        seen_by=may_ask_for_anything,
        find=_find_own,
        list_url_name="own_requests",
    ),
)

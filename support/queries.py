"""Queries of requests: an organisation's own, and the vendor's queue."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Operator
from partnerportal.lib.actors import Actor
from partnerportal.lib.visible_rows import get_by_public_id
from support.models import Request, RequestFile, RequestMessage
from support.models.request import RequestPartQuerySet, RequestQuerySet

State = Request.State
OWN_VIEWS = {  # the tabs of an organisation's own requests, with the states that each shows
    "open": (State.DRAFT, State.SUBMITTED, State.NEEDS_INFORMATION),
    "closed": Request.CLOSED,
}
QUEUE_VIEWS = {  # the tabs of the vendor's queue
    "waiting": (State.SUBMITTED,),
    "asked": (State.NEEDS_INFORMATION,),
    "closed": Request.CLOSED,
}

NOBODY = "none"  # the value of the filter by assignee that keeps what is assigned to nobody


def list_requests(actor: Actor) -> RequestQuerySet:
    """Return the requests that the actor may see, each with its organisation."""
    return Request.objects.visible_to(actor).select_related("organization")


def list_request_rows(actor: Actor) -> RequestQuerySet:
    """Return the same for lists, which need none of the fields that may name thousands of partners."""
    return list_requests(actor).defer("payload", "results")


def get_request(actor: Actor, public_id: UUID) -> Request:
    """Return a request that the actor may see, with its organisation. Raises NotFound."""
    return get_by_public_id(list_requests(actor), public_id)


def list_messages(actor: Actor, request: Request) -> RequestPartQuerySet:
    """Return the messages about a request that the actor may see, oldest first."""
    return RequestMessage.objects.visible_to(actor).filter(request=request).order_by("pk")


def list_request_files(actor: Actor, request: Request) -> RequestPartQuerySet:
    """Return the files of a request and of its messages that the actor may see, oldest first."""
    return RequestFile.objects.visible_to(actor).filter(request=request).order_by("pk")


def get_request_file(actor: Actor, request: Request, public_id: UUID) -> RequestFile:
    """Return a file of a request that the actor may see. Raises NotFound."""
    return get_by_public_id(list_request_files(actor, request), public_id)


def count_waiting_requests(actor: Actor, limit: int) -> int:
    """Return how many requests wait for the vendor's decision, counted up to `limit`."""
    return list_requests(actor).filter(state=State.SUBMITTED)[:limit].count()


def list_waiting_requests(actor: Actor, limit: int) -> list[Request]:
    """Return the requests that wait for the vendor's decision, the oldest first, at most `limit`."""
    return list(list_requests(actor).filter(state=State.SUBMITTED).order_by("pk")[:limit])


def list_requests_that_need_information(actor: Actor, limit: int) -> list[Request]:
    """Return the actor's own requests that need information, the oldest first, at most `limit`."""
    return list(list_requests(actor).filter(state=State.NEEDS_INFORMATION).order_by("pk")[:limit])


def list_possible_assignees(actor: Actor) -> QuerySet[Operator]:
    """Return the operators of the acting vendor, by name: whom a request can be assigned to."""
    return Operator.objects.visible_to(actor).select_related("person").order_by("person__name", "pk")


def list_assignee_names(actor: Actor, requests: Iterable[Request]) -> dict[int, str]:
    """Return the names of those to whom the requests are assigned, by the operator's primary key.

    Only the vendor sees its operators: for anybody else there are none.
    """
    ids = {row.assignee_id for row in requests if row.assignee_id}
    if not ids:
        return {}
    rows = Operator.objects.visible_to(actor).filter(pk__in=ids).select_related("person")
    return {row.pk: str(row.person) for row in rows}

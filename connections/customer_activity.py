"""What the activity of a customer shows: the events of it, or what an app above knows besides."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from connections.queries import list_customer_activity_events
from notifications.timeline import list_activity_event_kinds
from partnerportal.lib.actors import Actor

ActivityQuery = Callable[[Actor, int | None], QuerySet[Any]]

_queries: list[ActivityQuery] = [list_customer_activity_events]


def register_customer_activity(list_activity: ActivityQuery) -> None:
    """Register a query that takes the place of the events of a customer in its activity.

    It is called as `list_customer_activity_events` is, and returns rows with the fields of events by which they are
    shown. The query that is registered last is asked.
    """
    _queries.append(list_activity)


def list_customer_activity(actor: Actor, customer_id: int | None) -> QuerySet[Any]:
    """Return what the activity of a customer shows to the actor, of the kinds that are news of it, unordered.

    `customer_id` is the customer's primary key.
    """
    return _queries[-1](actor, customer_id).filter(kind__in=list_activity_event_kinds())

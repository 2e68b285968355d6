"""Queries of trials, for the vendor's staff who decide them and for the customer who asks for one."""

import datetime as dt
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from entitlements.events import EntitlementEventKind
from entitlements.models import Entitlement, Sku
from notifications.models import Event
from partnerportal.lib.actors import Actor, ActorKind
from partnerportal.lib.days import today
from partnerportal.lib.visible_rows import get_by_public_id

State = Entitlement.State
TRIAL_VIEWS = {
    "waiting": (State.REQUESTED,),
    "running": (State.ACTIVE,),
    "ended": (State.EXPIRED, State.DECLINED, State.CANCELLED),
}


def list_trials(actor: Actor) -> QuerySet[Entitlement]:
    """Return the trials that the actor may see, with SKU and customer.

    The vendor sees all of them, a customer its own, and a partner those of the customers that share them.
    """
    rows = Entitlement.objects.visible_to(actor).filter(kind=Entitlement.Kind.TRIAL)
    return rows.select_related("sku", "customer")


def order_trials(trials: QuerySet[Entitlement], view: str | None) -> tuple[QuerySet[Entitlement], str, bool]:
    """Return the trials with what a view of TRIAL_VIEWS sorts them by: a column, and whether it is descending.

    Requests that wait come oldest first, and trials that run by the day they end: what is to be done next is on top.
    All others, also of no view, come newest first. A trial without an end comes last.
    """
    if view == "running":
        return trials.annotate(ends_or_never=Coalesce("ends_on", dt.date.max)), "ends_or_never", False
    return trials, "id", view != "waiting"


def get_trial(actor: Actor, public_id: UUID) -> Entitlement:
    """Return a trial that the actor may see. Raises NotFound, also if it is in production by now."""
    return get_by_public_id(list_trials(actor), public_id)


def list_trial_requesters(actor: Actor, trials: Iterable[Entitlement]) -> dict[UUID, str]:
    """Return the names of the people of the actor's own organisation who have asked for trials that wait.

    They are by the trial's public id, as the activity log has them. One query finds them, or none without such a trial.
    """
    waiting = [trial for trial in trials if trial.state == State.REQUESTED]
    if not waiting:
        return {}
    asked = Event.objects.visible_to(actor).filter(
        organization_id=actor.organization_id,
        kind=EntitlementEventKind.TRIAL_REQUESTED,
        actor_kind=ActorKind.PERSON,
        subject_id__in=[trial.public_id for trial in waiting],
        # The log is read by time: without this the index would be followed to its beginning.
        at__gte=min(trial.created_at for trial in waiting) - timedelta(days=1),
    )
    return {subject: name for subject, name in asked.order_by("at").values_list("subject_id", "actor_label") if subject}


def count_undecided_trial_requests(actor: Actor, limit: int) -> int:
    """Return how many requests for trials are undecided, counted up to `limit`."""
    return list_trials(actor).filter(state=State.REQUESTED)[:limit].count()


def list_oldest_undecided_trials(actor: Actor, limit: int) -> list[Entitlement]:
    """Return up to `limit` requests for trials that have waited longest, with SKU and customer."""
    return list(list_trials(actor).filter(state=State.REQUESTED).order_by("pk")[:limit])


def list_trial_skus(actor: Actor) -> QuerySet[Sku]:
    """Return the SKUs of the trials that the actor may see, by name."""
    tried = Entitlement.objects.visible_to(actor).filter(kind=Entitlement.Kind.TRIAL)
    return Sku.objects.filter(pk__in=tried.values("sku")).order_by("name", "pk")


def list_service_names_by_customer(customer_ids: Iterable[int]) -> dict[int, list[str]]:
    """Return a dict from each customer's primary key to the names of the SKUs that it runs today (UTC).

    It does not ask who the reader is: the caller has found the customers through a trial that the reader sees.
    """
    rows = Entitlement.objects.filter(customer__in=set(customer_ids), state=State.ACTIVE).exclude(ends_on__lt=today())
    names = rows.order_by().values_list("customer").annotate(names=ArrayAgg("sku__name", distinct=True))
    return dict(names)


def list_skus_available_for_trial(actor: Actor) -> QuerySet[Sku]:
    """Return the vendor's products that the actor's organisation may try: it neither runs nor has requested them."""
    own = Entitlement.objects.visible_to(actor).filter(customer=actor.organization_id)
    is_requested = Q(kind=Entitlement.Kind.TRIAL, state=State.REQUESTED)
    is_running = Q(state=State.ACTIVE) & (Q(ends_on=None) | Q(ends_on__gte=today()))
    taken = own.filter(is_requested | is_running).values("sku")
    return Sku.objects.filter(kind=Sku.Kind.PRODUCT).exclude(pk__in=taken).order_by("service", "name", "pk")

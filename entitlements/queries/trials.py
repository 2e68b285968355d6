"""Trials, for the vendor's staff who decide them and for the customer who asks."""

from collections.abc import Iterable
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q, QuerySet

from entitlements.models import Entitlement, Sku
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.scoping import by_public_id

State = Entitlement.State
TRIAL_VIEWS = {
    "waiting": (State.REQUESTED,),
    "running": (State.ACTIVE,),
    "ended": (State.EXPIRED, State.DECLINED, State.CANCELLED),
}


def trials(actor: Actor) -> QuerySet[Entitlement]:
    """To the vendor all, to a customer its own; within reach of a partner, its customers'."""
    rows = Entitlement.objects.visible_to(actor).filter(kind=Entitlement.Kind.TRIAL)
    return rows.select_related("sku", "customer")


def trial(actor: Actor, public_id: UUID) -> Entitlement:
    """Raises NotFound, also for what is in production by now."""
    return by_public_id(trials(actor), public_id)


def waiting_trials(actor: Actor, limit: int) -> int:
    """Undecided requests, up to `limit`."""
    return trials(actor).filter(state=State.REQUESTED)[:limit].count()


def services_run_by(customer_ids: Iterable[int]) -> dict[int, list[str]]:
    """What each of these customers runs today, by name. The caller has found the customers through a trial it sees."""
    rows = Entitlement.objects.filter(customer__in=set(customer_ids), state=State.ACTIVE).exclude(ends_on__lt=today())
    names = rows.order_by().values_list("customer").annotate(names=ArrayAgg("sku__name", distinct=True))
    return dict(names)


def skus_to_try(actor: Actor) -> QuerySet[Sku]:
    """The vendor's products, without those that the actor's organisation runs or has asked for."""
    mine = Entitlement.objects.visible_to(actor).filter(customer=actor.organization_id)
    asked = Q(kind=Entitlement.Kind.TRIAL, state=State.REQUESTED)
    running = Q(state=State.ACTIVE) & (Q(ends_on=None) | Q(ends_on__gte=today()))
    taken = mine.filter(asked | running).values("sku")
    return Sku.objects.filter(kind=Sku.Kind.PRODUCT).exclude(pk__in=taken).order_by("service", "name", "pk")

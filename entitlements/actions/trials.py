"""Trials that a customer asks for here: requested, decided by the vendor's staff, extended, converted, ended."""

import datetime as dt
import uuid
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from entitlements.events import EntitlementEvent
from entitlements.models import Entitlement, Sku
from entitlements.models.entitlement import REQUESTED_HERE
from entitlements.policies import REQUESTED_A_DAY, ROLE_TABLE, EntitlementPermission
from notifications.actions import new_event, record_many
from notifications.models import Event
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.errors import Conflict, Invalid, NotFound, Refused, TooMany
from partnerportal.lib.locks import Lock, take_turn
from partnerportal.lib.policies import authorize
from partnerportal.lib.states import move, move_locked

State, Kind = Entitlement.State, Entitlement.Kind
MOST_SEATS = 100  # in a trial
MOST_IN_PRODUCTION = 1_000_000
BATCH = 500
REASON_LENGTH = 400

ALREADY_REQUESTED = _("A trial of this service has been requested already.")
ALREADY_RUNNING = _("Your organisation already uses this service.")
TOO_MANY = _(
    "Your organisation has requested %(number)s trials within 24 hours, and that is the limit. Try again later."
)
SEATS = _("Give a number of seats from 1 to %(most)s.")
NO_LATER_END = _("This trial has no end, or none that could be later.")
STATE_CHANGED = _("This has changed in the meantime. Reload the page to see where it stands.")


@transaction.atomic
def request_trial(*, actor: Actor, sku: Sku, quantity: int) -> Entitlement:
    """A customer asks to try a service it neither runs nor has asked for. Of one SKU, one request is open (a
    constraint of the database)."""
    authorize(actor, ROLE_TABLE, EntitlementPermission.REQUEST_TRIALS)
    if not 1 <= quantity <= MOST_SEATS:
        raise Invalid("quantity", SEATS % {"most": formats.number(MOST_SEATS)}, field="quantity")
    if actor.organization_id is None:
        raise Refused("no_organization", _("A trial is requested by a customer."))
    take_turn(Lock.TRIAL_REQUESTS, actor.organization_id)  # they are counted
    _may_be_asked_for(actor, sku)
    trial = Entitlement(
        customer_id=actor.organization_id,
        sku=sku,
        external_id=f"{REQUESTED_HERE}{uuid.uuid4()}",
        kind=Kind.TRIAL,
        state=State.REQUESTED,
        source=Entitlement.Source.GRANTED,
        quantity=quantity,
    )
    try:
        with transaction.atomic():
            trial.save(force_insert=True)
    except IntegrityError as error:  # somebody was faster
        raise Conflict("already_requested", ALREADY_REQUESTED) from error
    _record(EntitlementEvent.TRIAL_REQUESTED, actor, [trial])
    return trial


def _may_be_asked_for(actor: Actor, sku: Sku) -> None:
    mine = Entitlement.objects.visible_to(actor).filter(customer=actor.organization_id)
    same = mine.filter(sku=sku)
    if same.filter(kind=Kind.TRIAL, state=State.REQUESTED).exists():
        raise Conflict("already_requested", ALREADY_REQUESTED)
    if same.filter(state=State.ACTIVE).exclude(ends_on__lt=today()).exists():
        raise Conflict("already_running", ALREADY_RUNNING)
    if mine.ours().filter(created_at__gt=timezone.now() - dt.timedelta(days=1)).count() >= REQUESTED_A_DAY:
        raise TooMany("too_many_trials", TOO_MANY % {"number": REQUESTED_A_DAY})


@transaction.atomic
def approve_trial(*, actor: Actor, trial: Entitlement) -> Entitlement:
    """It runs from today for PORTAL_TRIAL_TIME."""
    authorize(actor, ROLE_TABLE, EntitlementPermission.DECIDE_TRIALS)
    trial = _move(actor, trial, State.ACTIVE, starts_on=today(), ends_on=today() + settings.PORTAL_TRIAL_TIME)
    return _told(EntitlementEvent.TRIAL_APPROVED, actor, trial)


@transaction.atomic
def decline_trial(*, actor: Actor, trial: Entitlement, reason: str) -> Entitlement:
    """The customer and its partners read the reason, so it names no person."""
    authorize(actor, ROLE_TABLE, EntitlementPermission.DECIDE_TRIALS)
    reason = reason.strip()
    if not reason or len(reason) > REASON_LENGTH:
        message = _("Say why, in at most %(most)s characters.") % {"most": REASON_LENGTH}
        raise Invalid("reason_required", message, field="reason")
    trial = _move(actor, trial, State.DECLINED, reason=reason)
    return _told(EntitlementEvent.TRIAL_DECLINED, actor, trial)


@transaction.atomic
def extend_trial(*, actor: Actor, trial: Entitlement, ends_on: dt.date) -> Entitlement:
    """To `ends_on`, which is the date that was shown: `extended_to`. Sent twice, it extends once.

    How often is the vendor's decision; the page says how often it was done.
    """
    authorize(actor, ROLE_TABLE, EntitlementPermission.DECIDE_TRIALS)
    trial = _running(actor, trial)
    if extended_to(trial) is None:
        raise Conflict("no_later_end", NO_LATER_END)
    if ends_on != extended_to(trial):
        raise Conflict("state_changed", STATE_CHANGED)
    return _told(EntitlementEvent.TRIAL_EXTENDED, actor, _changed(trial, ends_on=ends_on))


def extended_to(trial: Entitlement) -> dt.date | None:
    """None of a trial without an end, or with one that no calendar goes beyond: 9999-12-31, which some feeds send."""
    ends_on, time = trial.ends_on, settings.PORTAL_TRIAL_TIME
    return ends_on + time if ends_on and ends_on <= dt.date.max - time else None


@transaction.atomic
def convert_trial(*, actor: Actor, trial: Entitlement, quantity: int, ends_on: dt.date | None = None) -> Entitlement:
    """From now on it is in production, with that many seats, until `ends_on` or without an end."""
    authorize(actor, ROLE_TABLE, EntitlementPermission.DECIDE_TRIALS)
    if not 1 <= quantity <= MOST_IN_PRODUCTION:
        raise Invalid("quantity", SEATS % {"most": formats.number(MOST_IN_PRODUCTION)}, field="quantity")
    if ends_on and ends_on <= today():
        raise Invalid("ends_on", _("Choose a day after today, or leave it empty for no end."), field="ends_on")
    trial = _running(actor, trial)
    changes = {"kind": Kind.PRODUCTION, "source": Entitlement.Source.BOUGHT, "quantity": quantity, "ends_on": ends_on}
    return _told(EntitlementEvent.TRIAL_CONVERTED, actor, _changed(trial, **changes))


@transaction.atomic
def cancel_trial(*, actor: Actor, trial: Entitlement) -> Entitlement:
    """The customer takes back its request or ends its trial, or the vendor does. At once."""
    authorize(actor, ROLE_TABLE, EntitlementPermission.CANCEL_TRIALS)
    moved = _move(actor, trial, State.CANCELLED)
    return _told(EntitlementEvent.TRIAL_CANCELLED, actor, moved, is_request=moved.is_request)


def expire_trials() -> int:
    """Trials of the portal whose last day (UTC) has passed. Returns how many; each batch is a transaction.

    Those of the feed are left to the feed: it would say "active" again tomorrow.
    """
    expired = 0
    while batch := _expire_batch():
        expired += batch
    return expired


@transaction.atomic
def _expire_batch() -> int:
    due = Entitlement.objects.ours().filter(kind=Kind.TRIAL, state=State.ACTIVE, ends_on__lt=today())
    trials = list(due.select_for_update(skip_locked=True, of=("self",)).select_related("sku", "customer")[:BATCH])
    move_locked(trials, State.EXPIRED, updated_at=timezone.now())
    _record(EntitlementEvent.TRIAL_EXPIRED, Actor.system("trials"), trials)
    return len(trials)


def _seen(actor: Actor, trial: Entitlement) -> QuerySet[Entitlement]:
    """It, if it is a trial that the actor's organisation has asked for or decides; to others it is not there.

    With its SKU and customer: after a conversion the vendor's staff may see neither.
    """
    rows = Entitlement.objects.visible_to(actor).filter(pk=trial.pk, kind=Kind.TRIAL)
    return rows.select_related("sku", "customer")


def _move(actor: Actor, trial: Entitlement, to: str, **changes: Any) -> Entitlement:
    seen = _seen(actor, trial).first()
    if seen is None:
        raise NotFound("not_found", "")
    try:
        moved = move(seen, to, updated_at=timezone.now(), **changes)
    except Entitlement.DoesNotExist as error:  # converted meanwhile: out of sight for whom the policies hold
        raise Conflict("state_changed", STATE_CHANGED) from error
    moved.sku, moved.customer = seen.sku, seen.customer
    return moved


def _running(actor: Actor, trial: Entitlement) -> Entitlement:
    """It, locked, if it runs today."""
    found = _seen(actor, trial).select_for_update(of=("self",)).first()
    if found is None or found.state != State.ACTIVE or (found.ends_on and found.ends_on < today()):
        raise Conflict("state_changed", STATE_CHANGED)
    return found


def _changed(trial: Entitlement, **changes: Any) -> Entitlement:
    for name, value in (changes | {"updated_at": timezone.now()}).items():
        setattr(trial, name, value)
    trial.save(update_fields=[*changes, "updated_at"])
    return trial


def _told(kind: EntitlementEvent, actor: Actor, trial: Entitlement, **more: Any) -> Entitlement:
    _record(kind, actor, [trial], **more)
    return trial


def _record(kind: EntitlementEvent, actor: Actor, trials: list[Entitlement], **more: Any) -> None:
    record_many([entitlement_event(kind, actor, trial, reason=trial.reason, **more) for trial in trials])


def entitlement_event(kind: EntitlementEvent, actor: Actor, row: Entitlement, **more: Any) -> Event:
    """What the customer and everyone connected to it may know of a step."""
    customer: Organization = row.customer
    data = {
        "customer": str(customer.public_id),
        "customer_name": customer.name,
        "sku": row.sku.code,
        "sku_name": row.sku.name,
        "kind": row.kind,
        "state": row.state,
        "quantity": row.quantity,
        "ends_on": str(row.ends_on) if row.ends_on else None,
        **more,
    }
    return new_event(kind, actor=actor, subject=row, label=row.sku.name, customer_id=customer.pk, data=data)

"""Actions on trials: a customer requests one, the vendor's staff decide, extend and convert it, and it ends."""

import datetime as dt
import uuid
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from entitlements.events import EntitlementEventKind
from entitlements.models import Entitlement, Sku
from entitlements.models.entitlement import REQUESTED_HERE
from entitlements.policies import REQUESTED_A_DAY, ROLE_TABLE, EntitlementPermission
from notifications.actions.recording import make_event, record_events
from notifications.models import Event
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.changes import Changes, list_changes_between, list_row_changes
from partnerportal.lib.days import today
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound, TooManyAttempts
from partnerportal.lib.locks import AdvisoryLock, acquire_lock
from partnerportal.lib.policies import authorize
from partnerportal.lib.states import change_locked_row_states, change_row_state, make_state_changed_error
from partnerportal.lib.text import remove_invisible_characters

State, Kind = Entitlement.State, Entitlement.Kind
MOST_SEATS = 100  # seats of a trial
MOST_IN_PRODUCTION = 1_000_000  # seats of what a trial is converted to
BATCH = 500  # trials that are ended in one transaction
REDACTED_FIELDS = frozenset({"reason"})  # fields whose text may name a person; the event keeps the reason in its note
REASON_LENGTH = 400  # characters of the reason why a trial is declined

ALREADY_REQUESTED = _("A trial of this service has already been requested.")
ALREADY_RUNNING = _("Your organisation already uses this service.")
TOO_MANY = _("Your organisation has requested %(number)s trials in 24 hours, which is the limit. Try again later.")
SEATS = _("Enter a number of licences from 1 to %(most)s.")
NO_LATER_END = _("This trial has no end date, or can’t be extended any further.")


@transaction.atomic
def request_trial(*, actor: Actor, sku: Sku, quantity: int) -> Entitlement:
    """Request a trial of a SKU with `quantity` seats for the acting customer, and return the trial.

    Raises InvalidInput for a bad number of seats, ActionRefused without an organisation, Conflict("already_requested")
    or Conflict("already_running") where the customer has requested the SKU or runs it, and TooManyAttempts beyond
    REQUESTED_A_DAY. A constraint of the database keeps a customer to one open request of a SKU.
    """
    authorize(actor, ROLE_TABLE, EntitlementPermission.REQUEST_TRIALS)
    if not 1 <= quantity <= MOST_SEATS:
        raise InvalidInput("quantity", SEATS % {"most": formats.format_number(MOST_SEATS)}, field="quantity")
    if actor.organization_id is None:
        raise ActionRefused("no_organization", _("Only customers can request trials."))
    # or two requests at once would both pass the count of a day
    acquire_lock(AdvisoryLock.TRIAL_REQUESTS, actor.organization_id)
    _ensure_requestable(actor, sku)
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
    except IntegrityError as error:  # another request for the same SKU was faster
        raise Conflict("already_requested", ALREADY_REQUESTED) from error
    _record(EntitlementEventKind.TRIAL_REQUESTED, actor, [trial])
    return trial


def _ensure_requestable(actor: Actor, sku: Sku) -> None:
    """Raise Conflict or TooManyAttempts if the acting customer may not request a trial of this SKU now."""
    own = Entitlement.objects.visible_to(actor).filter(customer=actor.organization_id)
    of_sku = own.filter(sku=sku)
    if of_sku.filter(kind=Kind.TRIAL, state=State.REQUESTED).exists():
        raise Conflict("already_requested", ALREADY_REQUESTED)
    if of_sku.filter(state=State.ACTIVE).exclude(ends_on__lt=today()).exists():
        raise Conflict("already_running", ALREADY_RUNNING)
    if (
        own.requested_in_portal().filter(created_at__gt=timezone.now() - dt.timedelta(days=1)).count()
        >= REQUESTED_A_DAY
    ):
        raise TooManyAttempts("too_many_trials", TOO_MANY % {"number": REQUESTED_A_DAY})


@transaction.atomic
def approve_trial(*, actor: Actor, trial: Entitlement) -> Entitlement:
    """Approve a requested trial, which runs from today (UTC) for PORTAL_TRIAL_TIME, and return it.

    Raises NotFound for a trial that the actor does not see, and Conflict("state_changed") if the trial no longer waits
    for a decision.
    """
    authorize(actor, ROLE_TABLE, EntitlementPermission.DECIDE_TRIALS)
    ends_on = today() + settings.PORTAL_TRIAL_TIME
    trial, changes = _move(actor, trial, State.ACTIVE, starts_on=today(), ends_on=ends_on)
    return _record_one(EntitlementEventKind.TRIAL_APPROVED, actor, trial, changes)


@transaction.atomic
def decline_trial(*, actor: Actor, trial: Entitlement, reason: str) -> Entitlement:
    """Decline a requested trial, and return it. The customer and its partners read the reason, so it names no person.

    Raises InvalidInput for a reason that is empty or too long, NotFound for a trial that the actor does not see, and
    Conflict("state_changed") if the trial no longer waits for a decision.
    """
    authorize(actor, ROLE_TABLE, EntitlementPermission.DECIDE_TRIALS)
    reason = remove_invisible_characters(reason).strip()
    if not reason or len(reason) > REASON_LENGTH:
        message = _("Enter a reason of at most %(most)s characters.") % {"most": REASON_LENGTH}
        raise InvalidInput("reason_required", message, field="reason")
    trial, changes = _move(actor, trial, State.DECLINED, reason=reason)
    return _record_one(EntitlementEventKind.TRIAL_DECLINED, actor, trial, changes, note=reason)


@transaction.atomic
def extend_trial(*, actor: Actor, trial: Entitlement, ends_on: dt.date) -> Entitlement:
    """Extend a running trial to `ends_on`, and return it. Sent twice, it extends once.

    `ends_on` is the date that the page showed, which `compute_extended_trial_end` returns. How often a trial is
    extended is the vendor's decision; the page says how often it was. Raises Conflict: "no_later_end" if there is no
    later date, and "state_changed" if the trial does not run or `ends_on` is another date.
    """
    authorize(actor, ROLE_TABLE, EntitlementPermission.DECIDE_TRIALS)
    trial = _lock_running(actor, trial)
    if compute_extended_trial_end(trial) is None:
        raise Conflict("no_later_end", NO_LATER_END)
    if ends_on != compute_extended_trial_end(trial):
        raise make_state_changed_error()
    return _record_one(EntitlementEventKind.TRIAL_EXTENDED, actor, *_save_changes(trial, ends_on=ends_on))


def compute_extended_trial_end(trial: Entitlement) -> dt.date | None:
    """Return the date to which an extension would move the end of a trial: PORTAL_TRIAL_TIME after its present end.

    Returns None for a trial without an end, and where the date would lie beyond 9999-12-31, which some feeds send.
    """
    ends_on, time = trial.ends_on, settings.PORTAL_TRIAL_TIME
    return ends_on + time if ends_on and ends_on <= dt.date.max - time else None


@transaction.atomic
def convert_trial(*, actor: Actor, trial: Entitlement, quantity: int, ends_on: dt.date | None = None) -> Entitlement:
    """Turn a running trial into production, with `quantity` seats, until `ends_on` or without an end, and return it.

    Raises InvalidInput for a bad number of seats or a day that is not after today, and Conflict("state_changed").
    """
    authorize(actor, ROLE_TABLE, EntitlementPermission.DECIDE_TRIALS)
    if not 1 <= quantity <= MOST_IN_PRODUCTION:
        raise InvalidInput("quantity", SEATS % {"most": formats.format_number(MOST_IN_PRODUCTION)}, field="quantity")
    if ends_on and ends_on <= today():
        raise InvalidInput(
            "ends_on", _("Choose a date after today, or leave this empty for no end date."), field="ends_on"
        )
    trial = _lock_running(actor, trial)
    values = {"kind": Kind.PRODUCTION, "source": Entitlement.Source.BOUGHT, "quantity": quantity, "ends_on": ends_on}
    return _record_one(EntitlementEventKind.TRIAL_CONVERTED, actor, *_save_changes(trial, **values))


@transaction.atomic
def cancel_trial(*, actor: Actor, trial: Entitlement) -> Entitlement:
    """Cancel a trial or its request at once, for the customer or the vendor, and return it.

    Raises NotFound for a trial that the actor does not see, and Conflict("state_changed") for one that has ended.
    """
    authorize(actor, ROLE_TABLE, EntitlementPermission.CANCEL_TRIALS)
    moved, changes = _move(actor, trial, State.CANCELLED)
    return _record_one(EntitlementEventKind.TRIAL_CANCELLED, actor, moved, changes, is_request=moved.is_request)


def expire_trials() -> int:
    """Mark trials as expired whose last day (UTC) has passed, and return how many.

    Each batch has its own transaction. Only trials that were requested in the portal are marked: the vendor's feed
    would report its own trials as active again the next day.
    """
    expired = 0
    while batch := _expire_batch():
        expired += batch
    return expired


@transaction.atomic
def _expire_batch() -> int:
    due = Entitlement.objects.requested_in_portal().filter(kind=Kind.TRIAL, state=State.ACTIVE, ends_on__lt=today())
    trials = list(due.select_for_update(skip_locked=True, of=("self",)).select_related("sku", "customer")[:BATCH])
    change_locked_row_states(trials, State.EXPIRED, updated_at=timezone.now())
    changes = list_changes_between({"state": State.ACTIVE}, {"state": State.EXPIRED})
    _record(EntitlementEventKind.TRIAL_EXPIRED, Actor.system("trials"), trials, changes)
    return len(trials)


def _visible_trial(actor: Actor, trial: Entitlement) -> QuerySet[Entitlement]:
    """Return a query for the trial, empty unless the actor's organisation has asked for it or decides it.

    The SKU and customer are read along, because after a conversion the vendor's staff may see neither.
    """
    rows = Entitlement.objects.visible_to(actor).filter(pk=trial.pk, kind=Kind.TRIAL)
    return rows.select_related("sku", "customer")


def _move(actor: Actor, trial: Entitlement, to: str, **values: Any) -> tuple[Entitlement, Changes]:
    """Move the trial to a state; return it with what changed. Raises NotFound, and Conflict("state_changed")."""
    row = _visible_trial(actor, trial).first()
    if row is None:
        raise NotFound("not_found", "")
    try:
        moved = change_row_state(row, to, updated_at=timezone.now(), **values)
    except Entitlement.DoesNotExist as error:  # it was converted meanwhile, and policies hide it from the vendor
        raise make_state_changed_error() from error
    moved.sku, moved.customer = row.sku, row.customer
    return moved, list_row_changes(row, {"state": to, **values}, redacted_fields=REDACTED_FIELDS)


def _lock_running(actor: Actor, trial: Entitlement) -> Entitlement:
    """Lock and return the trial. Raises Conflict("state_changed") if it does not run today."""
    row = _visible_trial(actor, trial).select_for_update(of=("self",)).first()
    if row is None or row.state != State.ACTIVE or (row.ends_on and row.ends_on < today()):
        raise make_state_changed_error()
    return row


def _save_changes(trial: Entitlement, **values: Any) -> tuple[Entitlement, Changes]:
    """Store these values of the trial; return it with what changed."""
    changes = list_row_changes(trial, values)
    for name, value in (values | {"updated_at": timezone.now()}).items():
        setattr(trial, name, value)
    trial.save(update_fields=[*values, "updated_at"])
    return trial, changes


def _record_one(
    kind: EntitlementEventKind, actor: Actor, trial: Entitlement, changes: Changes, *, note: str = "", **more: Any
) -> Entitlement:
    """Record an event of this kind about the trial, and return the trial."""
    _record(kind, actor, [trial], changes, note=note, **more)
    return trial


def _record(
    kind: EntitlementEventKind,
    actor: Actor,
    trials: list[Entitlement],
    changes: Changes | None = None,
    *,
    note: str = "",
    **more: Any,
) -> None:
    events = [make_entitlement_event(kind, actor, trial, changes=changes, note=note, **more) for trial in trials]
    record_events(events)


def make_entitlement_event(
    kind: EntitlementEventKind,
    actor: Actor,
    entitlement: Entitlement,
    *,
    changes: Changes | None = None,
    note: str = "",
    **more: Any,
) -> Event:
    """Return an unstored event about an entitlement, which tells the customer and every organisation connected to it.

    `changes` are the fields that changed, with old and new values. `note` is a text, such as the reason of a refusal,
    and `more` are further values of the event's data.
    """
    customer: Organization = entitlement.customer
    data = {
        "customer": str(customer.public_id),
        "customer_name": customer.name,
        "sku": entitlement.sku.code,
        "sku_name": entitlement.sku.name,
        "kind": entitlement.kind,
        "state": entitlement.state,
        "quantity": entitlement.quantity,
        "ends_on": str(entitlement.ends_on) if entitlement.ends_on else None,
        **more,
    }
    return make_event(
        kind,
        actor=actor,
        subject=entitlement,
        label=entitlement.sku.name,
        customer_id=customer.pk,
        scopes=kind.scopes,
        data=data,
        changes=changes,
        note=note,
    )

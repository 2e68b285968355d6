"""Actions by which an organisation notes what it does about the end of a customer's entitlement."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from entitlements.events import EntitlementEventKind
from entitlements.models import Entitlement, RenewalStep, RenewalWork
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.renewal_work import find_step_before, get_upcoming_renewal
from notifications.actions.recording import record_event
from partnerportal.lib.actors import Actor
from partnerportal.lib.changes import Changes, list_changes_between
from partnerportal.lib.errors import Conflict, InvalidInput, NotFound
from partnerportal.lib.policies import authorize
from partnerportal.lib.states import change_row_state, make_changed_meanwhile_error, make_state_changed_error

NEW_TERM = _(
    "The last day has changed since you opened this renewal. Open it again: state, owner and note start afresh for "
    "the new term."
)
KEEP: Any = object()  # the argument that leaves a value as it is


@transaction.atomic
def change_renewal_work(
    *,
    actor: Actor,
    entitlement: Entitlement,
    state: str = KEEP,
    owner: Operator | None = KEEP,
    note: str = KEEP,
    ends_on: dt.date | None = None,
    revision: int | None = None,
) -> RenewalWork:
    """Store how far the actor's organisation is with an end, who looks after it and a note; return its work.

    What is not given stays. `ends_on` and `revision` are the last day and the revision that were seen, or None for any.
    Nothing is recorded where nothing changes. The customer and other organisations learn nothing of it.

    Raises NotFound if the entitlement does not end within 90 days or is not seen, InvalidInput for an owner of another
    organisation, and Conflict("changed_meanwhile") if a colleague or a new last day came in between.
    """
    authorize(actor, ROLE_TABLE, EntitlementPermission.WORK_ON_RENEWALS)
    seen = get_upcoming_renewal(actor, entitlement.public_id)
    if ends_on is not None and seen.ends_on != ends_on:
        raise Conflict("changed_meanwhile", NEW_TERM)
    if owner not in (KEEP, None) and owner.organization_id != actor.organization_id:
        raise InvalidInput("unknown_owner", _("Choose an operator of your organisation."), field="owner")
    work = _lock_work(actor, seen)
    if revision is not None and work.revision != revision:
        raise make_changed_meanwhile_error()
    return _store_work(actor, seen, work, state=state, owner_id=_get_owner_id(owner), note=note)


@transaction.atomic
def undo_renewal_work(*, actor: Actor, entitlement: Entitlement, revision: int) -> RenewalWork:
    """Set state and note of an end to what they were before the change that made `revision`; return its work.

    The owner stays. Raises NotFound as `change_renewal_work` does, and Conflict("state_changed") if something has
    changed since.
    """
    authorize(actor, ROLE_TABLE, EntitlementPermission.WORK_ON_RENEWALS)
    seen = get_upcoming_renewal(actor, entitlement.public_id)
    work = _lock_work(actor, seen)
    if work.revision != revision or revision == 0:
        raise make_state_changed_error()
    before = find_step_before(actor, work)
    state, note = (before.work_state, before.note) if before else (RenewalWork.BEGINS, "")
    return _store_work(actor, seen, work, state=state, owner_id=KEEP, note=note)


def _get_owner_id(owner: Operator | None) -> Any:
    return owner.person_id if isinstance(owner, Operator) else owner


def _lock_work(actor: Actor, entitlement: Entitlement) -> RenewalWork:
    """Lock and return the work on the present end of an entitlement. What is not there yet is stored first."""
    same: dict[str, Any] = {
        "organization_id": actor.organization_id,
        "entitlement": entitlement,
        "ends_on": entitlement.ends_on,
    }
    RenewalWork.objects.get_or_create(**same)
    locked = RenewalWork.objects.visible_to(actor).select_for_update(of=("self",)).filter(**same).first()
    if locked is None:
        raise NotFound("not_found", "")
    return locked


def _store_work(
    actor: Actor, entitlement: Entitlement, work: RenewalWork, *, state: str, owner_id: Any, note: str
) -> RenewalWork:
    """Store the values that are not KEEP, with a step of the history, and an event for each that changes."""
    before = {"state": work.state, "owner_id": work.owner_id, "note": work.note}
    given = {"state": state, "owner_id": owner_id, "note": note}
    after = before | {name: value for name, value in given.items() if value is not KEEP}
    changes = list_changes_between(before, after)
    if not changes:
        return work
    values: dict[str, Any] = {"owner_id": after["owner_id"], "revision": work.revision + 1}
    if "note" in changes:
        values |= {"note": after["note"], "noted_at": timezone.now() if after["note"] else None}
    if "state" in changes:
        work = change_row_state(work, after["state"], **values)
    else:
        for name, value in values.items():
            setattr(work, name, value)
        work.save(update_fields=list(values))
    step: dict[str, Any] = {"person_id": actor.person_id, "revision": work.revision, "work_state": after["state"]}
    RenewalStep.objects.create(work=work, owner_id=after["owner_id"], note=after["note"], **step)
    for kind, told in _describe_changes(changes).items():
        _record(actor, entitlement, work, kind, told)
    return work


def _describe_changes(changes: Changes) -> dict[EntitlementEventKind, Changes]:
    """Return what the log says of each change. Of a note it says only that there is one: it may name a person."""
    told: dict[EntitlementEventKind, Changes] = {}
    if "state" in changes:
        told[EntitlementEventKind.RENEWAL_STATE_SET] = {"work_state": changes["state"]}
    if "owner_id" in changes:
        told[EntitlementEventKind.RENEWAL_OWNER_SET] = {"owner": []}
    if "note" in changes:
        told[EntitlementEventKind.RENEWAL_NOTED] = {"note": []}
    return told


def _record(
    actor: Actor, entitlement: Entitlement, work: RenewalWork, kind: EntitlementEventKind, changes: Changes
) -> None:
    # It names the service and not the customer: the log keeps what the customer may no longer share.
    data = {"sku": entitlement.sku.code, "sku_name": entitlement.sku.name}
    record_event(kind, actor=actor, subject=work, label=entitlement.sku.name, data=data, changes=changes)

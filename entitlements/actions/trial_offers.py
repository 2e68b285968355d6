"""Actions by which the vendor's staff open SKUs for trial: what activation links may offer, and who may send it."""

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from entitlements.actions.trials import MOST_SEATS, SEATS
from entitlements.events import EntitlementEventKind
from entitlements.models import Sku, TrialOffer
from entitlements.models.trial_offer import OFFERING_KINDS
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from notifications.actions.recording import record_event
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.changes import list_changes_between
from partnerportal.lib.errors import Conflict, InvalidInput, NotFound
from partnerportal.lib.policies import authorize
from partnerportal.lib.states import make_changed_meanwhile_error


@transaction.atomic
def open_trial_offer(
    *,
    actor: Actor,
    sku: Sku,
    seat_limit: int,
    add_ons: Collection[Sku] = (),
    organizations: Collection[Organization] | None = None,
    revision: int | None = None,
) -> TrialOffer:
    """Open a SKU for trial, or change how it is open; return its offer.

    One trial has at most `seat_limit` seats, and any of the `add_ons`. `organizations` are the distributors, with the
    partners below them, and the partners that may offer it; None opens it to all. `revision` is the one that was seen
    of an offer that is there already, or None for any. A withdrawn SKU is open again.

    Raises InvalidInput for a bad number of seats, an add-on of another service and an organisation of another kind, and
    Conflict("changed_meanwhile") if a colleague has changed the offer since it was seen.
    """
    authorize(actor, ROLE_TABLE, EntitlementPermission.OPEN_TRIALS)
    _check_offer(sku, seat_limit, add_ons, organizations)
    new, _is_new = TrialOffer.objects.get_or_create(sku=sku, defaults={"seat_limit": seat_limit, "revision": 0})
    offer = _lock_offer(new, None if new.revision == 0 else revision)
    before = {} if offer.revision == 0 else _describe_offer(offer)
    offer.seat_limit = seat_limit
    offer.add_on_ids = sorted(add_on.pk for add_on in add_ons)
    offer.is_for_all = organizations is None
    offer.organization_ids = sorted(row.pk for row in organizations or ())
    offer.withdrawn_at = None
    changes = list_changes_between(before, _describe_offer(offer))
    if changes:
        kind = EntitlementEventKind.TRIAL_OFFER_CHANGED if before else EntitlementEventKind.TRIAL_OFFERED
        _store_offer(actor, offer, kind, changes)
    return offer


def _check_offer(
    sku: Sku, seat_limit: int, add_ons: Collection[Sku], organizations: Collection[Organization] | None
) -> None:
    """Raise InvalidInput unless the SKU can be opened for trial in this way."""
    if sku.kind != Sku.Kind.PRODUCT:
        raise InvalidInput(
            "add_on", _("Only products can be opened for trial. Add-ons go with a product."), field="sku"
        )
    if not 1 <= seat_limit <= MOST_SEATS:
        raise InvalidInput("seat_limit", SEATS % {"most": formats.format_number(MOST_SEATS)}, field="seat_limit")
    if any(add_on.kind != Sku.Kind.ADD_ON or add_on.service != sku.service for add_on in add_ons):
        raise InvalidInput("foreign_add_on", _("Choose add-ons of the same service."), field="add_ons")
    if organizations is None:
        return
    if not organizations:
        raise InvalidInput("nobody", _("Enter at least one distributor or partner."), field="organizations")
    if wrong := next((row for row in organizations if row.kind not in OFFERING_KINDS), None):
        message = _("%(name)s is neither a distributor nor a partner.") % {"name": wrong.name}
        raise InvalidInput("wrong_kind", message, field="organizations")


@transaction.atomic
def withdraw_trial_offer(*, actor: Actor, offer: TrialOffer, revision: int | None = None) -> TrialOffer:
    """Withdraw a SKU from those that can be tried, and return its offer. Trials that run go on.

    Links that offer it and are not accepted yet ask their sender for another SKU. Raises Conflict("state_changed") if
    it is withdrawn already, and Conflict("changed_meanwhile") if a colleague has changed it since it was seen.
    """
    authorize(actor, ROLE_TABLE, EntitlementPermission.OPEN_TRIALS)
    locked = _lock_offer(offer, revision)
    if not locked.is_open:
        raise Conflict("state_changed", _("This service has already been withdrawn."))
    locked.withdrawn_at = timezone.now()
    changes = list_changes_between({"is_open": True}, {"is_open": False})
    _store_offer(actor, locked, EntitlementEventKind.TRIAL_OFFER_WITHDRAWN, changes)
    return locked


def _lock_offer(offer: TrialOffer, revision: int | None) -> TrialOffer:
    """Lock and return an offer as it is now. `revision` is the one that was seen, or None for any."""
    locked = TrialOffer.objects.select_for_update(of=("self",)).select_related("sku").filter(pk=offer.pk).first()
    if locked is None:
        raise NotFound("not_found", "")
    if revision is not None and locked.revision != revision:
        raise make_changed_meanwhile_error()
    return locked


def _describe_offer(offer: TrialOffer) -> dict[str, Any]:
    """Return what the log says of an offer: SKUs by their codes, and organisations by their ORGIDs."""
    chosen = Organization.objects.filter(pk__in=offer.organization_ids)
    return {
        "is_open": offer.is_open,
        "seat_limit": offer.seat_limit,
        "add_ons": sorted(Sku.objects.filter(pk__in=offer.add_on_ids).values_list("code", flat=True)),
        "organizations": "all" if offer.is_for_all else sorted(chosen.values_list("org_id", flat=True)),
    }


_CHANGED = (
    "seat_limit",
    "add_on_ids",
    "is_for_all",
    "organization_ids",
    "withdrawn_at",
    "changed_at",
    "revision",
)


def _store_offer(actor: Actor, offer: TrialOffer, kind: EntitlementEventKind, changes: Any) -> None:
    offer.revision += 1
    offer.changed_at = timezone.now()
    offer.save(update_fields=_CHANGED)
    data = {"sku": offer.sku.code, "sku_name": offer.sku.name}
    record_event(kind, actor=actor, subject=offer, label=offer.sku.name, data=data, changes=changes)

"""Whose product a SKU is: said by the vendor's Admins, by staff at the command line, and by the feed."""

import datetime as dt
from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, OrganizationKind
from entitlements.events import EntitlementEventKind
from entitlements.models import Sku, SkuPublisher
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from notifications.actions.recording import make_event, record_events
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.changes import list_changes_between
from partnerportal.lib.errors import Conflict, InvalidInput
from partnerportal.lib.locks import AdvisoryLock, acquire_lock
from partnerportal.lib.policies import authorize

NO_PUBLISHER = _("%(name)s is not a publisher.")
CHANGED_MEANWHILE = _("A colleague has changed the publisher in the meantime. Check the change and save again.")


@transaction.atomic
def set_sku_publisher(*, actor: Actor, sku: Sku, publisher: Organization | None, seen: str | None = None) -> None:
    """Set the publisher of a SKU, or for None make it the vendor's own; who gains or loses it is told.

    `seen` is the ORGID of the publisher that was seen, "" for none, or None for any. Nothing happens if it is so
    already. Raises InvalidInput("not_a_publisher"), and Conflict("changed_meanwhile") if it is not the one seen.
    """
    authorize(actor, ROLE_TABLE, EntitlementPermission.SET_PUBLISHERS)
    if publisher and publisher.kind != OrganizationKind.PUBLISHER:
        raise InvalidInput("not_a_publisher", NO_PUBLISHER % {"name": publisher.name}, field="publisher")
    acquire_lock(AdvisoryLock.CATALOGUE)
    if seen is not None:
        stored = SkuPublisher.objects.filter(sku=sku).values_list("publisher__org_id", flat=True).first()
        if seen != (stored or ""):
            raise Conflict("changed_meanwhile", CHANGED_MEANWHILE, field="publisher")
    record_events(store_sku_publishers(actor, {sku: publisher}))


def store_sku_publishers(
    actor: Actor, wanted: Mapping[Sku, Organization | None], at: dt.datetime | None = None
) -> list[Event]:
    """Store the publisher of each SKU, None for the vendor's own, and return events of what has changed.

    The caller records the events. It must run in a transaction, and its statements do not grow with the SKUs.
    """
    acquire_lock(AdvisoryLock.CATALOGUE)
    rows = SkuPublisher.objects.filter(sku__in=[sku.pk for sku in wanted]).select_related("publisher")
    stored = {row.sku_id: row for row in rows}
    written: list[SkuPublisher] = []
    removed: list[SkuPublisher] = []
    events: list[Event] = []
    for sku, publisher in wanted.items():
        row = stored.get(sku.pk)
        if (row.publisher_id if row else None) == (publisher.pk if publisher else None):
            continue
        if row:
            events.append(_make_event(EntitlementEventKind.PUBLISHER_REMOVED, actor, row, sku, at))
        if publisher:
            kept = {"pk": row.pk, "public_id": row.public_id} if row else {}
            written.append(SkuPublisher(sku=sku, publisher=publisher, **kept))
            events.append(_make_event(EntitlementEventKind.PUBLISHER_SET, actor, written[-1], sku, at))
        elif row:
            removed.append(row)
    SkuPublisher.objects.filter(pk__in=[row.pk for row in removed]).delete()
    SkuPublisher.objects.bulk_create([row for row in written if row.pk is None])
    SkuPublisher.objects.bulk_update([row for row in written if row.sku_id in stored], ["publisher"])
    return events


def _make_event(kind: EntitlementEventKind, actor: Actor, row: SkuPublisher, sku: Sku, at: dt.datetime | None) -> Event:
    """Return the event that a publisher has gained or lost a SKU. It names no other publisher."""
    org_id, is_set = row.publisher.org_id, kind is EntitlementEventKind.PUBLISHER_SET
    return make_event(
        kind,
        actor=actor,
        subject=row,
        label=sku.name,
        counterpart=row.publisher,
        data={"sku": sku.code, "sku_name": sku.name},
        changes=list_changes_between({"publisher": "" if is_set else org_id}, {"publisher": org_id if is_set else ""}),
        at=at,
    )

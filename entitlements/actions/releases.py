"""A customer's Admin takes a licence from whoever holds it: the vendor is asked, its staff or its feed then say that it
is free."""

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from entitlements.events import EntitlementEvent
from entitlements.models import LicenseAssignment, Sku
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from notifications.actions import new_event, record, record_many
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict, NotFound
from partnerportal.lib.policies import authorize

STATE_CHANGED = _("This licence was released, kept or given anew in the meantime. Nothing was changed.")


@transaction.atomic
def ask_release(*, actor: Actor, assignment: LicenseAssignment) -> LicenseAssignment:
    """Asking again changes nothing. Raises NotFound, Conflict("released") when the vendor has released it already."""
    row = _locked(actor, assignment)
    if row.release_asked_at is None:
        row.release_asked_at = timezone.now()
        row.save(update_fields=["release_asked_at"])
        _record(EntitlementEvent.RELEASE_ASKED, actor, row)
    return row


@transaction.atomic
def keep_licence(*, actor: Actor, assignment: LicenseAssignment) -> LicenseAssignment:
    """Take the question back. Raises NotFound, Conflict("released") when it is too late."""
    row = _locked(actor, assignment)
    if row.release_asked_at is not None:
        row.release_asked_at = None
        row.save(update_fields=["release_asked_at"])
        _record(EntitlementEvent.RELEASE_WITHDRAWN, actor, row)
    return row


@transaction.atomic
def mark_released(*, actor: Actor, key: str) -> None:
    """By the vendor's staff, who have released it in their licence system; the feed may say so before or after.

    `key` is the feed's: of the licence they know nothing else. Raises Conflict("state_changed") when it does not wait.
    """
    _mark(EntitlementEvent.RELEASE_MARKED, actor, key, is_released=True)


@transaction.atomic
def reopen_release(*, actor: Actor, key: str) -> None:
    """It was marked by mistake: it waits again. Raises Conflict("state_changed")."""
    _mark(EntitlementEvent.RELEASE_REOPENED, actor, key, is_released=False)


def _mark(kind: EntitlementEvent, actor: Actor, key: str, *, is_released: bool) -> None:
    """By a function of the database: the row is the customer's, and tells who holds the licence."""
    authorize(actor, ROLE_TABLE, EntitlementPermission.MARK_RELEASES)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM mark_release(%s, %s)", [None if "\0" in key else key, is_released])
        marked = cursor.fetchone()
    if marked is None:
        raise Conflict("state_changed", STATE_CHANGED)
    public_id, customer_id, customer_name, sku_name, asked_at = marked
    row = LicenseAssignment(public_id=public_id, release_asked_at=asked_at)
    row.customer, row.sku = Organization(pk=customer_id, name=customer_name), Sku(name=sku_name)
    record_many([release_event(kind, actor, row)])


def release_event(kind: EntitlementEvent, actor: Actor, row: LicenseAssignment) -> Event:
    """What became of the request, told to the customer; who holds the licence is not in it (CC-32)."""
    data = {"sku_name": row.sku.name, "asked_at": row.release_asked_at and row.release_asked_at.isoformat()}
    return new_event(kind, actor=actor, subject=row, label=row.sku.name, counterpart=row.customer, data=data)


def _locked(actor: Actor, assignment: LicenseAssignment) -> LicenseAssignment:
    authorize(actor, ROLE_TABLE, EntitlementPermission.MANAGE_HOLDERS)
    rows = LicenseAssignment.objects.visible_to(actor).select_for_update(no_key=True, of=("self",))
    row = rows.select_related("sku").filter(pk=assignment.pk).first()
    if row is None:
        raise NotFound("not_found", "")
    if row.released_at is not None:
        raise Conflict("released", _("This licence has already been released. Nothing was changed."))
    return row


def _record(kind: EntitlementEvent, actor: Actor, row: LicenseAssignment) -> None:
    """The holder's name is not in it, for more people read the log; nor is it news that partners share (CC-32)."""
    record(kind, actor=actor, subject=row, label=row.sku.name, data={"sku_name": row.sku.name})

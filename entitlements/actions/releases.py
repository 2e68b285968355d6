"""Actions on the release of a licence: a customer's Admin asks for it, and the vendor's staff mark it as done.

The vendor's feed may say that the licence is released before the staff do, or after.
"""

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from entitlements.events import EntitlementEventKind
from entitlements.models import LicenseAssignment, Sku
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from notifications.actions.recording import make_event, record_event, record_events
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict, NotFound
from partnerportal.lib.policies import authorize

STATE_CHANGED = _("This licence was released, kept or reassigned in the meantime. Nothing was changed.")


@transaction.atomic
def request_licence_release(*, actor: Actor, assignment: LicenseAssignment) -> LicenseAssignment:
    """Ask the vendor to release a licence, and return the licence. Asking again changes nothing.

    Raises NotFound for a licence that the customer does not hold now, and Conflict("released") if the vendor has
    released it already.
    """
    row = _lock_assignment(actor, assignment)
    if row.release_asked_at is None:
        row.release_asked_at = timezone.now()
        row.save(update_fields=["release_asked_at"])
        _record(EntitlementEventKind.RELEASE_ASKED, actor, row)
    return row


@transaction.atomic
def withdraw_release_request(*, actor: Actor, assignment: LicenseAssignment) -> LicenseAssignment:
    """Withdraw the request to release a licence, and return the licence. Repeating it changes nothing.

    Raises NotFound for a licence that the customer does not hold now, and Conflict("released") if the vendor has
    released it already.
    """
    row = _lock_assignment(actor, assignment)
    if row.release_asked_at is not None:
        row.release_asked_at = None
        row.save(update_fields=["release_asked_at"])
        _record(EntitlementEventKind.RELEASE_WITHDRAWN, actor, row)
    return row


@transaction.atomic
def mark_licence_released(*, actor: Actor, assignment_key: str) -> LicenseAssignment:
    """Mark a licence as released, after the vendor's staff have released it in their own licence system.

    Return the licence with the names of its customer and SKU, and nothing of who holds it.

    `assignment_key` is the licence's key in the feed, by which alone the staff know it. The feed may report the release
    before or after. Raises Conflict("state_changed") if no licence with this key waits for its release.
    """
    return _mark(EntitlementEventKind.RELEASE_MARKED, actor, assignment_key, is_released=True)


@transaction.atomic
def reopen_licence_release(*, actor: Actor, assignment_key: str) -> LicenseAssignment:
    """Undo a mistaken mark that a licence was released, so that the licence waits for its release again.

    Return the licence as `mark_licence_released` does. `assignment_key` is its key in the feed. Raises
    Conflict("state_changed") if no licence with this key is marked as released.
    """
    return _mark(EntitlementEventKind.RELEASE_REOPENED, actor, assignment_key, is_released=False)


def _mark(kind: EntitlementEventKind, actor: Actor, key: str, *, is_released: bool) -> LicenseAssignment:
    """Mark the licence, or take the mark back, and record it as an event of this kind.

    A function of the database writes the row, because it is the customer's and tells who holds the licence.
    """
    authorize(actor, ROLE_TABLE, EntitlementPermission.MARK_RELEASES)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM mark_release(%s, %s)", [None if "\0" in key else key, is_released])
        marked = cursor.fetchone()
    if marked is None:
        raise Conflict("state_changed", STATE_CHANGED)
    public_id, customer_id, customer_name, sku_name, asked_at = marked
    row = LicenseAssignment(public_id=public_id, release_asked_at=asked_at)
    row.customer, row.sku = Organization(pk=customer_id, name=customer_name), Sku(name=sku_name)
    record_events([make_licence_release_event(kind, actor, row)])
    return row


def make_licence_release_event(kind: EntitlementEventKind, actor: Actor, assignment: LicenseAssignment) -> Event:
    """Return an unstored event that tells the customer how the vendor answered its request to release a licence.

    The event does not name the user or device that holds the licence (CC-32).
    """
    data = {
        "sku_name": assignment.sku.name,
        "asked_at": assignment.release_asked_at and assignment.release_asked_at.isoformat(),
    }
    return make_event(
        kind, actor=actor, subject=assignment, label=assignment.sku.name, counterpart=assignment.customer, data=data
    )


def _lock_assignment(actor: Actor, assignment: LicenseAssignment) -> LicenseAssignment:
    """Lock and return the row of a licence. Raises NotFound, and Conflict("released") if it has been released."""
    authorize(actor, ROLE_TABLE, EntitlementPermission.MANAGE_HOLDERS)
    rows = LicenseAssignment.objects.visible_to(actor).select_for_update(no_key=True, of=("self",))
    row = rows.select_related("sku").filter(pk=assignment.pk).first()
    if row is None:
        raise NotFound("not_found", "")
    if row.released_at is not None:
        raise Conflict("released", _("This licence has already been released. Nothing was changed."))
    return row


def _record(kind: EntitlementEventKind, actor: Actor, row: LicenseAssignment) -> None:
    """Record an event about a licence in the customer's log.

    It does not name the holder, because more people read the log, and it is no news that partners share (CC-32).
    """
    record_event(kind, actor=actor, subject=row, label=row.sku.name, data={"sku_name": row.sku.name})

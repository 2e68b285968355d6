"""A customer's Admin takes a licence from whoever holds it: the vendor is asked, its feed then says that it is free."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from entitlements.events import EntitlementEvent
from entitlements.models import LicenseAssignment
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from notifications.actions import record
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict, NotFound
from partnerportal.lib.policies import authorize


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

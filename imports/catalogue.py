"""Every kind of import, gathered from the `imports.py` of each app as urls.py gathers their routes."""

import accounts.imports
import entitlements.imports
import marketplace.imports
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import NotFound
from partnerportal.lib.imports.bulk import BulkAction
from partnerportal.lib.imports.kinds import ImportKind

APPS = (accounts, entitlements, marketplace)  # those with an `imports.py`
KINDS: dict[str, ImportKind] = {kind.code: kind for app in APPS for kind in app.imports.IMPORTS}


def find_import_kind(code: str) -> ImportKind:
    """Return the kind of import with this code. Raises NotFound for another code."""
    if code not in KINDS:
        raise NotFound("not_found", "")
    return KINDS[code]


def find_uploadable_kind(code: str) -> ImportKind:
    """Return the kind of import with this code, whose files people upload.

    Raises NotFound for another code, and for that of a bulk action, whose files the portal writes.
    """
    kind = find_import_kind(code)
    if isinstance(kind, BulkAction):
        raise NotFound("not_found", "")
    return kind


def find_bulk_action(code: str) -> BulkAction:
    """Return the bulk action with this code. Raises NotFound for another code."""
    kind = find_import_kind(code)
    if not isinstance(kind, BulkAction):
        raise NotFound("not_found", "")
    return kind


def is_bulk_action(code: str) -> bool:
    """Return whether a kind of import is a bulk action on selected rows, for which nobody uploads a file."""
    return isinstance(KINDS.get(code), BulkAction)


def list_available_kinds(actor: Actor) -> list[ImportKind]:
    """Return the kinds of import for which the actor has the permission, in the order of their declaration."""
    return [kind for kind in KINDS.values() if kind.is_available_to(actor)]

"""Every kind of import, gathered from the `imports.py` of each app as urls.py gathers their routes."""

import entitlements.imports
import marketplace.imports
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import NotFound
from partnerportal.lib.imports.kinds import ImportKind

APPS = (entitlements, marketplace)  # those with an `imports.py`
KINDS: dict[str, ImportKind] = {kind.code: kind for app in APPS for kind in app.imports.IMPORTS}


def find_import_kind(code: str) -> ImportKind:
    """Return the kind of import with this code. Raises NotFound for another code."""
    if code not in KINDS:
        raise NotFound("not_found", "")
    return KINDS[code]


def list_available_kinds(actor: Actor) -> list[ImportKind]:
    """Return the kinds of import for which the actor has the permission, in the order of their declaration."""
    return [kind for kind in KINDS.values() if kind.rule[0][kind.rule[1]].check_actor(actor)]

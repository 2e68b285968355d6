"""Queries over imports: the person's own, and what a file is imported into."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from imports.models import Import
from imports.policies import ROLE_TABLE, ImportPermission
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import NotFound
from partnerportal.lib.imports.bulk import BulkAction
from partnerportal.lib.imports.kinds import ImportKind
from partnerportal.lib.policies import authorize
from partnerportal.lib.visible_rows import get_by_public_id


def list_imports(actor: Actor) -> QuerySet[Import]:
    """Return the imports that the person has uploaded in the actor's organisation, unordered."""
    return Import.objects.visible_to(actor)


def get_import(actor: Actor, public_id: UUID) -> Import:
    """Return the import with this public id. Raises NotFound unless the acting person has uploaded it."""
    return get_by_public_id(list_imports(actor), public_id)


def authorize_bulk_action(actor: Actor, action: BulkAction) -> None:
    """Raise ActionRefused unless the actor may do the bulk action and see the list whose rows it takes."""
    authorize(actor, ROLE_TABLE, ImportPermission.IMPORT)
    authorize(actor, *action.source.rule)
    authorize(actor, *action.rule)


def find_authorized_target(actor: Actor, kind: ImportKind, target_id: UUID | None) -> Any:
    """Return what a file of this kind is imported into, or None for a kind without targets.

    Raises NotFound if the actor does not see it, or it does not suit the kind, and ActionRefused if the actor may not
    import into it.
    """
    authorize(actor, ROLE_TABLE, ImportPermission.IMPORT)
    if kind.find_target is None:
        if target_id is not None:
            raise NotFound("not_found", "")
        authorize(actor, *kind.rule)
        return None
    authorize(actor, *kind.rule)  # asked first without the target, so that nobody learns of one by trying
    if target_id is None:
        raise NotFound("not_found", "")
    target = kind.find_target(actor, target_id)
    authorize(actor, *kind.rule, on=target)
    return target

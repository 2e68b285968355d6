"""How somebody likes to see the customer list: saved views, columns, density.

Theirs alone, so there is nothing to record, but that a view is shared.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from entitlements.columns import BY_NAME
from entitlements.events import EntitlementEvent
from entitlements.filters import view_query
from entitlements.models import ListSettings, SavedView
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from notifications.actions import record
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Invalid, NotFound, TooMany
from partnerportal.lib.policies import authorize
from partnerportal.lib.text import fold, one_line

VIEWS = 50  # of one person
LONGEST_NAME = 60


@transaction.atomic
def save_view(*, actor: Actor, name: str, query: Mapping[str, str], is_shared: bool = False) -> SavedView:
    """Keep filters and sort under a name. What the list does not know is left out of `query`.

    Raises Invalid for a name that is empty, too long or one's own already, TooMany beyond VIEWS.
    """
    authorize(actor, ROLE_TABLE, EntitlementPermission.SAVE_VIEWS)
    mine = _my_views(actor)
    if len(mine) >= VIEWS:
        raise TooMany("too_many_views", _("You have 50 saved views, and that is the limit. Delete one first."))
    view = SavedView(name=_checked(name, mine), query=view_query(query), is_shared=is_shared)
    view.organization_id, view.person_id = actor.organization_id, actor.person_id  # type: ignore[assignment]
    _share(actor, view, was_shared=False)
    view.save(force_insert=True)
    return view


@transaction.atomic
def change_view(*, actor: Actor, view: SavedView, name: str, is_shared: bool) -> SavedView:
    """Rename, share, or keep for oneself again."""
    authorize(actor, ROLE_TABLE, EntitlementPermission.SAVE_VIEWS)
    mine = _my_views(actor)
    row = _one_of(mine, view)
    row.name, was_shared, row.is_shared = _checked(name, mine, row), row.is_shared, is_shared
    _share(actor, row, was_shared=was_shared)
    row.save(update_fields=["name", "is_shared"])
    return row


@transaction.atomic
def save_into_view(*, actor: Actor, view: SavedView, query: Mapping[str, str]) -> SavedView:
    """What was modified becomes the view."""
    authorize(actor, ROLE_TABLE, EntitlementPermission.SAVE_VIEWS)
    row = _one_of(_my_views(actor), view)
    row.query = view_query(query)
    row.save(update_fields=["query"])
    return row


@transaction.atomic
def delete_view(*, actor: Actor, view: SavedView) -> None:
    """One's own; an Admin also what a colleague shares, who may have left."""
    authorize(actor, ROLE_TABLE, EntitlementPermission.SAVE_VIEWS)
    row = SavedView.objects.visible_to(actor).filter(pk=view.pk).first()
    if row is None:
        raise NotFound("not_found", "")
    if row.person_id != actor.person_id:
        authorize(actor, ROLE_TABLE, EntitlementPermission.SHARE_VIEWS)
    row.delete()


@transaction.atomic
def set_default_view(*, actor: Actor, view: SavedView | None) -> None:
    """The list opens with it; with none, it opens whole."""
    authorize(actor, ROLE_TABLE, EntitlementPermission.SAVE_VIEWS)
    _settings(actor, default_view=view)


@transaction.atomic
def set_display(*, actor: Actor, columns: Iterable[str], density: str) -> None:
    """Columns in their order; none: as the list was designed."""
    authorize(actor, ROLE_TABLE, EntitlementPermission.SAVE_VIEWS)
    wanted = list(dict.fromkeys(columns))
    if set(wanted) - BY_NAME.keys() or density not in ListSettings.Density.values:
        raise Invalid("display", _("Choose from the columns and densities that there are."))
    _settings(actor, columns=wanted, density=density)


def _settings(actor: Actor, **values: object) -> None:
    key: dict[str, Any] = {"organization_id": actor.organization_id, "person_id": actor.person_id}
    ListSettings.objects.update_or_create(**key, defaults=values)


def _my_views(actor: Actor) -> list[SavedView]:
    """Locked by the person, so that a form sent twice makes one view."""
    Person.objects.select_for_update(no_key=True).get(pk=actor.person_id)  # type: ignore[misc]
    return list(SavedView.objects.visible_to(actor).filter(person_id=actor.person_id))  # type: ignore[misc]


def _one_of(mine: list[SavedView], view: SavedView) -> SavedView:
    found = next((row for row in mine if row.pk == view.pk), None)
    if found is None:
        raise NotFound("not_found", "")
    return found


def _checked(name: str, mine: list[SavedView], row: SavedView | None = None) -> str:
    line = one_line(name)
    if not line or len(line) > LONGEST_NAME:
        raise Invalid("name", _("Give a name of at most 60 characters."), field="name")
    if any(fold(other.name) == fold(line) for other in mine if other is not row):
        raise Invalid("name_taken", _("You have a view of this name already."), field="name")
    return line


def _share(actor: Actor, view: SavedView, *, was_shared: bool) -> None:
    if view.is_shared != was_shared:
        authorize(actor, ROLE_TABLE, EntitlementPermission.SHARE_VIEWS)
    if view.is_shared and not was_shared:
        record(EntitlementEvent.VIEW_SHARED, actor=actor, subject=view, label=view.name)

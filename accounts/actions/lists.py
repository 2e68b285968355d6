"""Actions on how a person likes to see a list: saved views, columns, density.

This is the person's alone, so only sharing a view is recorded.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.events import AccountEventKind
from accounts.models import ListSettings, Person, SavedView
from accounts.policies import ROLE_TABLE, AccountPermission
from notifications.actions.recording import record_event
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import InvalidInput, NotFound, TooManyAttempts
from partnerportal.lib.lists import ListDefinition, find_list_definition
from partnerportal.lib.policies import authorize
from partnerportal.lib.text import make_search_key, make_single_line

VIEWS = 50  # saved views that one person may have of a list
LONGEST_NAME = 60  # characters of a saved view's name


@transaction.atomic
def create_saved_view(
    *, actor: Actor, list_definition: ListDefinition, name: str, query: Mapping[str, str], is_shared: bool = False
) -> SavedView:
    """Save a list's filters and order under a name, as a view of the acting person; return the view.

    `query` holds parameters of the list's URL; unknown ones are left out. Raises InvalidInput for a name that is empty,
    too long or used by another view of the person, TooManyAttempts beyond VIEWS, and ActionRefused for sharing without
    the permission.
    """
    _authorize(actor, list_definition)
    mine = _my_views(actor, list_definition.key)
    if len(mine) >= VIEWS:
        raise TooManyAttempts(
            "too_many_views", _("You have 50 saved views for this list, which is the limit. Delete one first.")
        )
    view = SavedView(
        list_key=list_definition.key,
        name=_valid_name(name, mine),
        query=list_definition.parse_saved_query(query),
        is_shared=is_shared,
    )
    view.organization_id, view.person_id = actor.organization_id, actor.person_id  # type: ignore[assignment]
    _share(actor, view, was_shared=False)
    view.save(force_insert=True)
    return view


@transaction.atomic
def change_saved_view(*, actor: Actor, view: SavedView, name: str, is_shared: bool) -> SavedView:
    """Rename a saved view of the acting person, or change whether colleagues may use it; return the view.

    Raises NotFound for a view of another person, InvalidInput for a bad name, and ActionRefused for a change of sharing
    without the permission.
    """
    _authorize(actor, find_list_definition(view.list_key))
    mine = _my_views(actor, view.list_key)
    row = _one_of(mine, view)
    row.name, was_shared, row.is_shared = _valid_name(name, mine, row), row.is_shared, is_shared
    _share(actor, row, was_shared=was_shared)
    row.save(update_fields=["name", "is_shared"])
    return row


@transaction.atomic
def replace_saved_view_query(*, actor: Actor, view: SavedView, query: Mapping[str, str]) -> SavedView:
    """Replace the filters and order that a saved view holds; return the view.

    `query` holds parameters of the list's URL. Raises NotFound for a view of another person.
    """
    list_definition = find_list_definition(view.list_key)
    _authorize(actor, list_definition)
    row = _one_of(_my_views(actor, view.list_key), view)
    row.query = list_definition.parse_saved_query(query)
    row.save(update_fields=["query"])
    return row


@transaction.atomic
def delete_saved_view(*, actor: Actor, view: SavedView) -> None:
    """Delete a saved view of the acting person, or, as an Admin, a view that a colleague shares.

    The colleague may have left. Raises NotFound for a view that the actor does not see, and ActionRefused for a
    colleague's view without the permission.
    """
    _authorize(actor, find_list_definition(view.list_key))
    row = SavedView.objects.visible_to(actor).filter(pk=view.pk).first()
    if row is None:
        raise NotFound("not_found", "")
    if row.person_id != actor.person_id:
        authorize(actor, ROLE_TABLE, AccountPermission.SHARE_VIEWS)
    row.delete()


@transaction.atomic
def set_default_saved_view(*, actor: Actor, list_definition: ListDefinition, view: SavedView | None) -> None:
    """Choose the saved view with which a list opens for the acting person; None chooses no view.

    `list_definition` is the list. Raises ActionRefused for an actor who may neither see the list nor save views of it.
    """
    _authorize(actor, list_definition)
    _settings(actor, list_definition, default_view=view)


@transaction.atomic
def set_list_display(*, actor: Actor, list_definition: ListDefinition, columns: Iterable[str], density: str) -> None:
    """Store which columns a list shows the acting person, in which order, and how dense its rows are.

    `list_definition` is the list; no `columns` stand for the usual ones. Raises InvalidInput("display") for a column or
    density that the list does not have.
    """
    _authorize(actor, list_definition)
    wanted = list(dict.fromkeys(columns))
    if set(wanted) - {column.name for column in list_definition.columns} or density not in ListSettings.Density.values:
        raise InvalidInput("display", _("Choose columns and a density from the list."))
    _settings(actor, list_definition, columns=wanted, density=density)


def _authorize(actor: Actor, list_definition: ListDefinition) -> None:
    authorize(actor, ROLE_TABLE, AccountPermission.SAVE_VIEWS)
    authorize(actor, *list_definition.rule)


def _settings(actor: Actor, list_definition: ListDefinition, **values: object) -> None:
    key: dict[str, Any] = {
        "organization_id": actor.organization_id,
        "person_id": actor.person_id,
        "list_key": list_definition.key,
    }
    ListSettings.objects.update_or_create(**key, defaults=values)


def _my_views(actor: Actor, key: str) -> list[SavedView]:
    """Return the person's own views of a list, under a lock on the person, so that a form sent twice makes one view."""
    Person.objects.select_for_update(no_key=True).get(pk=actor.person_id)  # type: ignore[misc]
    return list(SavedView.objects.visible_to(actor).filter(person_id=actor.person_id, list_key=key))  # type: ignore[misc]


def _one_of(mine: list[SavedView], view: SavedView) -> SavedView:
    """Return this view as it is stored now. Raises NotFound if it is not among the person's own."""
    stored = next((row for row in mine if row.pk == view.pk), None)
    if stored is None:
        raise NotFound("not_found", "")
    return stored


def _valid_name(name: str, mine: list[SavedView], row: SavedView | None = None) -> str:
    """Return a view's name on one line. Raises InvalidInput for a bad one, or one that another view has."""
    line = make_single_line(name)
    if not line or len(line) > LONGEST_NAME:
        raise InvalidInput("name", _("Enter a name of at most 60 characters."), field="name")
    if any(make_search_key(other.name) == make_search_key(line) for other in mine if other is not row):
        raise InvalidInput("name_taken", _("You already have a view with this name."), field="name")
    return line


def _share(actor: Actor, view: SavedView, *, was_shared: bool) -> None:
    """Record that a view begins to be shared. Raises ActionRefused for any change of sharing without the permission."""
    if view.is_shared != was_shared:
        authorize(actor, ROLE_TABLE, AccountPermission.SHARE_VIEWS)
    if view.is_shared and not was_shared:
        record_event(AccountEventKind.VIEW_SHARED, actor=actor, subject=view, label=view.name)

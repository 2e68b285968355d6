"""Queries over saved views, and over how a person has a list displayed."""

from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from accounts.models import (
    ListSettings,
    Person,
    SavedView,
)
from accounts.policies import may_share_saved_views
from partnerportal.lib.actors import Actor
from partnerportal.lib.personal_lists import ListPreferences, SavedViewSummary
from partnerportal.lib.prepared import PreparedQuery
from partnerportal.lib.visible_rows import get_by_public_id


def get_saved_view(actor: Actor, public_id: UUID) -> SavedView:
    """Return a saved view of the acting person, or one that a colleague shares in the organisation.

    Raises NotFound for any other view.
    """
    return get_by_public_id(SavedView.objects.visible_to(actor), public_id)


def _preferences(
    organization: int, person: int, key: str
) -> QuerySet[Person, tuple[dict[str, Any], list[dict[str, Any]]]]:
    actor = Actor(person_id=person, organization_id=organization)
    mine = (
        ListSettings.objects.visible_to(actor)
        .filter(list_key=key)
        .values(json=JSONObject(columns="columns", density="density", view="default_view__public_id"))
    )
    is_mine = Exists(SavedView.objects.filter(pk=OuterRef("pk"), person_id=person))
    views = SavedView.objects.visible_to(actor).filter(list_key=key).order_by("name", "pk")
    facts = JSONObject(public_id="public_id", name="name", query="query", is_shared="is_shared", is_mine=is_mine)
    rows = Person.objects.filter(pk=person)  # everybody has this one row, and its policy plans nothing
    rows = rows.annotate(mine=Subquery(mine[:1]), views=ArraySubquery(views.values(json=facts)))
    return rows.values_list("mine", "views")


_PREFERENCES = PreparedQuery(_preferences, -1, -2, "list")


def get_list_preferences(actor: Actor, list_key: str) -> ListPreferences:
    """Return the acting person's settings of the list with this key, and the saved views they see of it.

    One query reads them all.
    """
    rows = _PREFERENCES(actor.organization_id or 0, actor.person_id or 0, list_key)
    mine, views = rows[0] if rows else (None, [])
    settings: dict[str, Any] = mine or {}
    return ListPreferences(
        columns=tuple(settings.get("columns", ())),
        density=settings.get("density", ListSettings.Density.COMFORTABLE),
        default_view=settings.get("view") or "",
        views=tuple(SavedViewSummary(**facts) for facts in views),
        may_share=may_share_saved_views(actor),
    )

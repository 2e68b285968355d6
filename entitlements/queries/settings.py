"""How somebody likes to see the customer list."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from accounts.models import Person
from entitlements.models import ListSettings, SavedView
from partnerportal.lib.actors import Actor
from partnerportal.lib.prepared import Prepared
from partnerportal.lib.scoping import by_public_id


@dataclass(frozen=True)
class ViewFacts:
    public_id: str
    name: str
    query: dict[str, str]
    is_shared: bool
    is_mine: bool


@dataclass(frozen=True)
class ListPreferences:
    columns: tuple[str, ...]
    density: str
    default_view: str  # public id, or empty
    views: tuple[ViewFacts, ...]  # one's own and those that colleagues share, by name

    def view(self, public_id: str) -> ViewFacts | None:
        return next((view for view in self.views if view.public_id == public_id), None)


def saved_view(actor: Actor, public_id: UUID) -> SavedView:
    """One's own, or shared in the organisation. Raises NotFound."""
    return by_public_id(SavedView.objects.visible_to(actor), public_id)


def _preferences(organization: int, person: int) -> QuerySet[Person, tuple[dict[str, Any], list[dict[str, Any]]]]:
    actor = Actor(person_id=person, organization_id=organization)
    mine = ListSettings.objects.visible_to(actor).values(
        json=JSONObject(columns="columns", density="density", view="default_view__public_id")
    )
    is_mine = Exists(SavedView.objects.filter(pk=OuterRef("pk"), person_id=person))
    views = SavedView.objects.visible_to(actor).order_by("name", "pk")
    facts = JSONObject(public_id="public_id", name="name", query="query", is_shared="is_shared", is_mine=is_mine)
    rows = Person.objects.filter(pk=person)  # one row that everybody has, and no policy to plan
    rows = rows.annotate(mine=Subquery(mine[:1]), views=ArraySubquery(views.values(json=facts)))
    return rows.values_list("mine", "views")


_PREFERENCES = Prepared(_preferences, -1, -2)


def list_preferences(actor: Actor) -> ListPreferences:
    """All of it in one query; the page has others to ask."""
    found = _PREFERENCES(actor.organization_id or 0, actor.person_id or 0)
    mine, views = found[0] if found else (None, [])
    settings: dict[str, Any] = mine or {}
    return ListPreferences(
        columns=tuple(settings.get("columns", ())),
        density=settings.get("density", ListSettings.Density.COMFORTABLE),
        default_view=settings.get("view") or "",
        views=tuple(ViewFacts(**facts) for facts in views),
    )

"""The lists of an offer's audience page: who is in it, and who can be added."""

from collections.abc import Mapping
from functools import cached_property

from django.db.models import Exists, OuterRef

from accounts.models import Competency, Skill
from marketplace.filters import ResellerFilterSet
from marketplace.models import AudienceChange, Offer
from marketplace.queries.audience import (
    annotate_audience,
    count_partners_below,
    count_sales_through,
    list_resellers,
    list_saved_additions,
    make_selected_branches,
    make_selected_condition,
)
from marketplace.queries.history import name_authorizers
from marketplace.rows.audience import AudienceRow, ResellerRow, make_audience_rows, make_reseller_rows
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import list_country_choices
from partnerportal.lib.keyset import fetch_keyset_page_or_first
from partnerportal.lib.lists import ListState

SIZE = 50  # rows on a page


class AudienceList(ListState):
    """Who is in an offer's audience or saved for it, by name. Invalid filters in the URL are ignored.

    With `is_in_force` they are those alone that may sell it now: what is saved is for the publisher's eyes.
    """

    def __init__(self, actor: Actor, offer: Offer, params: Mapping[str, str], *, is_in_force: bool = False) -> None:
        self.actor, self.offer = actor, offer
        filters = ResellerFilterSet(params, annotate_audience(actor, offer))
        self.filter_values = filters.cleaned_values
        self.cursor = params.get("cursor", "")
        held, saved = make_selected_branches(offer)
        self.page = fetch_keyset_page_or_first(
            filters.qs,
            sort="name_folded",
            descending=False,
            size=SIZE,
            cursor=self.cursor,
            any_of=(held,) if is_in_force else (held, saved),
        )
        if self.filter_values:
            condition = held if is_in_force else make_selected_condition(offer)
            self.matching = filters.qs.filter(condition).order_by().count()

    @cached_property
    def rows(self) -> list[AudienceRow]:
        """The rows of the page, each with why it is locked."""
        keys = [row.organization_id for row in self.page.rows]
        return make_audience_rows(
            self.page.rows,
            covered=count_partners_below(self.actor, keys),
            sales=count_sales_through(self.actor, self.offer, keys),
            authorizers=name_authorizers(self.actor, self.offer, self.page.rows),
        )

    @property
    def has_selectable_rows(self) -> bool:
        """Whether the page has a row that can be taken out, or kept."""
        return any(row.is_selectable for row in self.rows)

    @property
    def has_marked_rows(self) -> bool:
        """Whether the page has a row that is marked for removal."""
        return any(row.is_marked for row in self.rows)


def make_addition_rows(actor: Actor, offer: Offer) -> list[ResellerRow]:
    """Return the first SIZE organisations that a sync of an offer's audience would add, by name."""
    rows = list(list_saved_additions(actor, offer)[:SIZE])
    return make_reseller_rows(rows, covered=count_partners_below(actor, [row.organization_id for row in rows]))


class ResellerList(ListState):
    """Who can be added to an offer's audience, by name, without those who are in it."""

    def __init__(self, actor: Actor, offer: Offer, params: Mapping[str, str]) -> None:
        self.actor = actor
        held = offer.authorizations.active().filter(organization=OuterRef("organization"))
        marked = AudienceChange.objects.visible_to(actor).filter(offer=offer, organization=OuterRef("organization"))
        filters = ResellerFilterSet(params, list_resellers(actor).exclude(Exists(held)).exclude(Exists(marked)))
        self.filter_values = filters.cleaned_values
        self.cursor = params.get("cursor", "")
        self.page = fetch_keyset_page_or_first(
            filters.qs, sort="name_folded", descending=False, size=SIZE, cursor=self.cursor
        )

    @cached_property
    def rows(self) -> list[ResellerRow]:
        """The rows of the page."""
        keys = [row.organization_id for row in self.page.rows]
        return make_reseller_rows(self.page.rows, covered=count_partners_below(self.actor, keys))

    @property
    def country_choices(self) -> list[tuple[str, str]]:
        """The choices of the filter by country."""
        return list(list_country_choices())

    @property
    def competency_choices(self) -> list[tuple[str, str]]:
        """The choices of the filter by competency; those that are retired are no longer asked for."""
        return list(Competency.objects.filter(is_retired=False).order_by("name").values_list("code", "name"))

    @property
    def skill_choices(self) -> list[tuple[str, str]]:
        """The choices of the filter by skill, likewise."""
        return list(Skill.objects.filter(is_retired=False).order_by("name").values_list("code", "name"))

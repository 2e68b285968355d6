"""The publisher's list of offers: what its URL asks for, and its rows."""

from collections.abc import Mapping
from functools import cached_property

from django.utils.translation import gettext_lazy, pgettext

from marketplace.filters import OFFER_STATES, OfferFilterSet
from marketplace.models import Audience, Offer, OfferType
from marketplace.models.offer import OfferQuerySet
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.offers import count_own_offers_by_state, list_own_offers
from marketplace.rows.offers import OFFER_STATE_LABELS, OfferRow, get_offer_name, make_offer_rows
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.keyset import fetch_keyset_page_or_first
from partnerportal.lib.list_filters import DAYS, Choices, FilterRange, SeveralValues
from partnerportal.lib.lists import ListColumn, ListDefinition, ListTab
from partnerportal.lib.neighbours import RecordList

OFFERS = ListDefinition(
    key="offers",
    label=gettext_lazy("Offers"),
    url_name="offers",
    rule=(ROLE_TABLE, OfferPermission.VIEW_OWN),
    columns=(  # each column has its branch in parts/offer_row.html
        ListColumn(name="name", label=gettext_lazy("Offer"), sort="code"),
        ListColumn(name="type", label=gettext_lazy("Type")),
        ListColumn(name="state", label=gettext_lazy("Status")),
        ListColumn(name="version", label=gettext_lazy("Version"), css="num"),
        ListColumn(name="audience", label=gettext_lazy("Audience")),
        ListColumn(name="changed", label=gettext_lazy("Updated"), sort="changed_at"),
    ),
    filter_set=OfferFilterSet,
    fields=("q", "type", "audience"),
    ranges=(FilterRange("changed_from", "changed_to", gettext_lazy("Updated"), DAYS),),
    several={
        "type": SeveralValues.from_choices(gettext_lazy("Type"), OfferType.choices),
        "audience": SeveralValues.from_choices(gettext_lazy("Audience"), Audience.choices),
    },
    default_sort="-changed",
)


class OfferList(RecordList):
    """The publisher's list of offers as its page shows it, with a tab for each state."""

    definition = OFFERS
    tab_filters = ("state",)

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        super().__init__(actor, params)
        order = self.order_records(actor, params)
        self.filter_values = order.filter_values
        self.tab = self.filter_values.get("state", "")
        self.page = fetch_keyset_page_or_first(order.listed, size=self.size, cursor=self.cursor, **order.options)

    @classmethod
    def list_records(cls, actor: Actor) -> OfferQuerySet:
        return list_own_offers(actor)

    @classmethod
    def name_record(cls, record: Offer) -> str:
        return get_offer_name(record)

    @cached_property
    def rows(self) -> list[OfferRow]:
        """The rows of the page."""
        return make_offer_rows(self.page.rows)

    @cached_property
    def counts(self) -> dict[str, int]:
        """The number of offers by state, for the tabs; states without any are left out."""
        return count_own_offers_by_state(self.actor)

    @property
    def has_none(self) -> bool:
        """Whether the publisher has no offer at all."""
        return not self.counts

    @property
    def filter_tabs(self) -> list[ListTab]:
        """The tab of all offers, and one for each state."""
        labels: dict[str, Message] = {state: OFFER_STATE_LABELS[state][0] for state in OFFER_STATES}
        return [
            ListTab(
                pgettext("offers", "All"), self.build_url(state="", view=""), sum(self.counts.values()), not self.tab
            ),
            *(
                ListTab(str(label), self.build_url(state=state, view=""), self.counts.get(state, 0), state == self.tab)
                for state, label in labels.items()
            ),
        ]

    @property
    def type_choices(self) -> Choices:
        """The choices of the filter by type."""
        return self.list_field_choices("type")

    @property
    def audience_choices(self) -> Choices:
        """The choices of the filter by audience."""
        return self.list_field_choices("audience")

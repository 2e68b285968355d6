"""The notices that a country is in another market or has another currency, to sellers and publishers concerned."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Organization, OrganizationKind
from accounts.notices.requests import ADMINS
from connections.models import Connection
from marketplace.events import CatalogueEvent
from marketplace.models import Market, MarketCountry
from marketplace.policies import SELLERS
from marketplace.queries.markets import count_moved_plans
from notifications.models import Notice
from notifications.registry import NoticeKind, NoticeRecipient, register_notice_kind
from partnerportal.lib.catalogue_entries import pick_name
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.formats import format_number, join_names

if TYPE_CHECKING:
    from notifications.models import Event


class CountryPlacedNotice(NoticeKind):
    """The base of notices that the vendor has put a country into a market, or given it another currency."""

    event = CatalogueEvent.COUNTRY_PLACED
    icon = "list-tree"
    email_roles = ADMINS

    def list_recipients(self, events: "Sequence[Event]") -> "Iterable[tuple[Event, NoticeRecipient]]":
        names = dict(Market.objects.values_list("code", "names"))
        for event in events:
            facts = event.data
            shared = {key: facts[key] for key in ("country", "currency", "currency_before")} | {
                "market": names.get(facts["market"], {"en": facts["market"]}),
                "before": names.get(facts["market_before"], {"en": facts["market_before"]}),
                "is_other_market": facts["market"] != facts["market_before"],
            }
            for organization_id, params in self.list_concerned(facts):
                yield event, NoticeRecipient(organization_id=organization_id, params=shared | params)

    def list_concerned(self, facts: dict[str, Any]) -> Iterable[tuple[int, dict[str, Any]]]:
        """Yield who is told of the facts of an event, each with what it means for them."""
        raise NotImplementedError

    def get_subject(self, notice: Notice) -> str:
        if notice.params["is_other_market"]:
            return _("%(country)s is now in the market %(market)s") % self.get_values(notice)
        return _("%(country)s now has prices in %(currency)s") % self.get_values(notice)

    def get_values(self, notice: Notice) -> dict[str, str]:
        """Return what the sentences name, in the reader's language."""
        params = notice.params
        return {
            "country": get_country_name(params["country"]),
            "market": pick_name(params["market"], ""),
            "before": pick_name(params["before"], ""),
            "currency": params["currency"],
            "currency_before": params["currency_before"],
        }


@register_notice_kind
class CountryPlacedSellerNotice(CountryPlacedNotice):
    """The notice to partners and distributors of the country, and to partners that have customers there."""

    code = "country_placed"
    label = gettext_lazy("New market or currency for a country where you sell")
    audience = frozenset(kind.value for kind in SELLERS)

    def list_concerned(self, facts: dict[str, Any]) -> Iterable[tuple[int, dict[str, Any]]]:
        lost = sum(lost for _plans, lost in count_moved_plans(facts).values())
        there = Organization.objects.filter(kind__in=SELLERS, country=facts["country"]).order_by("pk")
        for key in there.values_list("pk", flat=True):
            yield key, {"is_there": True, "lost": lost}
        if facts["market"] == facts["market_before"]:
            return
        markets = dict(MarketCountry.objects.values_list("country", "market__code"))
        connected: dict[tuple[int, str], int] = {}
        rows = Connection.objects.active().filter(customer__country=facts["country"])
        for key, country in rows.exclude(partner__country=facts["country"]).values_list("partner", "partner__country"):
            connected[key, country] = connected.get((key, country), 0) + 1
        for (key, country), customers in sorted(connected.items()):
            if markets.get(country) in (facts["market"], facts["market_before"]):
                yield key, {"customers": customers, "may_sell": markets[country] == facts["market"]}

    def get_body(self, notice: Notice) -> str:
        said = self.list_sentences_of_seller(notice) if notice.params.get("is_there") else [_describe_customers(notice)]
        return "\n".join([*said, _("Existing sales are not affected.")])

    def list_sentences_of_seller(self, notice: Notice) -> list[str]:
        """Return what it means for a seller in the country."""
        values, lost = self.get_values(notice), notice.params["lost"]
        if notice.params["is_other_market"]:
            said = [_("You now sell only to customers in this market, at prices in %(currency)s.") % values]
        else:
            said = [_("You now sell at prices in %(currency)s instead of %(currency_before)s.") % values]
        if lost:
            said.append(
                ngettext(
                    "%(number)s plan that you could sell before has no price for your current market and currency. "
                    "You can sell it again once its publisher sets one.",
                    "%(number)s plans that you could sell before have no price for your current market and currency. "
                    "You can sell them again once their publishers set one.",
                    lost,
                )
                % {"number": format_number(lost)}
            )
        return said

    def get_link_path(self, notice: Notice) -> str:
        return reverse("catalogue")

    def get_link_label(self, notice: Notice) -> str:
        return _("Open the marketplace")


def _describe_customers(notice: Notice) -> str:
    """Return what it means for a partner elsewhere that has customers in the country."""
    number = notice.params["customers"]
    if notice.params["may_sell"]:
        text = ngettext(
            "You can now sell to your %(number)s customer there, because it is now in your market.",
            "You can now sell to your %(number)s customers there, because they are now in your market.",
            number,
        )
    else:
        text = ngettext(
            "You can no longer sell to your %(number)s customer there, because it is no longer in your market.",
            "You can no longer sell to your %(number)s customers there, because they are no longer in your market.",
            number,
        )
    return text % {"number": format_number(number)}


@register_notice_kind
class CountryPlacedPublisherNotice(CountryPlacedNotice):
    """The notice to publishers whose plans had a price for the country: how many have none where it is now."""

    code = "country_placed_prices"
    label = gettext_lazy("New market or currency for a country where your plans have prices")
    audience = frozenset({OrganizationKind.PUBLISHER.value})

    def list_concerned(self, facts: dict[str, Any]) -> Iterable[tuple[int, dict[str, Any]]]:
        for publisher, (plans, lost) in sorted(count_moved_plans(facts).items()):
            yield publisher, {"plans": plans, "lost": lost}

    def get_body(self, notice: Notice) -> str:
        plans, lost, values = notice.params["plans"], notice.params["lost"], self.get_values(notice)
        values["place"] = join_names([values["market"], values["currency"]])
        values["old_place"] = join_names([values["before"], values["currency_before"]])
        had = ngettext(
            "%(number)s of your plans had a price for partners in this country (%(old_place)s).",
            "%(number)s of your plans had a price for partners in this country (%(old_place)s).",
            plans,
        ) % (values | {"number": format_number(plans)})
        if not lost:
            kept = ngettext(
                "It also has a price for the country’s current market and currency (%(place)s). You don’t need to do "
                "anything.",
                "They also have a price for the country’s current market and currency (%(place)s). You don’t need to "
                "do anything.",
                plans,
            )
            return had + "\n" + kept % values
        if plans == 1:
            missing = _(
                "It has no price for the country’s current market and currency (%(place)s). Partners in the country "
                "can sell it once you set a price."
            )
            return had + "\n" + missing % values
        missing = ngettext(
            "%(number)s of them has no price for the country’s current market and currency (%(place)s). Partners in "
            "the country can sell it once you set a price.",
            "%(number)s of them have no price for the country’s current market and currency (%(place)s). Partners in "
            "the country can sell them once you set a price.",
            lost,
        )
        return had + "\n" + missing % (values | {"number": format_number(lost)})

    def get_link_path(self, notice: Notice) -> str:
        return reverse("offers")

    def get_link_label(self, notice: Notice) -> str:
        return _("View offers")

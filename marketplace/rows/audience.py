"""The rows of the pages of an offer's audience, in the reader's words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from accounts.models import OrganizationKind
from marketplace.audience_rules import AudienceVerdict, Way, build_audience_request_url, judge_audience_change
from marketplace.content import list_open_plans, pick_texts
from marketplace.models import Audience, Authorization, MarketCountry, Offer, ResellerListing
from marketplace.queries.audience import AudienceReach, PastedEntry
from marketplace.queries.offers import get_newest_version
from partnerportal.lib import formats
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.errors import Message


@dataclass(frozen=True)
class AudienceOption:
    """One of the three options of an audience, with what it would mean today."""

    value: str
    label: str
    meaning: str
    verdict: AudienceVerdict
    is_in_force: bool
    is_saved: bool
    request_url: str  # where the request begins that the change needs, or ""

    @property
    def is_choosable(self) -> bool:
        """Whether the publisher chooses it by saving it, without a request."""
        return self.verdict.way in (Way.FREE, Way.UNCHANGED)


def make_audience_options(offer: Offer, reach: AudienceReach, open_plans: str) -> list[AudienceOption]:
    """Return the options of an offer's audience, each with its meaning in numbers and what a change to it needs.

    `open_plans` are the names of the plans that can be sold whatever is chosen, or "".
    """
    meanings = {
        Audience.ANY: _describe_partners(reach.any),
        Audience.SPECIFIC: _describe_selected(reach),
        Audience.NONE: (
            _("Only %(plans)s can still be sold. Existing subscriptions continue.") % {"plans": open_plans}
            if open_plans
            else _("Nobody can make new sales. Existing subscriptions continue.")
        ),
    }
    return [_make_option(offer, option, meanings[option], reach.sellers) for option in Audience]


def _make_option(offer: Offer, option: Audience, meaning: str, sellers: int) -> AudienceOption:
    verdict = judge_audience_change(offer, option, sellers=sellers)
    return AudienceOption(
        value=option,
        label=str(option.label),
        meaning=meaning,
        verdict=verdict,
        is_in_force=offer.is_published and offer.audience == option,
        is_saved=offer.private.next_audience == option,
        request_url=build_audience_request_url(offer, option) if verdict.way == Way.REQUEST else "",
    )


def _describe_partners(number: int) -> str:
    text = ngettext("Currently %(number)s partner", "Currently %(number)s partners", number)
    return text % {"number": formats.format_number(number)}


def _describe_selected(reach: AudienceReach) -> str:
    text = ngettext("%(number)s organisation selected", "%(number)s organisations selected", reach.selected)
    selected = text % {"number": formats.format_number(reach.selected)}
    if not reach.covered:
        return selected
    text = ngettext(
        "%(selected)s, bringing in %(number)s more partner",
        "%(selected)s, bringing in %(number)s more partners",
        reach.covered,
    )
    return text % {"selected": selected, "number": formats.format_number(reach.covered)}


def name_open_plans(offer: Offer) -> str:
    """Return the names of the plans that the whole programme may sell, whatever the audience; "" if there are none.

    They are those of the live version, or of the draft before it. The offer comes with its live version.
    """
    version = offer.live_version or get_newest_version(offer)
    reader = get_language() or "en"
    plans = list_open_plans(offer, version.content)
    return formats.join_names(pick_texts(plan["texts"], reader)[0].get("name") or plan["code"] for plan in plans)


def describe_covered(number: int) -> str:
    """Return how many partners a distributor in an audience brings along, as "and its 412 partners"; "" for none."""
    if not number:
        return ""
    text = ngettext("and its %(number)s partner", "and its %(number)s partners", number)
    return text % {"number": formats.format_number(number)}


@dataclass(frozen=True)
class ResellerRow:
    """A row of the picker: an organisation that can be added to an audience."""

    key: str
    name: str
    note: str
    tenant_id: str
    country: str
    market: str


@dataclass(frozen=True)
class AudienceRow(ResellerRow):
    """A row of an audience: the organisation, since when it may sell, and what is saved about it."""

    since: str
    source: str
    by: str  # who brought it in, or ""
    is_added: bool
    is_marked: bool
    lock: str  # why it cannot be removed, or ""

    @property
    def is_selectable(self) -> bool:
        """Whether it can be taken out, or kept where it is marked for removal."""
        return self.is_marked or not self.lock


def make_audience_rows(
    rows: Iterable[ResellerListing],
    *,
    covered: Mapping[int, int],
    sales: Mapping[int, int],
    authorizers: Mapping[int, str],
) -> list[AudienceRow]:
    """Return the rows of `list_audience`.

    `covered` says how many partners stand under each distributor, `sales` how many subscriptions lock each row, and
    `authorizers` who brought each in.
    """
    rows = list(rows)
    markets = _market_names(rows)
    return [
        AudienceRow(
            **vars(_make_row(row, markets, covered)),
            since=formats.format_date(row.since) if row.since else "",  # type: ignore[attr-defined]
            source=str(Authorization.Source(row.source).label) if row.source else "",  # type: ignore[attr-defined]
            by=authorizers.get(row.organization_id, ""),
            is_added=row.is_removal is False,  # type: ignore[attr-defined]
            is_marked=row.is_removal is True,  # type: ignore[attr-defined]
            lock=describe_lock(sales.get(row.organization_id, 0)),
        )
        for row in rows
    ]


def make_reseller_rows(rows: Iterable[ResellerListing], *, covered: Mapping[int, int]) -> list[ResellerRow]:
    """Return the rows of the picker. `covered` says how many partners stand under each distributor."""
    rows = list(rows)
    markets = _market_names(rows)
    return [_make_row(row, markets, covered) for row in rows]


def _make_row(row: ResellerListing, markets: Mapping[str, str], covered: Mapping[int, int]) -> ResellerRow:
    is_distributor = row.kind == OrganizationKind.DISTRIBUTOR
    return ResellerRow(
        key=str(row.public_id),
        name=row.name,
        note=describe_covered(covered.get(row.organization_id, 0)) if is_distributor else "",
        tenant_id=str(row.tenant_id),
        country=get_country_name(row.country),
        market=markets.get(row.country, ""),
    )


def _market_names(rows: Iterable[ResellerListing]) -> dict[str, str]:
    """Return the names of the markets in which the organisations may sell, by country (CA-16)."""
    countries = {row.country for row in rows}
    found = MarketCountry.objects.filter(country__in=countries).select_related("market")
    return {row.country: row.market.local_name for row in found}


def describe_lock(sales: int) -> str:
    """Return why an organisation with so many sales cannot leave an audience, or "" without any."""
    if not sales:
        return ""
    text = ngettext(
        "Can’t be removed because it has sold %(number)s subscription.",
        "Can’t be removed because it has sold %(number)s subscriptions.",
        sales,
    )
    return text % {"number": formats.format_number(sales)}


def describe_marked(number: int) -> str:
    """Return the sentence that so many partners are marked for removal from an audience."""
    text = ngettext(
        "%(number)s partner has been marked for removal. You need to submit a request to remove it.",
        "%(number)s partners have been marked for removal. You need to submit a request to remove them.",
        number,
    )
    return text % {"number": formats.format_number(number)}


def describe_kept(number: int) -> str:
    """Return the sentence that so many partners are no longer marked for removal."""
    text = ngettext(
        "%(number)s partner is no longer marked for removal.",
        "%(number)s partners are no longer marked for removal.",
        number,
    )
    return text % {"number": formats.format_number(number)}


def describe_locked(number: int) -> str:
    """Return the sentence that so many partners stay in an audience, because they have sold the offer."""
    text = ngettext(
        "%(number)s partner stays, because it has sold the offer.",
        "%(number)s partners stay, because they have sold the offer.",
        number,
    )
    return text % {"number": formats.format_number(number)}


PASTED_REASONS = {
    "unknown": gettext_lazy("No member of the CSP programme has this name or tenant ID."),
    "ambiguous": gettext_lazy("Several partners have this name. Use the tenant ID."),
    "inactive": gettext_lazy("This organisation’s membership of the CSP programme is not active."),
    "suspended": gettext_lazy("This organisation is suspended."),
    "already_there": gettext_lazy("This organisation is already in the audience."),
}


def describe_pasted_entries(entries: Iterable[PastedEntry]) -> list[tuple[str, Message]]:
    """Return the entries of a pasted list that cannot be added, each with the reason."""
    return [(entry.text, PASTED_REASONS[entry.code]) for entry in entries if entry.code]

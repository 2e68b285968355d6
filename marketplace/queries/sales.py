"""Queries for sales: the rows that an import refers to, locked, and the sellers that no audience covers."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from accounts.models import Organization
from marketplace.models import (
    Authorization,
    MarketCountry,
    Offer,
    OfferVersion,
    Plan,
    Price,
    ResellerListing,
    Subscription,
)
from partnerportal.lib.json_lines.facts import ValidLine

PriceKey = tuple[int, int, str, str, str]  # plan, market, currency, term and billing frequency


@dataclass(frozen=True)
class SaleReferences:
    """The rows that lines about subscriptions refer to.

    Offers, sellers and the subscriptions themselves are locked, in the order of their keys: a decision about an
    audience and the move of a partner wait until the sale is stored, and then see it.
    """

    offers: dict[tuple[str, str], Offer]  # by the publisher's ORGID and the offer's code
    organizations: dict[str, Organization]  # by ORGID
    plans: dict[tuple[int, str], Plan]  # by offer and code
    versions: dict[int, OfferVersion]  # those that are live, that lines name, or that subscriptions have
    places: dict[str, MarketCountry]  # by country
    prices: dict[PriceKey, list[Price]]  # the newest first
    subscriptions: dict[str, Subscription]  # by their external id, with their terms

    @classmethod
    def read_and_lock(cls, lines: list[ValidLine]) -> "SaleReferences":
        """Return the rows to which these lines refer, locked until the transaction ends."""
        wanted = {(line.values["publisher"], line.values["offer"]) for line in lines}
        offers = Offer.objects.filter(
            publisher__org_id__in={publisher for publisher, _code in wanted}, code__in={code for _org, code in wanted}
        )
        locked = offers.select_related("publisher").order_by("pk").select_for_update(no_key=True, of=("self",))
        found = {(row.publisher.org_id, row.code): row for row in locked}
        kept = {key: row for key, row in found.items() if key in wanted}
        plans = Plan.objects.filter(offer__in=kept.values(), code__in={line.values["plan"] for line in lines})
        plan_rows = {(row.offer_id, row.code): row for row in plans}
        subscriptions = _lock_subscriptions(lines)
        return cls(
            offers=kept,
            organizations=_lock_organizations(lines),
            plans=plan_rows,
            versions=_read_versions(lines, kept.values(), subscriptions.values()),
            places={row.country: row for row in MarketCountry.objects.all()},
            prices=_read_prices(plan_rows.values()),
            subscriptions=subscriptions,
        )

    def get_version(self, offer: Offer, number: int | None, stored: Subscription | None) -> OfferVersion | None:
        """Return the version of an offer with this number; without one, that of the subscription or the live one."""
        if number is not None:
            same = (row for row in self.versions.values() if (row.offer_id, row.number) == (offer.pk, number))
            return next(same, None)
        key = stored.version_id if stored and stored.offer_id == offer.pk else offer.live_version_id
        return self.versions.get(key) if key else None

    def find_price(self, key: PriceKey, day: dt.date) -> Price | None:
        """Return the price that holds on a day, or None if the plan is not offered then."""
        for price in self.prices.get(key, ()):
            if price.valid_from <= day:
                return price if price.amount is not None else None
        return None


def _lock_organizations(lines: list[ValidLine]) -> dict[str, Organization]:
    sellers = {line.values[name] for line in lines for name in ("buyer", "reseller") if line.values[name]}
    others = Organization.objects.filter(org_id__in={line.values["customer"] for line in lines} - sellers)
    locked = Organization.objects.filter(org_id__in=sellers).order_by("pk").select_for_update(no_key=True)
    return {row.org_id: row for row in (*others, *locked)}


def _read_versions(
    lines: list[ValidLine], offers: Iterable[Offer], subscriptions: Iterable[Subscription]
) -> dict[int, OfferVersion]:
    keys = {row.live_version_id for row in offers} | {row.version_id for row in subscriptions}
    named = Q(offer__in=list(offers), number__in={line.values["version"] for line in lines} - {None})
    return {row.pk: row for row in OfferVersion.objects.filter(Q(pk__in=keys - {None}) | named)}


def _read_prices(plans: Iterable[Plan]) -> dict[PriceKey, list[Price]]:
    prices: dict[PriceKey, list[Price]] = {}
    for row in Price.objects.filter(plan__in=list(plans), withdrawn_at=None).order_by("-valid_from"):
        key = (row.plan_id, row.market_id, row.currency, row.term, row.billing)
        prices.setdefault(key, []).append(row)
    return prices


def _lock_subscriptions(lines: list[ValidLine]) -> dict[str, Subscription]:
    rows = Subscription.objects.filter(external_id__in=[line.key for line in lines]).order_by("pk")
    related = rows.select_related("plan", "version", "reseller").defer("version__content")
    locked = related.prefetch_related("terms__price").select_for_update(no_key=True, of=("self",))
    return {row.external_id: row for row in locked}


def list_uncovered_sellers(sold: Iterable[tuple[Offer, Organization]]) -> list[tuple[Offer, Organization]]:
    """Return which of these sellers may not resell their offer, neither by a row of their own nor by a distributor's.

    A distributor's row covers members of the programme, present and past: of the sales of anybody else its publisher
    would not see that they lock the row, because only members are listed with their distributor. Authorisations must
    not change meanwhile: the offers are locked.
    """
    pairs = list(sold)
    holders = {row.pk for _offer, row in pairs} | {row.parent_id for _offer, row in pairs if row.parent_id}
    rows = Authorization.objects.active().filter(organization__in=holders, offer__in={o.pk for o, _seller in pairs})
    held: set[Any] = set(rows.values_list("offer", "organization"))
    listing = ResellerListing.objects.filter(organization__in={seller.pk for _offer, seller in pairs})
    listed = set(listing.values_list("organization", flat=True))
    return [
        (offer, seller)
        for offer, seller in pairs
        if (offer.pk, seller.pk) not in held and (seller.pk not in listed or (offer.pk, seller.parent_id) not in held)
    ]

"""Queries for audiences: who may resell an offer, who could, and what has been sold already."""

import re
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum

from accounts.models import OrganizationKind
from marketplace.models import Audience, AudienceChange, Authorization, Offer, ResellerListing, Subscription
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.keyset import IsInArray
from partnerportal.lib.text import make_search_key

PASTED = 1_000  # names or ids that are looked up at once


@dataclass(frozen=True)
class AudienceReach:
    """How many organisations each option would let sell today, and how many have sold the offer already."""

    any: int  # all partners and distributors of the programme
    selected: int  # organisations in the table, saved additions among them
    covered: int  # partners that may sell through a distributor in the table
    sellers: int  # partners that have resold


def count_audience_reach(actor: Actor, offer: Offer) -> AudienceReach:
    """Return what each option of the offer's audience would mean today, in numbers."""
    listing = list_resellers(actor)
    return AudienceReach(
        any=listing.count(),
        selected=offer.authorizations.active().count() + offer.audience_changes.filter(is_removal=False).count(),
        covered=listing.filter(parent__in=_list_selected_distributors(actor, offer)).count(),
        sellers=len(count_sales_by_seller(actor, offer)),
    )


def make_selected_condition(offer: Offer) -> Q:
    """Return the condition for rows whose organisation is in the table of an offer's audience, or a saved addition."""
    held, added = _list_selected_keys(offer)
    return Q(organization__in=held) | Q(organization__in=added)


def make_selected_branches(offer: Offer) -> tuple[Q, Q]:
    """Return the same condition in two, for a page of rows: those in force, and the saved additions."""
    held, added = _list_selected_keys(offer)
    # As an array: few are added at a time, and PostgreSQL, which does not know whom, would walk through all names.
    return Q(organization__in=held), Q(IsInArray(F("organization"), ArraySubquery(added)))


def _list_selected_keys(offer: Offer) -> tuple[QuerySet[Any], QuerySet[Any]]:
    held = offer.authorizations.active().values("organization")
    return held, offer.audience_changes.filter(is_removal=False).values("organization")


def _list_selected_distributors(actor: Actor, offer: Offer) -> QuerySet[Any]:
    listing = ResellerListing.objects.visible_to(actor).filter(kind=OrganizationKind.DISTRIBUTOR)
    return listing.filter(make_selected_condition(offer)).values("organization")


def count_sales_by_seller(actor: Actor, offer: Offer) -> dict[int, int]:
    """Return how many subscriptions of an offer each organisation has resold, by primary key.

    A subscription counts for its buyer and for its reseller on record, and once where they are the same.
    """
    sold = Subscription.objects.visible_to(actor).filter(offer=offer).resold()
    counts: dict[int, int] = {}
    for row in sold.values("buyer_id", "reseller_id").annotate(number=Count("pk")):
        for seller in {row["buyer_id"], row["reseller_id"]} - {None}:
            counts[seller] = counts.get(seller, 0) + row["number"]
    return counts


def count_sales_through(actor: Actor, offer: Offer, organization_ids: Iterable[int]) -> dict[int, int]:
    """Return how many subscriptions lock each organisation in the audience: those that it or partners under it sold.

    A partner with an authorisation of its own counts for itself alone, not for its distributor.
    """
    keys = set(organization_ids)
    sales = count_sales_by_seller(actor, offer)
    counts = {key: sales[key] for key in keys & sales.keys()}
    own = set(
        offer.authorizations.active().filter(organization__in=sales.keys()).values_list("organization_id", flat=True)
    )
    parents = ResellerListing.objects.visible_to(actor).filter(organization__in=sales.keys() - own, parent__in=keys)
    for seller, parent in parents.values_list("organization_id", "parent_id"):
        counts[parent] = counts.get(parent, 0) + sales[seller]
    return counts


def list_resellers(actor: Actor) -> QuerySet[ResellerListing]:
    """Return the organisations that a publisher can choose from: active members of the CSP programme (CA-11)."""
    return ResellerListing.objects.visible_to(actor).active()


def parse_tenant_id(text: str) -> uuid.UUID | None:
    """Return the tenant ID that a text is, or None."""
    try:
        return uuid.UUID(text.strip())
    except ValueError:
        return None


@dataclass(frozen=True)
class PastedEntry:
    """A name or tenant ID that was pasted, or the name of who was picked.

    It has the organisation that it stands for, or the code of why none can be added.
    """

    text: str
    organization_id: int | None = None
    code: str = ""  # "unknown", "ambiguous", "inactive", "suspended" or "already_there"


def match_pasted_entries(actor: Actor, offer: Offer, entries: Sequence[str]) -> list[PastedEntry]:
    """Return what each entry of a pasted list of names or tenant IDs stands for, in its order."""
    listing = ResellerListing.objects.visible_to(actor)
    ids = {entry: parsed for entry in entries if (parsed := parse_tenant_id(entry))}
    names = {entry: make_search_key(entry) for entry in entries if entry not in ids}
    by_name: dict[str, list[ResellerListing]] = {}
    for row in listing.filter(name_folded__in=names.values()):
        by_name.setdefault(row.name_folded, []).append(row)
    wanted = {*ids.values(), *(row.tenant_id for rows in by_name.values() for row in rows)}
    matched = match_tenant_ids(actor, offer, wanted)
    result = []
    for entry in entries:
        rows = by_name.get(names.get(entry, ""), [])
        if entry in ids or len(rows) == 1:
            found = matched[ids[entry] if entry in ids else rows[0].tenant_id]
            result.append(PastedEntry(entry, found.organization_id, found.code))
        else:
            result.append(PastedEntry(entry, code="ambiguous" if rows else "unknown"))
    return result


def match_chosen(actor: Actor, offer: Offer, public_ids: Iterable[str]) -> list[PastedEntry]:
    """Return what each reseller of a picker stands for, by name: it may have changed since the page was opened.

    `public_ids` that are none of a reseller are left out.
    """
    valid = [value for text in public_ids if (value := parse_tenant_id(text))]
    rows = list(ResellerListing.objects.visible_to(actor).filter(public_id__in=valid).order_by("name_folded"))
    matched = match_tenant_ids(actor, offer, [row.tenant_id for row in rows])
    return [PastedEntry(row.name, row.organization_id, matched[row.tenant_id].code) for row in rows]


def split_pasted(text: str) -> list[str]:
    """Return the names and tenant IDs of a pasted list, in its order and each once.

    Lines end with a line break or a semicolon; tenant IDs may be separated by commas or blanks too.
    """
    parts: list[str] = []
    for line in re.split(r"[\r\n;]+", text):
        words = [word for word in re.split(r"[,\s]+", line) if word]
        parts += words if words and all(parse_tenant_id(word) for word in words) else [line.strip()]
    return list(dict.fromkeys(part for part in parts if part))


def count_partners_below(actor: Actor, organization_ids: Iterable[int]) -> dict[int, int]:
    """Return how many active partners of the programme stand under each of some distributors, by primary key."""
    below = list_resellers(actor).filter(parent__in=list(organization_ids))
    return dict(below.order_by().values_list("parent").annotate(number=Count("pk")))


def list_audience(actor: Actor, offer: Offer) -> QuerySet[ResellerListing]:
    """Return the organisations in an offer's audience and the saved additions, as `annotate_audience` returns them."""
    return annotate_audience(actor, offer).filter(make_selected_condition(offer))


def annotate_audience(actor: Actor, offer: Offer) -> QuerySet[ResellerListing]:
    """Return the organisations that can be in an offer's audience, with what it holds of them.

    Each has `since` and `source` of its authorisation, or None, and `is_removal` of its saved change, or None.
    """
    held = Authorization.objects.visible_to(actor).filter(offer=offer, organization=OuterRef("organization")).active()
    saved = AudienceChange.objects.visible_to(actor).filter(offer=offer, organization=OuterRef("organization"))
    return ResellerListing.objects.visible_to(actor).annotate(
        since=Subquery(held.values("since")),
        source=Subquery(held.values("source")),
        is_removal=Subquery(saved.values("is_removal")),
    )


def get_organization_ids(actor: Actor, public_ids: Iterable[str]) -> set[int]:
    """Return the primary keys of resellers with some of these public ids. Others are left out."""
    valid = [value for text in public_ids if (value := parse_tenant_id(text))]
    rows = ResellerListing.objects.visible_to(actor).filter(public_id__in=valid)
    return set(rows.values_list("organization_id", flat=True))


@dataclass(frozen=True)
class SavedAudience:
    """What is saved of an offer's audience and not in force: a number of additions and removals, and another option."""

    added: int
    removed: int
    changes_option: bool

    @property
    def can_sync(self) -> bool:
        """Whether a sync would change anything."""
        return self.added > 0 or self.changes_option


def summarize_saved_audience(offer: Offer) -> SavedAudience:
    """Return what is saved of an offer's audience and not in force. Additions count for specific partners alone."""
    numbers = offer.audience_changes.aggregate(
        added=Count("pk", filter=Q(is_removal=False)), removed=Count("pk", filter=Q(is_removal=True))
    )
    if offer.private.next_audience != Audience.SPECIFIC:
        numbers["added"] = 0
    return SavedAudience(**numbers, changes_option=offer.audience != offer.private.next_audience)


def list_saved_additions(actor: Actor, offer: Offer) -> QuerySet[ResellerListing]:
    """Return the organisations that are saved as additions to an offer's audience, in the order of their names."""
    added = offer.audience_changes.filter(is_removal=False).values("organization")
    return ResellerListing.objects.visible_to(actor).filter(organization__in=added).order_by("name_folded", "pk")


@dataclass(frozen=True)
class MatchedReseller:
    """The organisation with a tenant ID, and the code of why it cannot be added, as in PastedEntry, or ""."""

    organization_id: int | None
    code: str


def match_tenant_ids(actor: Actor, offer: Offer, tenant_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, MatchedReseller]:
    """Return for each tenant ID the organisation that it stands for, and whether it can be added to an audience."""
    listing = ResellerListing.objects.visible_to(actor).filter(tenant_id__in=tenant_ids)
    rows = list(listing)
    keys = [row.organization_id for row in rows]
    held = {
        row["organization"] for selected in _list_selected_keys(offer) for row in selected.filter(organization__in=keys)
    }
    running = set(listing.active().values_list("organization", flat=True))
    found = {row.tenant_id: MatchedReseller(row.organization_id, _judge_reseller(row, held, running)) for row in rows}
    return {tenant_id: found.get(tenant_id, MatchedReseller(None, "unknown")) for tenant_id in tenant_ids}


def _judge_reseller(row: ResellerListing, held: set[int], running: set[int]) -> str:
    """Return the code of why a reseller cannot be added, or "". The sets hold primary keys of organisations."""
    if row.organization_id in held:
        return "already_there"
    if row.is_suspended:
        return "suspended"
    return "" if row.organization_id in running else "inactive"


def list_selected_tenant_ids(actor: Actor, offer: Offer) -> dict[uuid.UUID, int]:
    """Return who is in the table of an offer's audience, saved additions too: primary keys by tenant ID."""
    rows = ResellerListing.objects.visible_to(actor).filter(make_selected_condition(offer))
    return dict(rows.values_list("tenant_id", "organization_id"))


@dataclass(frozen=True)
class SalesSummary:
    """What was resold of an offer: by which organisations, how many licences, and in which customers' countries."""

    sellers: frozenset[int]  # their primary keys
    quantity: int
    countries: tuple[str, ...]

    @property
    def country_names(self) -> list[str]:
        """The names of the countries in the reader's language."""
        return [get_country_name(code) for code in self.countries]


def summarize_sales(actor: Actor, offer: Offer) -> SalesSummary:
    """Return what was resold of an offer, as far as the actor sees it; licences are those of what runs."""
    sold = Subscription.objects.visible_to(actor).filter(offer=offer).resold()
    running = sold.exclude(state=Subscription.State.UNSUBSCRIBED)
    return SalesSummary(
        sellers=frozenset(count_sales_by_seller(actor, offer)),
        quantity=running.aggregate(total=Sum("quantity"))["total"] or 0,
        countries=tuple(sorted(set(sold.values_list("customer__country", flat=True)))),
    )

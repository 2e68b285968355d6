"""The rows of the pages of a publisher's offers, in the reader's words."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy

from marketplace.comparison import describe_plan_terms
from marketplace.content import pick_texts
from marketplace.models import Audience, Offer
from marketplace.queries.offers import list_own_offers
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message

# The states of an offer, with the tone of each.
OFFER_STATE_LABELS: dict[str, tuple[Message, str]] = {
    "draft": (pgettext_lazy("offer", "Draft"), "info"),
    "live": (pgettext_lazy("offer", "Live"), "ok"),
    "changed": (gettext_lazy("Live, with changes"), "ok"),
    "stopped": (gettext_lazy("Sale stopped"), "warn"),
}


@dataclass(frozen=True)
class OfferHeader:
    """What names an offer at the head of its pages, and in lists."""

    name: str
    code: str
    type: Message
    pricing_model: Message
    state: Message
    tone: str


def get_offer_name(offer: Offer) -> str:
    """Return the name of an offer of `list_own_offers` in the reader's language, or its code while it has none."""
    texts, _language = pick_texts(offer.texts or {}, get_language() or "en")  # type: ignore[attr-defined]
    return texts.get("name") or offer.code


def name_own_offers(actor: Actor, public_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the names of those of the acting publisher's offers that have these public ids, in one query."""
    rows = list_own_offers(actor).filter(public_id__in=public_ids)
    return {row.public_id: get_offer_name(row) for row in rows}


def make_offer_header(offer: Offer) -> OfferHeader:
    """Return the header of an offer of `list_own_offers`."""
    label, tone = OFFER_STATE_LABELS[offer.state]  # type: ignore[attr-defined]
    return OfferHeader(
        name=get_offer_name(offer),
        code=offer.code,
        type=offer.get_type_display(),
        pricing_model=offer.get_pricing_model_display(),
        state=label,
        tone=tone,
    )


@dataclass(frozen=True)
class OfferRow(OfferHeader):
    """A row of the publisher's list of offers."""

    url: str
    audience: Message
    number: int | None
    offer: Offer


def make_offer_rows(offers: Iterable[Offer]) -> list[OfferRow]:
    """Return the rows of offers of `list_own_offers`."""
    return [
        OfferRow(
            **vars(make_offer_header(offer)),
            url=reverse("offer", args=[offer.public_id]),
            audience=Audience(offer.private.next_audience).label,
            number=offer.number,  # type: ignore[attr-defined]
            offer=offer,
        )
        for offer in offers
    ]


@dataclass(frozen=True)
class PlanRow:
    """A plan on the overview of an offer: its name, code, and how long and how often it is billed."""

    name: str
    code: str
    details: str


def make_plan_rows(plans: Iterable[Mapping[str, Any]]) -> list[PlanRow]:
    """Return the rows of the plans of a version."""
    language = get_language() or "en"
    return [
        PlanRow(
            name=pick_texts(plan.get("texts", {}), language)[0].get("name") or plan["code"],
            code=plan["code"],
            details=describe_plan_terms(plan),
        )
        for plan in plans
    ]

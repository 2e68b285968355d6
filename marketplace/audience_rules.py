"""The rules by which an audience changes, as data: pages, the API and the decision on a request read the same (E-8)."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from marketplace.models import Audience, Offer
from partnerportal.lib.errors import Message

MOST_IN_URL = 100  # partners


class Way(StrEnum):
    """How a change of an audience is made."""

    FREE = "free"  # by saving it and publishing or syncing
    REQUEST = "request"  # by a request that vendor staff approve
    REFUSED = "refused"  # not at all while the facts are as they are
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class AudienceRule:
    """How one option is changed to another: its way, a stable code and a sentence. Sales may refuse it."""

    way: Way
    code: str
    message: Message
    is_refused_by_sales: bool = False


@dataclass(frozen=True)
class AudienceVerdict:
    """What the rules say of a change: the way, a code and a sentence. `sellers` is how many partners have sales."""

    way: Way
    code: str
    message: Message
    sellers: int = 0


UNCHANGED = AudienceRule(Way.UNCHANGED, "unchanged", _("This is the current audience."))
FREE = AudienceRule(Way.FREE, "free", _("Will take effect when you publish or sync."))
BY_REQUEST = _("The offer is live, so vendor staff decide on this change.")
KEEPS_SELLERS = _("Vendor staff decide on this change. Partners that have sold the offer stay in the audience.")
HAS_SALES = _("Some partners have sold the offer to customers, so it can’t be closed to all partners.")
ANY, SPECIFIC, NONE = Audience.ANY, Audience.SPECIFIC, Audience.NONE

# From the option in force of a live offer to another one. Offers that are not live change freely.
RULES: Mapping[tuple[str, str], AudienceRule] = {
    (ANY, SPECIFIC): AudienceRule(Way.REQUEST, "any_to_specific", KEEPS_SELLERS),  # CA-24, CA-26
    (ANY, NONE): AudienceRule(Way.REQUEST, "any_to_none", BY_REQUEST),  # CA-25
    (SPECIFIC, ANY): AudienceRule(Way.REQUEST, "specific_to_any", BY_REQUEST),  # CA-27
    (SPECIFIC, NONE): AudienceRule(Way.REQUEST, "specific_to_none", BY_REQUEST, is_refused_by_sales=True),  # CA-28
    (NONE, ANY): FREE,  # CA-29
    (NONE, SPECIFIC): FREE,
}
REMOVAL = AudienceRule(  # CA-20, CA-21
    Way.REQUEST,
    "deauthorize",
    _("The offer is live, so partners can leave its audience only by request."),
    is_refused_by_sales=True,
)
NOBODY_LEFT = _("No partner named in this request is still in the audience.")
REMOVAL_REFUSED = _("Partners that have sold the offer can’t be removed from its audience.")


def judge_audience_change(offer: Offer, audience: str, *, sellers: int) -> AudienceVerdict:
    """Return how the audience of an offer is changed to an option.

    `sellers` is the number of partners that have resold the offer.
    """
    if not offer.is_published:
        return AudienceVerdict(FREE.way, FREE.code, FREE.message)
    rule = RULES.get((offer.audience, audience), UNCHANGED)
    if rule.is_refused_by_sales and sellers:
        return AudienceVerdict(Way.REFUSED, "has_sales", HAS_SALES, sellers)
    return AudienceVerdict(rule.way, rule.code, rule.message, sellers)


def build_audience_request_url(offer: Offer, option: str = REMOVAL.code, partner_ids: Iterable[uuid.UUID] = ()) -> str:
    """Return the URL where a request about an offer's audience begins: for an option, or to deauthorize partners.

    `partner_ids` are the public ids of those that the form names; an address has room for MOST_IN_URL of them.
    """
    url = reverse("request_new", args=[f"audience.{option}", offer.public_id])
    query = urlencode([("partner", str(partner_id)) for partner_id in islice(partner_ids, MOST_IN_URL)])
    return f"{url}?{query}" if query else url


def judge_removal(offer: Offer, *, has_resold: bool) -> AudienceVerdict:
    """Return how an organisation leaves the audience of an offer. `has_resold` says whether sales came through it."""
    if not offer.is_published:
        return AudienceVerdict(FREE.way, FREE.code, FREE.message)
    if has_resold:
        return AudienceVerdict(Way.REFUSED, "partner_has_sales", REMOVAL_REFUSED, 1)
    return AudienceVerdict(REMOVAL.way, REMOVAL.code, REMOVAL.message)

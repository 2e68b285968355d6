"""What lists need of a published version: copied to the offer and its plans, so that no list reads contents."""

from typing import Any

from django.db.models import Q

from accounts.models.organization import FOLDED
from marketplace.content import list_combinations, pick_texts
from marketplace.models import Offer, OfferVersion, Plan
from partnerportal.lib.catalogue_entries import LANGUAGES
from partnerportal.lib.text import make_search_key

PLAN_COLUMNS = (
    "is_live", "is_byol", "is_open", "is_one_per_customer", "names", "position", "published_in", "published_at"
)  # fmt: skip
LISTED = ("listing", "search", "categories", *(f"sort_{language}" for language in LANGUAGES))


def list_offer(offer: Offer, version: OfferVersion) -> None:
    """Set the columns LISTED of an offer by a version that is about to be live. The caller saves them."""
    texts: dict[str, Any] = version.content["texts"]
    offer.categories = version.content["categories"]
    for language in LANGUAGES:
        shown, shown_in = pick_texts(texts, language)
        offer.listing[language] = {"name": shown["name"], "summary": shown["summary"], "language": shown_in}
        setattr(offer, f"sort_{language}", make_search_key(shown["name"])[:FOLDED])
    words = [text for each in texts.values() for text in (each["name"], each["summary"]) if text]
    offer.search = make_search_key("\n".join([*words, offer.code]))


def list_plans(offer: Offer, version: OfferVersion) -> None:
    """Save what lists and rules need of each plan of an offer, by a version that is about to be live.

    A plan that was never published loses the prices for what it is not sold for any more: nobody could withdraw them.
    """
    plans = {plan["code"]: (position, plan) for position, plan in enumerate(version.content["plans"])}
    for row in offer.plans.all():
        row.is_live = row.code in plans
        row.is_byol = row.is_one_per_customer = False
        if row.is_live:
            row.position, plan = plans[row.code]
            row.is_byol, row.is_one_per_customer = plan["is_byol"], plan.get("is_one_per_customer", False)
            row.is_open = not plan.get("is_for_audience_only", False)
            names = {language: pick_texts(plan["texts"], language)[0] for language in LANGUAGES}
            row.names = {language: shown.get("name", row.code) for language, shown in names.items()}
            if row.published_in is None:
                _delete_prices_of_other_terms(row, plan)
                row.published_in, row.published_at = version.number, version.changed_at
        row.save(update_fields=PLAN_COLUMNS)


def _delete_prices_of_other_terms(row: Plan, plan: dict[str, Any]) -> None:
    sold = Q(pk__in=[])
    for term, billing in list_combinations(plan):
        sold |= Q(term=term, billing=billing)
    row.prices.exclude(sold).delete()

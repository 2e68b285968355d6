"""The import of price lists by vendor staff: many prices in few statements."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from marketplace.actions.imported_offers import RefusedLine, act_for_publisher
from marketplace.content import list_combinations
from marketplace.events import OfferEvent
from marketplace.models import MarketCurrency, Offer, OfferVersion, Plan, Price
from marketplace.pricing import NO_SUCH_PAIR
from notifications.actions.recording import make_event, record_events
from partnerportal.lib.actors import Actor
from partnerportal.lib.json_lines.facts import Answers, LineOutcome, ValidLine
from partnerportal.lib.policies import authorize_system

ROWS = 5_000  # prices that one statement writes
Key = tuple[int, int, str, str, str, dt.date]  # plan, market, currency, term, billing frequency and first day


@dataclass(frozen=True)
class _Known:
    """What lines about prices refer to. The offers are locked, so that two imports do not mix."""

    offers: dict[tuple[str, str], Offer]  # by the publisher's ORGID and the offer's code
    plans: dict[tuple[int, str], Plan]  # by offer and code
    contents: dict[tuple[int, str], dict[str, Any]]  # of plans, as the live version has them, or the draft before it
    markets: dict[tuple[str, str], int]  # by the market's code and a currency of it
    prices: dict[Key, Any]  # the amounts that are stored

    @classmethod
    def read_and_lock(cls, lines: list[ValidLine]) -> "_Known":
        """Return what these lines refer to."""
        wanted = {(line.values["publisher"], line.values["offer"]) for line in lines}
        rows = Offer.objects.filter(publisher__org_id__in={p for p, _c in wanted}, code__in={c for _p, c in wanted})
        locked = rows.select_related("publisher").order_by("pk").select_for_update(no_key=True, of=("self",))
        offers = {(row.publisher.org_id, row.code): row for row in locked}
        codes = {line.values["plan"] for line in lines}
        plans = list(Plan.objects.filter(offer__in=offers.values(), code__in=codes))
        published = {(row.offer_id, row.code) for row in plans if row.published_in is not None}
        versions = OfferVersion.objects.filter(offer__in=offers.values()).order_by("revision").iterator()
        contents = {
            (version.offer_id, plan["code"]): plan
            for version in versions
            for plan in version.content.get("plans", [])
            if version.number is not None or (version.offer_id, plan["code"]) not in published
        }
        pairs = MarketCurrency.objects.values_list("market__code", "currency", "market")
        columns = ("plan", "market", "currency", "term", "billing", "valid_from", "amount")
        prices = Price.objects.filter(plan__in=plans, withdrawn_at=None).values_list(*columns)
        return cls(
            offers=offers,
            plans={(row.offer_id, row.code): row for row in plans},
            contents=contents,
            markets={(code, currency): market for code, currency, market in pairs},
            prices={tuple(row[:6]): row[6] for row in prices},
        )

    def find_plan(self, values: dict[str, Any]) -> Plan:
        """Return the plan of a line. Raises RefusedLine where there is none, or it is not sold for such a term."""
        offer = self.offers.get((values["publisher"], values["offer"]))
        if offer is None:
            raise RefusedLine("unknown_offer", "This publisher has no offer with this code.", "offer")
        plan = self.plans.get((offer.pk, values["plan"]))
        content = self.contents.get((offer.pk, values["plan"]))
        if plan is None or content is None:
            raise RefusedLine("unknown_plan", "The offer has no plan with this code.", "plan")
        if values["term"] not in content["terms"]:
            raise RefusedLine("term_not_of_plan", f"The plan has {', '.join(content['terms']) or 'no term'}.", "term")
        if (values["term"], values["billing"]) not in list_combinations(content):
            raise RefusedLine("billing_not_of_plan", f"The plan is billed {', '.join(content['billing'])}.", "billing")
        return plan

    def list_new_prices(self, plan: Plan, values: dict[str, Any]) -> list[Price]:
        """Return the prices of a line that are not stored yet. Raises RefusedLine for a pair that is none."""
        new = []
        day, term, billing = values["valid_from"], values["term"], values["billing"]
        for market, amounts in values["amounts"].items():
            for currency, amount in amounts.items():
                field = f"amounts.{market}.{currency}"
                market_id = self.markets.get((market, currency))
                if market_id is None:
                    raise RefusedLine("currency_of_no_market", str(NO_SUCH_PAIR), field)
                key = (plan.pk, market_id, currency, term, billing, day)
                if key not in self.prices:
                    new.append(Price(**dict(zip(COLUMNS, key, strict=True)), amount=amount))
                elif self.prices[key] != amount:
                    raise RefusedLine("fixed", "Another amount holds from this day on; prices are only added.", field)
        return new


COLUMNS = ("plan_id", "market_id", "currency", "term", "billing", "valid_from")


@transaction.atomic
def import_prices(*, actor: Actor, lines: list[ValidLine]) -> Answers:
    """Store prices from lines of PricesLineSerializer, none of which may be about the same plan, term and day twice.

    Returns a dict from the line number to the outcome of the line, or to the problem that refused it: all prices of a
    line are stored, or none. Prices are only added, and a price that is stored already is left as it is. The number of
    statements does not depend on the number of lines. Raises ActionRefused unless the actor is the system.
    """
    authorize_system(actor)
    known = _Known.read_and_lock(lines)
    answers: Answers = {}
    prices: list[Price] = []
    added: Counter[tuple[str, str]] = Counter()
    for line in lines:
        try:
            new = known.list_new_prices(known.find_plan(line.values), line.values)
        except RefusedLine as refused:
            answers[line.line] = refused.problem
            continue
        prices += new
        added[line.values["publisher"], line.values["offer"]] += len(new)
        answers[line.line] = LineOutcome.ADDED if new else LineOutcome.UNCHANGED
    Price.objects.bulk_create(prices, batch_size=ROWS)
    record_events(
        [
            make_event(
                OfferEvent.PRICED,
                actor=act_for_publisher(actor, known.offers[key].publisher),
                subject=known.offers[key],
                data={"prices": number},
            )
            for key, number in added.items()
            if number
        ]
    )
    return answers

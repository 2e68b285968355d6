"""Prices as readers compare them: for one billing period, for a month, and for the whole term."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext as _

from marketplace.models import BillingFrequency, Price, PricingModel, Term
from partnerportal.lib.formats import format_money
from partnerportal.lib.money import get_currency_decimals

MONTHS: dict[str, int] = {Term.MONTH: 1, Term.YEAR: 12, Term.TWO_YEARS: 24, Term.THREE_YEARS: 36}


def count_billing_months(price: Price) -> int:
    """Return how many months the amount of a price pays for."""
    if price.billing == BillingFrequency.ONCE:
        return MONTHS[price.term]
    return 1 if price.billing == BillingFrequency.MONTHLY else 12


def calculate_monthly_amount(price: Price) -> Decimal:
    """Return a price's amount for one month, rounded to the currency's decimals.

    An amount above 0 never becomes 0, which only a free plan costs.
    """
    smallest = Decimal(1).scaleb(-get_currency_decimals(price.currency))
    amount = price.amount or Decimal(0)
    rounded = (amount / count_billing_months(price)).quantize(smallest, ROUND_HALF_UP)
    return max(rounded, smallest) if amount else rounded


def calculate_term_amount(price: Price) -> Decimal:
    """Return what a price comes to over its whole term."""
    periods = max(1, MONTHS[price.term] // count_billing_months(price))
    return (price.amount or Decimal(0)) * periods


def find_lowest_price(prices: Iterable[Price]) -> Price | None:
    """Return the price of `list_prices_of_sale` with the lowest amount for one month, or None without any.

    One of a term whose sale is stopped counts where there is no other.
    """

    def rank(price: Price) -> tuple[bool, Decimal]:
        return price.is_stopped, (price.amount or Decimal(0)) / count_billing_months(price)  # type: ignore[attr-defined]

    return min(prices, key=rank, default=None)


def describe_month_unit(pricing_model: str) -> str:
    """Return what a monthly amount is for, as the head of a column says it."""
    return _("per licence per month") if pricing_model == PricingModel.PER_SEAT else _("per month")


@dataclass(frozen=True)
class PriceRow:
    """A price of a plan: its term and billing frequency, and its amounts, formatted with their currency."""

    term: str
    billing: str
    amount: str
    monthly: str
    whole_term: str
    is_stopped: bool  # whether the sale of the term is stopped


def make_price_rows(prices: Iterable[Price]) -> list[PriceRow]:
    """Return the rows of prices of `list_prices_of_sale`, the shortest term first."""
    ordered = sorted(prices, key=lambda price: (MONTHS[price.term], count_billing_months(price)))
    return [
        PriceRow(
            term=str(price.get_term_display()),
            billing=str(price.get_billing_display()),
            amount=format_money(price.amount or Decimal(0), price.currency),
            monthly=format_money(calculate_monthly_amount(price), price.currency),
            whole_term=format_money(calculate_term_amount(price), price.currency),
            is_stopped=price.is_stopped,  # type: ignore[attr-defined]
        )
        for price in ordered
    ]

"""Amounts of money: a Decimal and the ISO 4217 code of its currency, which never mix, and how strictly they are read.

Which currencies there are, and how many decimals each has, Babel says, which also writes amounts
(`formats.format_money`): so nothing is stored that could not be shown.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import get_currency_precision, is_currency
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.errors import InvalidInput

MOST_DIGITS = 12  # before the point
_AMOUNT = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]+))?")
_CODE = re.compile("[A-Z]{3}")
NO_DECIMALS = _("An amount in %(currency)s can’t have decimal places.")
MOST_DECIMALS = _("An amount in %(currency)s can have at most %(decimals)s decimal places.")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency. Amounts of two currencies are never equal, and are neither added nor compared.

    Raises TypeError for an amount that is no Decimal, as a float is not exact to the cent, and ValueError for one that
    is no number.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError("money takes a Decimal")
        if not self.amount.is_finite():
            raise ValueError("money takes a number")

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._comparable(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._comparable(other), self.currency)

    def __mul__(self, count: int) -> "Money":
        return Money(self.amount * count, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._comparable(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._comparable(other)

    def _comparable(self, other: "Money") -> Decimal:
        """Return the amount of `other`. Raises TypeError if its currency is another one."""
        if other.currency != self.currency:
            raise TypeError(f"{self.currency} and {other.currency} do not mix")
        return other.amount


def is_currency_code(code: str) -> bool:
    """Return whether this is the ISO 4217 code of a currency, in capital letters."""
    return bool(_CODE.fullmatch(code)) and is_currency(code)


def get_currency_decimals(code: str) -> int:
    """Return how many decimals amounts of a currency have, such as 2 for EUR and none for JPY.

    Raises InvalidInput("unknown_currency").
    """
    if not is_currency_code(code):
        raise InvalidInput("unknown_currency", _("This is not an ISO 4217 currency code."))
    return int(get_currency_precision(code))


def parse_amount(text: str, currency: str, *, field: str | None = None) -> Money:
    """Return the amount that a text of the API or of a file gives, with all decimals of the currency.

    The text has digits 0 to 9 alone and, where the currency has decimals, a point before them: no sign, no spaces, no
    separator of thousands, no zeros in front. Amounts typed into a form follow the same rule, because a comma means
    one thing in one language and another in the next.

    Raises InvalidInput: `bad_amount`, `amount_too_large` beyond twelve digits before the point, `too_many_decimals`
    and `unknown_currency`. `field` names the input at fault.
    """
    decimals = get_currency_decimals(currency)
    found = _AMOUNT.fullmatch(text)
    if not found:
        message = _("Enter the amount in digits, with a point before any decimals, such as %(example)s.")
        raise InvalidInput("bad_amount", message % {"example": f"{1234.5:.{decimals}f}"}, field=field)
    if len(found[1]) > MOST_DIGITS:
        message = _("Enter an amount with at most %(most)s digits before the decimal point.")
        raise InvalidInput("amount_too_large", message % {"most": MOST_DIGITS}, field=field)
    if len(found[2] or "") > decimals:
        message = MOST_DECIMALS if decimals else NO_DECIMALS
        raise InvalidInput("too_many_decimals", message % {"currency": currency, "decimals": decimals}, field=field)
    return Money(Decimal(text).quantize(Decimal(1).scaleb(-decimals)), currency)

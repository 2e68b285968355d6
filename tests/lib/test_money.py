"""Amounts of money as the API and files give them: read strictly, never mixed, shown in the reader's language."""

from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from partnerportal.lib import formats
from partnerportal.lib.errors import InvalidInput
from partnerportal.lib.money import Money, get_currency_decimals, is_currency_code, parse_amount

NARROW = "\u202f"
SPACE = "\u00a0"


@pytest.mark.parametrize(
    ("code", "decimals"), [("EUR", 2), ("USD", 2), ("GBP", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("XCG", 2)]
)
def test_the_decimals_of_a_currency(code: str, decimals: int) -> None:
    assert get_currency_decimals(code) == decimals


@pytest.mark.parametrize("code", ["", "eur", "EURO", "EU", "ZZZ", "EUR\n", "ＥＵＲ", "€", "../", "EUR\0"])
def test_what_is_no_currency(code: str) -> None:
    assert not is_currency_code(code)
    with pytest.raises(InvalidInput, match="unknown_currency"):
        get_currency_decimals(code)
    with pytest.raises(InvalidInput, match="unknown_currency"):
        parse_amount("1", code)


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("0", "EUR", "0.00"),
        ("0.5", "EUR", "0.50"),
        ("1234.50", "EUR", "1234.50"),
        ("999999999999.99", "USD", "999999999999.99"),
        ("1234", "JPY", "1234"),
        ("0", "KRW", "0"),
        ("1.5", "KWD", "1.500"),
        ("1.005", "KWD", "1.005"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(text: str, currency: str, amount: str) -> None:
    read = parse_amount(text, currency)
    assert (str(read.amount), read.currency) == (amount, currency)


BAD = [
    *("", " ", "1,50", "1.234,50", "1,234.50", "1 234", f"1{NARROW}234", "1'234", "1_000", "1e5", "1E5", "10^30"),
    *("NaN", "nan", "sNaN", "Infinity", "-1", "+1", "-0", "−1", "(1)", "1.", ".5", ".", "1..5", "1.5.0", "01"),
    *("٢", "1٢", "１２", "１．５", "²", "½", "1.٥", " 1", "1 ", "1\n", "\n1", "1\0", "\0", "\ufeff1", "1\u202e"),
    *("€1", "1 EUR", "EUR1", "1%", "=1+1", "'1", "1/2", "free", "null", "None", "[]", "{}", "<b>1</b>", "0x10"),
]


@pytest.mark.parametrize("text", BAD, ids=ascii)
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_amount(text, "EUR", field="amount")
    assert (caught.value.code, caught.value.field) == ("bad_amount", "amount")


@pytest.mark.parametrize(
    ("text", "currency", "code", "words"),
    [
        ("1.005", "EUR", "too_many_decimals", "An amount in EUR can have at most 2 decimal places."),
        ("1.000", "EUR", "too_many_decimals", "An amount in EUR can have at most 2 decimal places."),
        ("1.0", "JPY", "too_many_decimals", "An amount in JPY can’t have decimal places."),
        ("1.5", "KRW", "too_many_decimals", "An amount in KRW can’t have decimal places."),
        ("1.0005", "KWD", "too_many_decimals", "An amount in KWD can have at most 3 decimal places."),
        ("0." + "0" * 100_000, "EUR", "too_many_decimals", "An amount in EUR can have at most 2 decimal places."),
        (
            "1000000000000",
            "EUR",
            "amount_too_large",
            "Enter an amount with at most 12 digits before the decimal point.",
        ),
        ("1" + "0" * 30, "JPY", "amount_too_large", "Enter an amount with at most 12 digits before the decimal point."),
        (
            "9" * 1_000_000,
            "EUR",
            "amount_too_large",
            "Enter an amount with at most 12 digits before the decimal point.",
        ),
        ("1,5", "EUR", "bad_amount", "such as 1234.50."),
        ("1,5", "JPY", "bad_amount", "such as 1234."),
        ("1,5", "KWD", "bad_amount", "such as 1234.500."),
    ],
    ids=range(12),
)
def test_a_refusal_says_what_is_wrong(text: str, currency: str, code: str, words: str) -> None:
    with translation.override("en"), pytest.raises(InvalidInput) as caught:
        parse_amount(text, currency, field="price")
    assert caught.value.code == code and str(caught.value.message).endswith(words) and caught.value.field == "price"


@given(
    st.sampled_from(["EUR", "JPY", "KWD"]).flatmap(
        lambda code: st.tuples(
            st.decimals(0, 10**12 - 1, allow_nan=False, places=get_currency_decimals(code)), st.just(code)
        )
    )
)
def test_what_was_written_is_read_again(value: tuple[Decimal, str]) -> None:
    amount, currency = value
    assert parse_amount(f"{amount:f}", currency) == Money(amount, currency)


@given(st.text(st.sampled_from("0123456789.,-+eE \0١"), max_size=20) | st.text())
def test_any_other_text_is_refused(text: str) -> None:
    try:
        money = parse_amount(text, "EUR")
    except InvalidInput:
        return
    assert f"{money.amount:f}".startswith(text) and 0 <= money.amount < 10**12


@pytest.mark.parametrize(
    ("language", "euro", "yen", "dinar"),
    [
        ("en", "€1,234.50", "JP¥1,234", "KWD\N{NO-BREAK SPACE}1,234.500"),
        ("fr", f"1{NARROW}234,50{SPACE}€", f"1{NARROW}234{SPACE}JPY", f"1{NARROW}234,500{SPACE}KWD"),
        ("ja", "€1,234.50", "￥1,234", "KWD\N{NO-BREAK SPACE}1,234.500"),
    ],
)
def test_amounts_are_shown_as_they_were_read(language: str, euro: str, yen: str, dinar: str) -> None:
    with translation.override(language):
        read = [parse_amount("1234.5", "EUR"), parse_amount("1234", "JPY"), parse_amount("1234.5", "KWD")]
        assert [formats.format_money(money.amount, money.currency) for money in read] == [euro, yen, dinar]


def test_currencies_never_mix() -> None:
    euro, dollar = Money(Decimal("1.10"), "EUR"), Money(Decimal("1.10"), "USD")
    assert euro != dollar and euro == Money(Decimal("1.1"), "EUR") and len({euro, dollar}) == 2
    assert euro + euro == euro * 2 and euro * 2 - euro == euro
    assert euro < euro * 2 and euro <= euro and euro * 2 > euro and not euro < euro
    for mix in (lambda: euro + dollar, lambda: euro - dollar, lambda: euro < dollar, lambda: euro >= dollar):
        with pytest.raises(TypeError, match="do not mix"):
            mix()


@pytest.mark.parametrize("amount", [1.5, 1, "1", None])
def test_money_is_exact(amount: object) -> None:
    with pytest.raises(TypeError):
        Money(amount, "EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_money_is_a_number(amount: str) -> None:
    with pytest.raises(ValueError, match="number"):
        Money(Decimal(amount), "EUR")

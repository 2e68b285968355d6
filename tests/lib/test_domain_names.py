"""Names of domains: one spelling of each, and what is none is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnerportal.lib.domain_names import (
    format_domain_name,
    is_public_suffix,
    list_names_above,
    normalize_email_address,
    parse_domain_name,
    parse_email_domain,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("example.com", "example.com"),
        (" Example.COM. ", "example.com"),
        ("ｅｘａｍｐｌｅ．ｃｏｍ", "example.com"),
        ("example。com", "example.com"),
        ("München.example", "xn--mnchen-3ya.example"),
        ("MÜNCHEN.example", "xn--mnchen-3ya.example"),
        ("XN--MNCHEN-3YA.example", "xn--mnchen-3ya.example"),
        ("straße.example", "xn--strae-oqa.example"),  # not "strasse": that is somebody else
        ("日本語.example", "xn--wgv71a119e.example"),
        ("a-b.c-d.example", "a-b.c-d.example"),
    ],
)
def test_one_spelling(text: str, name: str) -> None:
    assert parse_domain_name(text) == name


@pytest.mark.parametrize("lookalike", ["ехample.com", "examp1e.com", "exаmple.com", "еxаmрlе.com"])
def test_what_looks_alike_is_another_name(lookalike: str) -> None:
    assert parse_domain_name(lookalike) != "example.com"


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ".", "..", "localhost", "com", "192.0.2.1", "[192.0.2.1]", "2001:db8::1", "example..com",
        ".example.com", "example.com..", "-a.example", "a-.example", "a_b.example", "*.example.com", "https://example.com",
        "example.com/path", "example.com:53", "exa mple.com", "exa\x00mple.com", "exa\nmple.com", "xn--a.example",
        "xn--99999999999.example", "a\u202eb.example", "\u200b.example", f"{'a' * 64}.example", f"{'a.' * 200}example",
        "ü" * 300, "name@example.com", "example.123", "<script>.example", "'; DROP TABLE --.example",
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        parse_domain_name(text)


@given(st.text(max_size=300))
def test_any_text_is_a_name_or_refused(text: str) -> None:
    try:
        name = parse_domain_name(text)
    except ValueError:
        return
    assert name.isascii() and name == name.lower() and len(name) <= 253
    assert parse_domain_name(name) == name


@pytest.mark.parametrize(
    ("email", "domain"),
    [
        ("anna@example.com", "example.com"),
        (" Anna.B+portal@Example.COM ", "example.com"),
        ("anna@München.example", "xn--mnchen-3ya.example"),
    ],
)
def test_the_domain_of_an_address(email: str, domain: str) -> None:
    assert parse_email_domain(email) == domain


@pytest.mark.parametrize(
    "email",
    [
        "", "anna", "@example.com", "anna@", "anna@localhost", "anna@[192.0.2.1]", "anna@192.0.2.1", "a b@example.com",
        "anna@@example.com", "anna@evil.example@example.com", "anna@example.com\nBcc: b@example.com",
        "Anna <anna@example.com>", "anna@example.com,bob@example.com", f"{'a' * 400}@example.com",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(ValueError, match="no "):
        parse_email_domain(email)


def test_an_international_name_is_shown_with_its_punycode() -> None:
    assert format_domain_name("example.com") == "example.com"
    assert format_domain_name("xn--mnchen-3ya.example") == "münchen.example (xn--mnchen-3ya.example)"
    assert format_domain_name("xn--a.example") == "xn--a.example"


def test_the_names_above_a_domain() -> None:
    assert list_names_above("a.b.example.com") == ["a.b.example.com", "b.example.com", "example.com"]


@pytest.mark.parametrize("name", ["co.uk", "ne.jp", "github.io", "xn--55qx5d.cn", "foo.kawasaki.jp"])
def test_a_public_suffix_is_nobodys(name: str) -> None:
    assert is_public_suffix(name)


@pytest.mark.parametrize("name", ["example.co.uk", "city.kawasaki.jp", "xn--mnchen-3ya.example", "uk.example"])
def test_what_is_registered_is_somebodys(name: str) -> None:
    assert not is_public_suffix(name)


@pytest.mark.parametrize(
    ("text", "email"),
    [
        (" Anna@Example.COM ", "anna@example.com"),
        ("anna+portal@MÜNCHEN.example", "anna+portal@münchen.example"),
        ("anna@xn--mnchen-3ya.example", "anna@xn--mnchen-3ya.example"),
        ("\u212aate@example.com", "kate@example.com"),
    ],
)
def test_one_spelling_of_an_address(text: str, email: str) -> None:
    assert normalize_email_address(text) == email


@pytest.mark.parametrize(
    "text",
    [
        "anna@example.com\u200b", "anna@exa\u00admple.com", "anna@ｅxample.com", "anna@example。com",
        "anna@example.com.", "\u017fam@example.com", "\u0430nna@example.com", "anna@\u202eexample.com",
        f"anna@{'a.' * 120}example.com", "anna", "anna@localhost", "",
        '"anna@example.com@"@evil.example', '"anna"@example.com',
    ],
)  # fmt: skip
def test_what_only_looks_like_an_address_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="no "):
        normalize_email_address(text)

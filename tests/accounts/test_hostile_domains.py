"""Domains and work addresses that are none, or look like others, on the pages where they are typed.

Each gets an error in the reader's language beside its field, and nothing is stored.
"""

import re
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import OperatorInvitation, OrganizationDomain, Person
from notifications.models import Event, SecretMail
from tests.world import World

FRENCH = re.compile(r"«|\b(le|la|les|un|une|des|du|est|pas|sont|saisissez)\b", re.IGNORECASE)
JAPANESE = re.compile(r"[ぁ-んァ-ン]")
NO_DOMAINS = [
    "", " ", ".", "com", "localhost", "example", "-a.example", "a-.example", "a_b.example", "a..example",
    ".example.com", "*.example.com", "192.0.2.1", "[2001:db8::1]", "https://example.com", "example.com/path",
    "example.com:25", "ann@example.com", "exam ple.com", "example.com\x00.example",
    "example.com\r\nx", "\u200b.example", "<script>alert(1)</script>.example", "'; DROP TABLE x; --", "{{ 1 }}.example",
    "%s.example",
    "xn--a.example", "xn--99999999999.example", "example.123", f"{'a' * 64}.example", "a." * 200 + "example",
    ".".join(["a" * 60] * 4), "ü" * 500, "a" * 20_000,
]  # fmt: skip
NOBODYS = [
    "gmail.com", "GMAIL.COM.", "mail.gmail.com", "ｇｍａｉｌ.com", "gmail。com", "gm\u00adail.com", "sfr.fr",
    "docomo.ne.jp", "hey.com", "tuta.com", "co.uk", "co.jp", "ne.jp", "github.io", "公司.cn", "xn--55qx5d.cn",
]  # fmt: skip
LOOK_ALIKE = [
    "\u0440roved.example", "pr\u043eved.example", "prov\u0435d.example", "proved.\u0435xample", "pr0ved.example",
    "proved.example.evil.example", "sub.proved.example", "evil-proved.example", "provedexample.example",
    "xn--roved-ked.example", "prov\u00e9d.example", "\u1d29roved.example", "proved\u0307.example",
]  # fmt: skip
SPELLINGS = ["PROVED.example", "proved.EXAMPLE"]
NO_ADDRESSES = [
    "", "ann", "@proved.example", "ann@", "ann@proved", "a b@proved.example", "ann@proved.example\r\nBcc: x@y.example",
    "ann@evil.example@proved.example", "Ann <ann@proved.example>", "ann@proved.example,eve@evil.example",
    "ann@proved.example\u200b", "ann@ｐroved.example", "ann@proved。example", "\u0430nn@proved.example",
    "\u017fam@proved.example", f"{'a' * 300}@proved.example", "ann@[192.0.2.1]", "ann@xn--a.example",
    '"ann\\"@evil.example"@proved.example', "ann@proved.example\x00",
]  # fmt: skip


@pytest.fixture(params=["en", "fr", "ja"])
def language(request: Any, world: World) -> str:
    Person.objects.filter(pk=world.person("partner.admin").pk).update(language=request.param)
    return str(request.param)


def everything() -> list[int]:
    return [model._default_manager.count() for model in (OrganizationDomain, OperatorInvitation, Event, SecretMail)]


def ensure_refused(client: Any, url: str, data: dict[str, Any], field: str, language: str) -> str:
    """Send a form, look that it comes back with an error beside the field, and return the error."""
    before = everything()
    answer = client.post(url, data)
    assert answer.status_code == 200, data
    error = str(answer.context["form"].errors[field][0])
    assert bool(FRENCH.search(error)) == (language == "fr") and bool(JAPANESE.search(error)) == (language == "ja"), (
        error
    )
    assert len(error) < 700 and error.replace("\u202f", "").isprintable()
    assert everything() == before, data
    return error


@pytest.mark.promise("CV-19")
def test_what_nobody_can_prove_is_refused(language: str, web: Any) -> None:
    client = web("partner.admin")
    for name in (*NO_DOMAINS, *NOBODYS):
        ensure_refused(client, "/domains/new/", {"name": name}, "name", language)


@pytest.fixture
def proved(world: World) -> None:
    OrganizationDomain.objects.create(
        organization=world.partner, name="proved.example", state="proved", proved_at=timezone.now()
    )


def invite(email: str) -> dict[str, Any]:
    return {"email": email, "roles": ["reader"]}


@pytest.mark.promise("CV-19")
@pytest.mark.usefixtures("proved")
def test_who_is_at_a_domain_that_looks_alike_is_not_invited(language: str, web: Any) -> None:
    client = web("partner.admin")
    for domain in LOOK_ALIKE:
        ensure_refused(client, "/operators/add/", invite(f"ann@{domain}"), "email", language)


@pytest.mark.usefixtures("proved")
def test_who_is_at_a_consumer_mail_service_is_not_invited(language: str, web: Any) -> None:
    client = web("partner.admin")
    for name in NOBODYS:
        ensure_refused(client, "/operators/add/", invite(f"ann@{name}"), "email", language)


@pytest.mark.usefixtures("proved")
def test_what_is_no_address_is_not_invited(language: str, web: Any) -> None:
    client = web("partner.admin")
    for email in NO_ADDRESSES:
        ensure_refused(client, "/operators/add/", invite(email), "email", language)


@pytest.mark.usefixtures("proved")
@pytest.mark.parametrize("domain", SPELLINGS)
def test_the_same_domain_in_capitals_is_the_same(domain: str, web: Any, world: World) -> None:
    assert web("partner.admin").post("/operators/add/", invite(f"ann@{domain}")).status_code == 302
    assert OperatorInvitation.objects.filter(organization=world.partner, email="ann@proved.example").exists()

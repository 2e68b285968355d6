"""Links of activations and of operators' invitations in the wrong hands: scanned, tampered with, used twice, misused.

Whatever is tried, the answer is a page that says so, and nothing has changed.
"""

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Operator, OperatorInvitation, Organization
from connections.models import Connection
from entitlements.models import ActivationLink, Entitlement
from notifications.models import Event, SecretMail
from tests.conftest import PageClient
from tests.entitlements.test_activation_accept import ALL, NEW, sign_in_as
from tests.states import put
from tests.world import READ, World, join_token
from tests.world_activation import activation_token

ACTIVATE, JOIN = activation_token("partner"), join_token("partner")
PAGES = (f"/activate/{ACTIVATE}/", f"/join/{JOIN}/")
ACCEPT = {"scopes": ALL, **READ, **NEW}
TURNED = str.maketrans("abcdefghijklmnopqrstuvwxyz", "bcdefghijklmnopqrstuvwxyza")


def everything() -> list[Any]:
    links = list(ActivationLink.objects.order_by("pk").values_list())
    invitations = list(OperatorInvitation.objects.order_by("pk").values_list())
    models = (Organization, Operator, Connection, Entitlement, Event, SecretMail)
    return [links, invitations, *(model._default_manager.count() for model in models)]


SCANS: list[tuple[str, dict[str, str]]] = [
    ("get", {}),
    ("head", {}),
    ("get", {"HTTP_PURPOSE": "prefetch", "HTTP_SEC_PURPOSE": "prefetch;prerender"}),
    ("get", {"HTTP_USER_AGENT": "SafeLinks", "HTTP_X_FORWARDED_FOR": "203.0.113.9, 10.0.0.1"}),
    ("get", {"HTTP_HX_REQUEST": "true"}),
]


@pytest.mark.promise("CV-11")
@pytest.mark.parametrize("url", PAGES)
@pytest.mark.parametrize(("method", "headers"), SCANS)
def test_a_scanner_of_mails_changes_nothing(world: World, url: str, method: str, headers: dict[str, str]) -> None:
    before, client = everything(), PageClient()
    for _time in range(3):
        answer = getattr(client, method)(url, **headers)
        assert answer.status_code == 200
        assert "no-store" in answer["Cache-Control"] and answer["Referrer-Policy"] == "no-referrer"
    assert everything() == before


@pytest.mark.parametrize("url", PAGES)
@pytest.mark.parametrize("method", ["options", "put", "patch", "delete", "trace", "post"])
def test_other_methods_are_refused(world: World, url: str, method: str) -> None:
    before = everything()
    assert getattr(PageClient(), method)(url).status_code == 405
    for action in ("open" if "activate" in url else "continue", "accept"):
        assert PageClient().get(f"{url}{action}/").status_code == 405
        assert PageClient(enforce_csrf_checks=True).post(f"{url}{action}/").status_code == 403
    assert everything() == before


def tamper(token: str) -> dict[str, str]:
    middle = len(token) // 2
    return {
        "first letter": f"x{token[1:]}",
        "middle letter": f"{token[:middle]}{token[middle].translate(TURNED)}{token[middle + 1 :]}"
        if token[middle].isalpha()
        else f"{token[:middle]}x{token[middle + 1 :]}",
        "last letter": f"{token[:-1]}0",
        "shorter": token[:-1],
        "longer": f"{token}A",
        "capitals": token.upper(),
        "backwards": token[::-1],
        "twice": token * 2,
        "a slash": f"{token}%2F..",
        "NUL": f"{token}%00",
        "a blank": f"{token}%20",
        "a wide letter": f"{token[:-1]}%EF%BD%81",
        "no UTF-8": f"{token}%ff%fe",
        "a wildcard": f"{token[:5]}%25",
        "a quote": f"{token}%27%20OR%201=1--",
    }


@pytest.mark.parametrize(("path", "token", "step"), [("activate", ACTIVATE, "open"), ("join", JOIN, "continue")])
def test_a_link_that_was_tampered_with_is_unknown(world: World, web: Any, path: str, token: str, step: str) -> None:
    before, client = everything(), web("stranger.admin")
    for what, other in tamper(token).items():
        answers = [
            client.get(f"/{path}/{other}/"),
            client.post(f"/{path}/{other}/{step}/"),
            client.post(f"/{path}/{other}/accept/", ACCEPT),
        ]
        assert {answer.status_code for answer in answers} == {404}, what
    assert everything() == before


def test_a_token_opens_only_what_it_was_made_for(world: World, web: Any) -> None:
    before, client = everything(), web("stranger.admin")
    invitation, calendar = world.token("partner"), "a" * 43
    for path, tokens in {
        "activate": (JOIN, invitation, calendar), "join": (ACTIVATE, invitation, calendar),
        "i": (ACTIVATE, JOIN),
    }.items():  # fmt: skip
        for token in tokens:
            assert client.get(f"/{path}/{token}/").status_code == 404
            assert client.post(f"/{path}/{token}/accept/", ACCEPT).status_code == 404
    for token in (ACTIVATE, JOIN, invitation):
        assert client.get(f"/calendar/{token}.ics").status_code == 404
        answer = client.get("/api/v1/customers/", HTTP_AUTHORIZATION=f"Bearer {token}")
        assert answer.status_code == client.get("/api/v1/customers/").status_code
    assert everything() == before


def test_who_holds_the_link_of_somebody_else_gets_nothing_by_it(world: World, web: Any) -> None:
    for who in ("stranger.admin", "partner.admin", "customer.admin", "nobody"):
        client = web(who)
        for page, step in ((PAGES[0], "open"), (PAGES[1], "continue")):
            client.post(f"{page}{step}/")  # "opened", by whomever
            before = everything()
            answer = client.post(f"{page}accept/", ACCEPT)
            assert answer.status_code in (200, 403), who
            assert everything() == before


@pytest.mark.parametrize("used", [True, False], ids=["used", "withdrawn"])
def test_a_link_is_dead_in_every_browser_once_it_was_used_or_withdrawn(world: World, used: bool) -> None:
    link = ActivationLink.objects.get(organization=world.partner)
    client, person = sign_in_as(link.email)
    client.post(f"{PAGES[0]}open/")
    waiting = PageClient()  # has the form open in another browser
    waiting.begin_session(person)
    assert waiting.get(PAGES[0]).status_code == 200
    if used:
        assert client.post(f"{PAGES[0]}accept/", ACCEPT).status_code == 302
    else:
        put(ActivationLink.objects.filter(pk=link.pk), state="revoked", closed_at=timezone.now())
    before = everything()
    for browser in (client, waiting, PageClient()):
        assert browser.get(PAGES[0]).status_code == 404
        assert browser.post(f"{PAGES[0]}open/").status_code == 404
    for browser in (client, waiting):
        assert browser.post(f"{PAGES[0]}accept/", ACCEPT).status_code == 404
    assert everything() == before


@pytest.mark.parametrize("url", PAGES)
@pytest.mark.parametrize("language", ["en", "fr", "ja"])
def test_a_dead_link_says_so_in_the_readers_language(world: World, url: str, language: str) -> None:
    client = PageClient(headers={"accept-language": language})
    text = client.get(url[:-2] + "x/").content.decode()
    assert f'lang="{language}"' in text
    english = PageClient().get(url[:-2] + "x/").content.decode()
    assert (text.partition("<h1")[2][:80] == english.partition("<h1")[2][:80]) == (language == "en")

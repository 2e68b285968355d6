"""Every answer of every address carries the headers that protect it, and every cookie its flags."""

import datetime as dt

import pytest
from django.utils import timezone

from tests.conftest import PageClient
from tests.house.machine import placeholders
from tests.house.matrix import MATRIX

SIGNED_IN = ("partner.admin", "nobody")
ALWAYS = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin"}


SIGN_OUT = ("/logout/", "/leave/")


def answers(web, world, who):
    """GET and POST of every row; after one that signs out they sign in again, as what follows would be a stranger's."""
    known, client = placeholders(world), web(who)
    for row in MATRIX:
        path = row.path.format(**known)
        for method in ("get", "post"):
            yield f"{method} {path}", getattr(client, method)(path)
        if path.endswith(SIGN_OUT):
            client = web(who)


def faults(response, *, signed_in):
    for name, value in ALWAYS.items():
        if response.headers.get(name) != value:
            yield f"{name}: {response.headers.get(name)}"
    if "camera=(), " not in response.headers.get("Permissions-Policy", ""):
        yield f"Permissions-Policy: {response.headers.get('Permissions-Policy')}"
    policy = response.headers.get("Content-Security-Policy", "")
    if not {"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} <= {
        part.strip() for part in policy.split(";")
    }:
        yield f"Content-Security-Policy: {policy}"
    if response.headers.get("Referrer-Policy") not in ("same-origin", "no-referrer"):
        yield f"Referrer-Policy: {response.headers.get('Referrer-Policy')}"
    if signed_in and "no-store" not in response.headers.get("Cache-Control", ""):
        yield f"Cache-Control: {response.headers.get('Cache-Control')}"
    for cookie in response.cookies.values():
        if cookie.value and (not cookie["httponly"] or cookie["samesite"] != "Lax" or cookie["domain"]):
            yield cookie.OutputString()


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("who", ["anonymous", *SIGNED_IN])
def test_every_answer_is_protected(web, world, who):
    signed_in = who != "anonymous"
    found = [
        f"{name} {fault}"
        for name, response in answers(web, world, who)
        for fault in faults(response, signed_in=signed_in)
    ]
    assert not found, "\n".join(found)


def test_a_page_without_words_of_its_own_is_still_a_page(web, world):
    for who in ("anonymous", "partner.admin"):
        client = web(who)
        response = client.get(f"/i/{world.token('partner')}/accept/")
        assert (response.status_code, response["Allow"]) == (405, "POST")
        assert "That couldn’t be done" in response.content.decode()
        too_many = client.post("/sign-in/login/", {f"field{n}": "" for n in range(1100)})
        assert too_many.status_code == 400 and "The request is too large." in too_many.content.decode()
        elsewhere = client.get("/", headers={"host": "elsewhere.example"})
        assert elsewhere.status_code == 400 and "That couldn’t be done" in elsewhere.content.decode()


@pytest.mark.parametrize("token", ["\0", "a\0" + "b" * 40, "é" * 43, "x" * 65, "a" * 19])
def test_what_cannot_be_a_token_is_an_unknown_one(web, token):
    client = web("stranger.admin")
    assert client.get(f"/i/{token}/").status_code == 404
    assert client.get(f"/i/{token}/decline/").status_code == 404
    assert client.post(f"/i/{token}/accept/").status_code == 404


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/static/js/menu.js", "/nothing/", "/api/v1/customers/", "/robots.txt"]
)
def test_no_answer_lets_a_page_use_the_camera(db, path):
    """Also those that never reach a view."""
    policy = PageClient().get(path)["Permissions-Policy"].split(", ")
    assert {f"{feature}=()" for feature in ("camera", "microphone", "geolocation", "payment", "usb")} <= set(policy)


@pytest.mark.promise("S-17")
def test_who_finds_a_weakness_learns_whom_to_tell(db, settings):
    settings.SECURITY_CONTACT = "security@vendor.example"
    text = PageClient().get("/.well-known/security.txt").content.decode()
    fields = dict(line.split(": ", 1) for line in text.splitlines())
    assert fields["Contact"] == "mailto:security@vendor.example"
    assert fields["Canonical"] == f"{settings.PORTAL_ORIGIN}/.well-known/security.txt"
    expires = dt.datetime.fromisoformat(fields["Expires"])
    assert dt.timedelta(days=100) < expires - timezone.now() < dt.timedelta(days=365)
    settings.SECURITY_CONTACT = "https://vendor.example/security"
    assert (
        "Contact: https://vendor.example/security\n" in PageClient().get("/.well-known/security.txt").content.decode()
    )
    settings.SECURITY_CONTACT = ""
    assert PageClient().get("/.well-known/security.txt").status_code == 404


def test_search_engines_are_sent_away(db):
    answer = PageClient().get("/robots.txt")
    assert (answer["Content-Type"], answer.content.decode()) == (
        "text/plain; charset=utf-8", "User-agent: *\nDisallow: /\n",
    )  # fmt: skip

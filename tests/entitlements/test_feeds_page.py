"""The vendor's page of feeds: which systems send, how fresh that is, what was wrong, and tokens on the page."""

import datetime as dt
import re
from html import unescape
from typing import Any

import pytest
from django.db import DatabaseError
from django.utils import timezone

from entitlements.models import IngestToken, IngestUpload
from entitlements.queries.feeds import STALE_AFTER, list_feed_sources
from notifications.models import Event
from partnerportal.lib.tokens import digest_secret
from tests.conftest import JsonClient
from tests.world import World

pytestmark = pytest.mark.django_db
ADMIN, READER = "vendor.admin", "vendor.reader"


def text(answer: Any) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


def add_upload(token: IngestToken, **more: Any) -> IngestUpload:
    values = {"kind": "usage", "state": "done", "size": 1, "fingerprint": "", "counts": {"added": 3}} | more
    return IngestUpload.objects.create(token=token, idempotency_key=str(timezone.now()), **values)


def token_named(name: str) -> IngestToken:
    return IngestToken.objects.create(name=name, digest=digest_secret(name), prefix=name[:8])


@pytest.mark.parametrize("who", [ADMIN, READER])
def test_each_source_says_how_fresh_it_is_and_what_was_wrong(who: str, web: Any, world: World) -> None:
    fresh, failing, silent, _new = (token_named(name) for name in ("Fresh", "Failing", "Silent", "New"))
    add_upload(fresh)
    problems = [{"line": 7, "code": "unknown_sku", "message": "No such SKU.", "field": "sku"}]
    bad = add_upload(failing, counts={"added": 1, "error": 1}, problems=problems)
    late = add_upload(silent)
    IngestUpload.objects.filter(pk=late.pk).update(received_at=timezone.now() - STALE_AFTER - dt.timedelta(hours=1))
    page = text(web(who).get("/feeds/"))
    for name, state in (
        ("Fresh", "Up to date"),
        ("Failing", "Errors in the last file"),
        ("Silent", "No file for a day and a half"),
        ("New", "No file yet"),
    ):
        assert re.search(rf"{name} {name}… [^…]* {state}", page), name
    assert ("Create token… . Only Admins can do this." in page) is (who == READER)
    errors = text(web(who).get("/feeds/?errors=true"))
    assert errors.count("Failing") > errors.count("Fresh")
    detail = text(web(who).get(f"/feeds/uploads/{bad.public_id}/"))
    assert "No such SKU." in detail and "unknown_sku" in detail
    start = text(web(who).get("/"))
    assert "New: No file yet" in start and "Last file: No file" not in start
    assert "Failing: Errors in the last file" in start and "Silent: No file for" in start and "Fresh:" not in start


@pytest.mark.parametrize("who", ["partner.admin", "distributor.admin", "customer.admin", "publisher.admin"])
def test_nobody_else_has_such_pages_or_rows(who: str, web: Any, world: World, actor_for: Any, as_tenant: Any) -> None:
    token, upload = IngestToken.objects.get(), IngestUpload.objects.get()
    for path in ("", "tokens/new/", f"tokens/{token.public_id}/revoke/", f"uploads/{upload.public_id}/"):
        assert web(who).get(f"/feeds/{path}").status_code == 404, path
    assert list_feed_sources(actor_for(who)) == []
    with as_tenant(actor_for(who)):
        assert not IngestToken.objects.exists() and not IngestUpload.objects.exists()


def test_an_admin_creates_a_token_whose_secret_is_shown_once(web: Any, world: World) -> None:
    client = web(ADMIN)
    answer = client.post("/feeds/tokens/new/", {"name": "Order desk", "kinds": ["entitlements"]})
    secret = re.search(r'value="([\w-]{43})"', answer.content.decode())[1]  # type: ignore[index]
    row = IngestToken.objects.get(name="Order desk")
    assert (row.digest, row.kinds, secret[:8]) == (digest_secret(secret), ["entitlements"], row.prefix)
    assert "no-store" in answer["Cache-Control"]
    event = Event.objects.latest("pk")
    assert (event.kind, event.subject_label, event.actor_id) == (
        "feed_token.created",
        "Order desk",
        world.person(ADMIN).pk,
    )
    assert secret not in text(client.get("/feeds/")) and secret not in str(event.data)
    again = client.post("/feeds/tokens/new/", {"name": "Order desk", "kinds": ["usage"]})
    assert 'aria-invalid="true"' in again.content.decode() and "already" in text(again)
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "a"}
    sent = JsonClient().generic(
        "POST", "/api/v1/ingest/usage/", "{}", content_type="application/x-ndjson", headers=headers
    )
    assert sent.status_code == 403, "it may send what it was made for"


def test_a_revoked_token_opens_nothing_from_then_on(web: Any, world: World) -> None:
    token = token_named("Leaving")
    client, url = web(ADMIN), f"/feeds/tokens/{token.public_id}/revoke/"
    assert "Revoke the token for Leaving?" in text(client.get(url))
    assert client.post(url).status_code == 302
    token.refresh_from_db()
    assert token.revoked_at and Event.objects.latest("pk").kind == "feed_token.revoked"
    headers = {"Authorization": "Bearer Leaving", "Idempotency-Key": "a"}
    assert JsonClient().generic("POST", "/api/v1/ingest/usage/", "", headers=headers).status_code == 401
    assert client.post(url).status_code == 404, "sent twice, it is done once"
    assert web(READER).get(url).status_code == 403


def test_a_token_says_nothing_of_itself_but_its_use(world: World, as_tenant: Any, actor_for: Any) -> None:
    """Who holds it neither brings it back nor ends it, and no Reader of the vendor does."""
    token = token_named("Held")
    IngestToken.objects.filter(pk=token.pk).update(revoked_at=timezone.now())
    with as_tenant(actor_for("partner.admin"), secret=token.digest):
        IngestToken.objects.filter(pk=token.pk).update(revoked_at=None)
    token.refresh_from_db()
    assert token.revoked_at
    with pytest.raises(DatabaseError, match="row-level security"), as_tenant(actor_for(READER)):
        IngestToken.objects.filter(pk=token.pk).update(last_used_at=timezone.now())

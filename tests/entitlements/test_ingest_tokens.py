"""Tokens of the feed: what each may send and see, and that it is kept nowhere."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from entitlements.ingest.uploads import ingest_next_upload
from entitlements.models import IngestToken, IngestUpload
from entitlements.policies import ROLE_TABLE
from notifications.models import Event
from partnerportal.lib.actors import ANONYMOUS
from partnerportal.lib.tokens import digest_secret
from tests.conftest import JsonClient
from tests.entitlements.test_ingest import Send, body, code, day, folder, secret, send
from tests.world import World

__all__ = ["folder", "secret", "send"]


def test_a_token_sees_its_own_uploads_only(send: Send, world: World) -> None:
    first = send(body(day(world)))
    out = io.StringIO()
    call_command("create_ingest_token", "Another", stdout=out, stderr=io.StringIO())
    answer = JsonClient().get(first["Location"], headers={"Authorization": f"Bearer {out.getvalue().strip()}"})
    assert code(answer) == (404, "not_found")


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", "Bearer " + "a" * 43, "Basic YTpi", "Bearer \x00\x01", "Bearer " + "é" * 40]
)
def test_without_a_living_token_nothing_is_taken(world: World, folder: Path, header: str) -> None:
    response = JsonClient().generic(
        "POST", "/api/v1/ingest/usage/", body(day(world)), headers={"Authorization": header, "Idempotency-Key": "a"}
    )
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert list(folder.iterdir()) == []


def test_a_revoked_token_opens_nothing(send: Send, secret: str, world: World) -> None:
    first = send(body(day(world)))
    call_command("revoke_ingest_token", "Licence server", stdout=io.StringIO())
    assert code(send(body(day(world)), key="k2")) == (401, "authentication_failed")
    answer = JsonClient().get(first["Location"], headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 401
    with pytest.raises(CommandError, match="No active token"):
        call_command("revoke_ingest_token", "Licence server")
    with pytest.raises(CommandError, match="this name already"):
        call_command("create_ingest_token", "Licence server")


def token_for(*kinds: str) -> str:
    out = io.StringIO()
    call_command("create_ingest_token", "Only " + " ".join(kinds), "--kinds", *kinds, stdout=out, stderr=io.StringIO())
    return out.getvalue().strip()


@pytest.mark.parametrize("kinds", [["usage"], ["assignments"], ["entitlements"], ["usage", "entitlements"]])
def test_a_token_sends_the_kinds_that_it_was_made_for(send: Send, world: World, folder: Path, kinds: list[str]) -> None:
    token = token_for(*kinds)
    for kind in IngestUpload.Kind.values:
        response = send(body(day(world)), kind=kind, key=kind, token=token)
        if kind in kinds:
            assert response.status_code == 202
            continue
        assert code(response) == (403, "kind_not_allowed")
        assert response["Content-Type"] == "application/json"
        (error,) = response.json()["errors"]
        assert error["detail"] == f"This token may not send {kind}. It may send: {', '.join(kinds)}."
    assert sorted(IngestUpload.objects.exclude(idempotency_key="world").values_list("kind", flat=True)) == sorted(kinds)
    assert len(list(folder.iterdir())) == len(kinds)


def test_what_a_file_brings_is_recorded_as_asked_for_by_the_client(send: Send, world: World) -> None:
    """The system brings the file in, and the log says which token had sent it."""
    token = token_for("entitlements")
    sku = {"type": "sku", "code": "NEW", "service": "S", "name": "N"}
    fact = {
        "type": "entitlement", "external_id": "E1", "customer": world.customer.org_id, "sku": "NEW",
        "kind": "production", "state": "active", "quantity": 1,
    }  # fmt: skip
    assert send(body(sku, fact), kind="entitlements", token=token).status_code == 202
    ingest_next_upload()
    client = IngestToken.objects.get(digest=digest_secret(token))
    event = Event.objects.get(kind="entitlement.added", data__sku="NEW")
    assert (event.actor_kind, event.actor_id, event.actor_label) == ("system", None, "ingest")
    assert (event.on_behalf_kind, event.on_behalf_id) == ("client", client.pk)
    assert event.on_behalf_label == client.name == "Only entitlements"


def test_a_client_has_no_roles_sees_no_rows_and_does_what_its_permissions_say(db: None) -> None:
    client = IngestToken.objects.get(digest=digest_secret(token_for("usage", "assignments"))).as_actor()
    assert client.permissions == {"ingest.usage", "ingest.assignments"}
    assert not client.is_anonymous and not client.is_system
    assert not Event.objects.visible_to(client).exists()
    assert [rule for rule in ROLE_TABLE.values() if rule.check_actor(client)] == []


def test_the_database_holds_a_token_to_its_kinds_too(db: None, as_tenant: Any) -> None:
    token = IngestToken.objects.get(digest=digest_secret(token_for("usage")))
    row = {"token": token, "fingerprint": "", "size": 1}
    with as_tenant(ANONYMOUS, secret=token.digest):
        IngestUpload.objects.create(**row, kind="usage", idempotency_key="a")
    with pytest.raises(DatabaseError, match="row-level security"), as_tenant(ANONYMOUS, secret=token.digest):
        IngestUpload.objects.create(**row, kind="assignments", idempotency_key="b")
    with pytest.raises(DatabaseError, match="permission denied"), as_tenant(ANONYMOUS, secret=token.digest):
        IngestToken.objects.update(kinds=["assignments"])
    IngestToken.objects.filter(pk=token.pk).update(revoked_at=timezone.now())
    with as_tenant(ANONYMOUS, secret=token.digest):
        assert not IngestUpload.objects.exists(), "nor does a revoked one open anything"
    with pytest.raises(DatabaseError, match="row-level security"), as_tenant(ANONYMOUS, secret=token.digest):
        IngestUpload.objects.create(**row, kind="usage", idempotency_key="c")


def test_a_token_may_send_all_kinds_unless_some_are_named(secret: str) -> None:
    assert IngestToken.objects.get(digest=digest_secret(secret)).kinds == IngestUpload.Kind.values
    with pytest.raises(CommandError, match="invalid choice: 'everything'"):
        token_for("everything")
    with pytest.raises(IntegrityError, match="ingest_token_kinds"), transaction.atomic():
        IngestToken.objects.update(kinds=[])


def test_no_session_ingests_and_no_token_does_anything_else(api: Any, secret: str, world: World) -> None:
    for who in ("vendor.admin", "partner.admin", "customer.admin"):
        response = api(who).generic("POST", "/api/v1/ingest/usage/", body(day(world)), headers={"Idempotency-Key": "a"})
        assert response.status_code == 401
    for path in ("customers/", "connections/", "notices/", "organizations/"):
        assert JsonClient().get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {secret}"}).status_code == 401
    response = api("partner.admin").get("/api/v1/customers/", headers={"Authorization": f"Bearer {secret}"})
    assert response.status_code == 200, "a session goes on as if the token were not there"
    assert not IngestUpload.objects.exclude(idempotency_key="world").exists()


def test_the_secret_is_kept_nowhere(secret: str) -> None:
    row = IngestToken.objects.get(name="Licence server")
    assert secret not in (row.digest, row.prefix)
    assert row.digest == digest_secret(secret)

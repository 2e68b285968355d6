"""ingest at the terminal, and rebuild_portfolio."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from connections.models import Portfolio
from entitlements.actions.listing import refresh_expired_customer_listings
from entitlements.models import CustomerListing, Sku
from notifications.models import Event
from partnerportal.lib.scopes import Scope
from tests.world import World


def call(*arguments: str, **options: Any) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


def test_standard_input_is_read_and_bad_lines_cannot_steer_the_terminal(db: None, monkeypatch: Any) -> None:
    lines = [
        {"type": "sku", "code": "ONE", "service": "S", "name": "N"},
        {"type": "sku", "code": "\x1b[2J\u202e", "service": "S", "name": "N"},
    ]
    fake = io.TextIOWrapper(io.BufferedReader(io.BytesIO("\n".join(map(json.dumps, lines)).encode())))
    monkeypatch.setattr("sys.stdin", fake)
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(CommandError, match=r"^1 of 2 lines were left out\.$"):
        call_command("ingest", "-", stdout=out, stderr=err)
    assert "1 added, 0 changed, 0 unchanged" in out.getvalue()
    assert "Line 2 (sku \\x1b[2J\\u202e): code: Control characters" in err.getvalue()
    assert "\x1b" not in err.getvalue()
    assert Sku.objects.filter(code="ONE").exists()


def test_a_first_load_tells_nobody(world: World, tmp_path: Any) -> None:
    sku = Sku.objects.first()
    file = tmp_path / "feed"
    row = {
        "type": "entitlement", "external_id": "E1", "customer": world.customer.org_id, "sku": sku.code,
        "kind": "trial", "state": "requested", "quantity": 1,
    }  # fmt: skip
    file.write_text(json.dumps(row))
    events = Event.objects.count()
    assert "1 added" in call("ingest", str(file), "--no-events")
    assert Event.objects.count() == events


def test_files_that_cannot_be_opened_are_named(db: None, tmp_path: Any) -> None:
    with pytest.raises(CommandError, match="absent: No such file"):
        call("ingest", str(tmp_path / "absent"))
    (tmp_path / "feed").touch()
    with pytest.raises(CommandError, match="Is a directory"):
        call("ingest", str(tmp_path / "feed"), "--report", str(tmp_path))


def test_the_world_agrees_with_its_definition(world: World) -> None:
    assert "No differences." in call("rebuild_portfolio", "--check")
    assert "Corrected: 0 rows of the portfolio, 0 of" in call("rebuild_portfolio")


def test_rebuild_repairs_what_was_written_around_the_triggers(world: World) -> None:
    portfolio = sorted(Portfolio.objects.values_list("viewer", "subject", "path", "since", "scopes"))
    listing = sorted(CustomerListing.objects.values_list("viewer", "customer", "seats", "connected_at"))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE connections_portfolio DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM connections_portfolio WHERE path = '3_partner_customer'")
        cursor.execute("UPDATE connections_portfolio SET since = now(), scopes = 1 WHERE path = '2_connection'")
        cursor.execute(
            "INSERT INTO connections_portfolio (viewer_id, subject_id, path, since, scopes)"
            " VALUES (%s, %s, '2_connection', now(), 63)",
            [world.partner.pk, world.stranger.pk],
        )
        cursor.execute("UPDATE entitlements_customerlisting SET seats = seats + 1, name = 'wrong'")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE connections_portfolio ENABLE TRIGGER USER")
    with pytest.raises(CommandError, match=r"\d+ differences"):
        call("rebuild_portfolio", "--check")
    call("rebuild_portfolio")
    assert sorted(Portfolio.objects.values_list("viewer", "subject", "path", "since", "scopes")) == portfolio
    assert sorted(CustomerListing.objects.values_list("viewer", "customer", "seats", "connected_at")) == listing
    assert "No differences." in call("rebuild_portfolio", "--check")


def test_listings_whose_expiry_has_passed_are_counted_anew(world: World) -> None:
    right = CustomerListing.objects.get(viewer=world.partner, customer=world.customer)
    CustomerListing.objects.filter(customer=world.customer).update(next_expiry_on="2020-01-01", seats=999)
    viewers = CustomerListing.objects.exclude(scopes=Scope.ACCOUNT).filter(customer=world.customer).count()
    assert refresh_expired_customer_listings() == 1
    assert CustomerListing.objects.filter(customer=world.customer, seats=right.seats).count() == viewers
    assert refresh_expired_customer_listings() == 0

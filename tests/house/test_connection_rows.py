"""A connection is sight and the right to tell: the database makes one for the holder of an invitation alone.

What it shares is the customer's to say, and a consent is never changed.
"""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import Organization
from connections.actions import accept_invitation, end_connection
from connections.consent import get_all_shareable_scopes
from connections.models import Connection, Consent
from partnerportal.lib.scopes import ALL, Scope
from tests.world import KINDS


def connects(partner_id, customer_id):
    """Whether the database takes the row; undone where it does not."""
    try:
        with transaction.atomic():
            Connection.objects.create(
                partner_id=partner_id, customer_id=customer_id, partner_name="URGENT", customer_name="call us"
            )
    except DatabaseError as error:
        assert "row-level security" in str(error), error
        return False
    return True


@pytest.mark.parametrize("other", [kind for kind in KINDS if kind != "stranger"])
def test_nobody_connects_without_the_invitation(other, world, actor_for, as_tenant):
    actor, organization = actor_for("stranger.admin"), getattr(world, other)
    for secret in ("", world.token("partner2" if other == "partner" else "partner")):
        if organization == world.partner and secret == world.token("partner"):
            continue
        with as_tenant(actor, secret=secret):
            before = Organization.objects.count()
            assert not connects(organization.pk, actor.organization_id)
            assert not connects(actor.organization_id, organization.pk)
            assert Organization.objects.count() == before


def test_who_holds_it_connects_under_the_names_that_are_true(world, actor_for, as_tenant):
    actor = actor_for("stranger.admin")
    with as_tenant(actor, secret=world.token("partner")):
        assert connects(world.partner.pk, actor.organization_id)
    row = Connection.objects.get(partner=world.partner, customer=actor.organization_id)
    assert (row.partner_name, row.customer_name) == (world.partner.name, actor.organization_name)


def test_the_end_is_now(world, actor_for, as_tenant):
    """For an hour after it the one who ended it may still tell the other side."""
    actor, token = actor_for("stranger.admin"), world.token("partner")
    end = "UPDATE connections_connection SET state = 'ended', ended_at = %s, ended_by_id = %s WHERE id = %s"
    with as_tenant(actor), connection.cursor() as cursor:
        row, _new = accept_invitation(actor=actor, token=token, scopes=ALL)
        for ended_at in ("infinity", "2999-01-01", "1999-01-01"):
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                cursor.execute(end, [ended_at, actor.organization_id, row.pk])
        ended = end_connection(actor=actor, connection=row)
    assert ended.ended_at - row.connected_at < timedelta(minutes=5)


def consents(row, *, scopes, offered):
    """Whether the database takes a consent for the connection; undone where it does not."""
    try:
        with transaction.atomic():
            Consent.objects.create(connection=row, scopes=scopes, offered=offered, person_label="Your Admin")
    except DatabaseError as error:
        assert "row-level security" in str(error), error
        return False
    return True


@pytest.mark.promise("E-14")
@pytest.mark.parametrize(
    ("who", "customer", "scopes", "is_taken"),
    [
        ("customer.admin", "customer", Scope.ACCOUNT | Scope.ORDERS, True),
        ("customer.reader", "customer", Scope.ACCOUNT, False),
        ("partner.admin", "customer", get_all_shareable_scopes(), False),
        ("customer2.admin", "customer", Scope.ACCOUNT, False),
        ("ended.admin", "ended", Scope.ACCOUNT, False),
        ("customer.admin", "customer", Scope.ORDERS, False),  # without the account, which is always shared
        ("customer.admin", "customer", get_all_shareable_scopes() | Scope.TICKETS, False),  # which was not offered
    ],
)
def test_a_consent_is_given_by_the_customers_admins_alone(who, customer, scopes, is_taken, world, actor_for, as_tenant):
    row, actor = world.connection(customer, "partner"), actor_for(who)
    before = row.scopes
    with as_tenant(actor):
        assert consents(row, scopes=scopes, offered=get_all_shareable_scopes()) is is_taken
    row.refresh_from_db()
    assert row.scopes == (scopes if is_taken else before)
    if is_taken:
        given = row.consents.latest("pk")
        assert (given.person_id, given.person_label) == (actor.person_id, actor.label)


@pytest.mark.promise("E-14")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE connections_consent SET scopes = 1",
        "UPDATE connections_consent SET at = now()",
        "DELETE FROM connections_consent",
        "UPDATE connections_connection SET scopes = 63",
    ],
)
def test_what_was_consented_to_is_not_changed(statement, world, actor_for, as_tenant):
    refused = pytest.raises(DatabaseError, match="permission denied")
    with as_tenant(actor_for("customer.admin")), connection.cursor() as cursor, refused, transaction.atomic():
        cursor.execute(statement)

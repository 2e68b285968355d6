"""Advisory locks have 64 bits: the form with two numbers has 32 for the row, and ids go beyond."""

import re

from django.conf import settings
from django.db import connection

from accounts.models import Kind, Operator, Organization
from connections.actions import accept_invitation, end_connection
from connections.models import InvitationLink, Portfolio
from entitlements.models import CustomerListing, Entitlement, Sku
from notifications.models import Event, Notice
from partnerportal.lib.actors import Actor
from partnerportal.lib.tokens import new_token

TWO_NUMBERS = re.compile(
    r"pg_(?:try_)?advisory_(?:xact_)?(?:un)?lock(?:_shared)?\((?!portal_lock\()[^()]*(?:\([^()]*\)[^()]*)*,"
)
BEYOND = 2**31 + 7


def test_no_lock_is_taken_by_two_numbers():
    assert TWO_NUMBERS.search("PERFORM pg_advisory_xact_lock(2, NEW.id::int);")
    assert TWO_NUMBERS.search("pg_try_advisory_xact_lock_shared(hashtext(a), b)")
    assert not TWO_NUMBERS.search("pg_advisory_xact_lock(portal_lock('customer', c.id)) FROM x, y")
    assert not TWO_NUMBERS.search('cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])')
    sources = [path for path in settings.BASE_DIR.glob("[a-z]*/**/*.py") if path.name != "test_advisory_locks.py"]
    assert not [path.name for path in sources if TWO_NUMBERS.search(path.read_text())]


def test_locks_of_two_rows_or_two_kinds_are_two(db):
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(DISTINCT portal_lock(kind, id)), max(portal_lock(kind, id)) > 2::bigint ^ 60
               FROM unnest(ARRAY['partner', 'customer', 'exports']) kind,
               generate_series(%s::bigint, %s::bigint + 999) id""",
            [BEYOND, BEYOND],
        )
        assert cursor.fetchone() == (3000, True)  # of 64 bits


def test_ids_beyond_31_bits(world):
    """A connection, an entitlement, a notice and an end, between organisations that came late."""
    partner, customer = (
        Organization.objects.create(pk=BEYOND + number, kind=kind, name=f"Late {kind}", country="DE")
        for number, kind in enumerate((Kind.PARTNER, Kind.CUSTOMER))
    )
    InvitationLink.objects.filter(organization=partner).update(token=(token := new_token()))
    _badge(world, partner)
    actor = Actor(
        organization_id=customer.pk,
        organization_name=customer.name,
        organization_kind="customer",
        person_id=world.person("customer.admin").pk,
        roles=frozenset({"admin"}),
    )
    Operator.objects.create(organization=customer, person_id=actor.person_id, roles=["admin"])
    connected, is_new = accept_invitation(actor=actor, token=token)
    assert is_new and Portfolio.objects.filter(viewer=partner, subject=customer).exists()
    Entitlement.objects.create(
        customer=customer,
        sku=Sku.objects.earliest("pk"),
        external_id="late",
        kind="production",
        state="active",
        quantity=5,
    )
    assert CustomerListing.objects.get(viewer=partner, customer=customer).seats == 5
    notice = Notice.objects.create(
        event=Event.objects.latest("pk"), kind="late", recipient_id=partner.pk, about_id=customer.pk
    )
    notice.refresh_from_db()
    assert notice.in_reach
    end_connection(actor=actor, connection=connected)
    notice.refresh_from_db()
    assert not notice.in_reach and not CustomerListing.objects.filter(customer=customer).exists()


def _badge(world, partner):
    badge = world.partner.memberships.earliest("pk")
    badge.pk, badge.organization, badge.ends_on = None, partner, None
    badge.save(force_insert=True)

"""Advisory locks: each is named in lib/locks.py, and has 64 bits, for the form with two numbers has 32 for the row."""

import re

import pytest
from django.conf import settings
from django.db import connection

from accounts.models import Operator, Organization, OrganizationKind
from connections.actions import accept_invitation, end_connection
from connections.models import InvitationLink, Portfolio
from entitlements.models import CustomerListing, Entitlement, Sku
from notifications.models import Event, Notice
from partnerportal.lib.actors import Actor
from partnerportal.lib.locks import AdvisoryLock
from partnerportal.lib.scopes import ALL
from partnerportal.lib.tokens import generate_token
from tests.house.ours import OURS

TWO_NUMBERS = re.compile(
    r"pg_(?:try_)?advisory_(?:xact_)?(?:un)?lock(?:_shared)?\((?!portal_lock\()[^()]*(?:\([^()]*\)[^()]*)*,"
)
BEYOND = 2**31 + 7
KIND = re.compile(r"portal_lock\('([^']*)', ")  # as triggers spell it out
NO_KIND = re.compile(r"portal_lock\((?!'[^']*', )")
NO_NUMBER = re.compile(r"pg_(?:try_)?advisory_\w+\((?!portal_lock\()")
NO_MEMBER = re.compile(r"(?<!def )acquire_lock\((?!AdvisoryLock\.)")
HOME = {"partnerportal/lib/locks.py", "partnerportal/migrations/0001_tenancy.py"}  # the list, and portal_lock itself
SOURCES = {
    name: path.read_text()
    for app in OURS
    for path in (settings.BASE_DIR / app).rglob("*.py")
    if (name := str(path.relative_to(settings.BASE_DIR))) not in HOME
}


def test_every_lock_is_on_the_list_and_used():
    """Migrations spell out kinds of that list, and Python takes its members."""
    everything = "".join(SOURCES.values())
    in_sql = set(KIND.findall(everything))
    in_python = {lock for lock in AdvisoryLock if f"acquire_lock(AdvisoryLock.{lock.name}" in everything}
    assert in_sql <= set(AdvisoryLock) and in_sql & in_python == {AdvisoryLock.EXPORTS, AdvisoryLock.TRIAL_REQUESTS}
    assert in_sql | in_python == set(AdvisoryLock)


def test_nobody_takes_a_lock_in_another_way():
    assert NO_KIND.search("portal_lock(kind, 1)") and NO_KIND.search("portal_lock(%s, %s)")
    assert NO_NUMBER.search("PERFORM pg_advisory_xact_lock(4711);")
    assert NO_MEMBER.search('    acquire_lock("exports", 1)')
    assert not [name for name, source in SOURCES.items() if NO_KIND.search(source) or NO_MEMBER.search(source)]
    assert not [name for name, source in SOURCES.items() if "advisory_" in source and "/migrations/" not in name]
    assert not [name for name, source in SOURCES.items() if NO_NUMBER.search(source)]


def test_no_lock_is_taken_by_two_numbers():
    assert TWO_NUMBERS.search("PERFORM pg_advisory_xact_lock(2, NEW.id::int);")
    assert TWO_NUMBERS.search("pg_try_advisory_xact_lock_shared(hashtext(a), b)")
    assert not TWO_NUMBERS.search("pg_advisory_xact_lock(portal_lock('customer', c.id)) FROM x, y")
    assert not TWO_NUMBERS.search('cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NUMBER])')
    sources = [path for path in settings.BASE_DIR.glob("[a-z]*/**/*.py") if path.name != "test_advisory_locks.py"]
    assert not [path.name for path in sources if TWO_NUMBERS.search(path.read_text())]


def test_locks_of_two_rows_or_two_kinds_are_two(db):
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(DISTINCT portal_lock(kind, id)), max(portal_lock(kind, id)) > 2::bigint ^ 60
               FROM unnest(%s) kind, generate_series(%s::bigint, %s::bigint + 999) id""",
            [list(AdvisoryLock), BEYOND, BEYOND],
        )
        assert cursor.fetchone() == (1000 * len(AdvisoryLock), True)  # of 64 bits


@pytest.mark.promise("S-16")
def test_ids_beyond_31_bits(world):
    """A connection, an entitlement, a notice and an end, between organisations that came late."""
    partner, customer = (
        Organization.objects.create(pk=BEYOND + number, kind=kind, name=f"Late {kind}", country="DE")
        for number, kind in enumerate((OrganizationKind.PARTNER, OrganizationKind.CUSTOMER))
    )
    InvitationLink.objects.filter(organization=partner).update(token=(token := generate_token()))
    _badge(world, partner)
    actor = Actor(
        organization_id=customer.pk,
        organization_name=customer.name,
        organization_kind="customer",
        person_id=world.person("customer.admin").pk,
        roles=frozenset({"admin"}),
    )
    Operator.objects.create(organization=customer, person_id=actor.person_id, roles=["admin"])
    connected, is_new = accept_invitation(actor=actor, token=token, scopes=ALL)
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
    assert not notice.in_reach and not CustomerListing.objects.filter(viewer=partner, customer=customer).exists()


def _badge(world, partner):
    badge = world.partner.memberships.earliest("pk")
    badge.pk, badge.organization, badge.ends_on = None, partner, None
    badge.save(force_insert=True)

"""An event tells somebody something, by notice and mail: nobody writes one in another's name, or to a stranger."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from connections.actions import end_connection
from connections.models import Connection
from notifications.models import Event
from partnerportal.lib.actors import Actor
from tests.house.test_event_rows import OF_READERS
from tests.house.test_events import KINDS as KINDS_OF_EVENTS
from tests.world import KINDS, World

KIND = "connection.established"


def told(actor, **fields):
    """Whether the database takes an event of the tenant; undone."""
    own = {"organization_id": actor.organization_id, "actor_kind": "person", "actor_id": actor.person_id, "kind": KIND}
    try:
        with transaction.atomic():
            Event.objects.bulk_create([Event(**own | fields)])
            raise _Undo
    except _Undo:
        return True
    except DatabaseError as error:
        assert "row-level security" in str(error), error
        return False


class _Undo(Exception):
    pass


def knows(world: World, actor: Actor, as_tenant):
    names = dict(world.names)
    with as_tenant(actor):
        told_as = {
            field: {name for pk, name in names.items() if told(actor, **{field: pk})}
            for field in ("counterpart_id", "customer_id")
        }
    assert told_as["counterpart_id"] == told_as["customer_id"]
    return told_as["customer_id"]


@pytest.mark.parametrize(
    ("who", "known"),
    [
        ("customer.admin", {"customer", "partner", "lapsed"}),
        ("partner.admin", {"partner", "customer", "customer2"}),
        ("distributor.admin", {"distributor", "partner", "customer", "customer2"}),
        ("publisher.admin", {"publisher"}),
        ("stranger.admin", {"stranger"}),
        ("vendor.admin", set(KINDS)),
    ],
)
def test_who_may_be_told(who, known, world, actor_for, as_tenant):
    assert knows(world, actor_for(who), as_tenant) == known


def test_an_end_is_told_and_then_no_more(world, actor_for, as_tenant):
    actor, row = actor_for("customer.admin"), world.connection("customer", "partner")
    with as_tenant(actor):
        end_connection(actor=actor, connection=row)
    assert "partner" in knows(world, actor, as_tenant)
    assert "customer" not in knows(world, actor_for("partner.admin"), as_tenant), "it did not end it"
    row.refresh_from_db()
    Connection.objects.filter(pk=row.pk).update(ended_at=row.ended_at - timedelta(hours=2))
    assert "partner" not in knows(world, actor, as_tenant)


@pytest.mark.parametrize("who", ["customer.admin", "vendor.admin"])
def test_nobody_writes_in_anothers_name(who, world, actor_for, as_tenant):
    actor, other = actor_for(who), actor_for("stranger.admin")
    with as_tenant(actor):
        assert told(actor)
        assert not told(actor, organization_id=None)
        assert not told(actor, organization_id=other.organization_id)
        assert not told(actor, actor_id=other.person_id)
        assert not told(actor, actor_id=None)
        assert not told(actor, actor_kind="client")
        assert not told(actor, actor_kind="system", actor_id=None)


# Told by the feed, by jobs, by triggers and by staff at the command line.
NEVER_BY_TENANTS = {
    "domain.lapsed",
    "domain.proved",
    "activation.bounced",
    "activation.expired",
    "activation.stopped",
    "entitlement.added",
    "entitlement.changed",
    "entitlement.ended",
    "entitlement.ends_soon",
    "entitlement.renewed",
    "entitlement.started",
    "invitation_link.replaced",
    "log.pruned",
    "operator.added",
    "order.placed",
    "partner.arrived",
    "partner.left",
    "partner.membership_changed",
    "partner.reactivated",
    "partner.registered",
    "partner.suspended",
    "person.address_changed",
    "person.erased",
    "person.locked",
    "person.reset",
    "person.unlocked",
    "subscription.added",
    "subscription.changed",
    "trial.expired",
    "usage.unusual",
}
# Only about an activation link that one has sent, or by which one's organisation was activated, and what it started.
OF_ONES_OWN_LINK = {"trial.started"} | {
    f"activation.{what}" for what in ("accepted", "changed", "copied", "resent", "revoked", "sent")
}
# What an organisation is to the vendor, and what becomes of its requests: the vendor's Admins alone.
BY_VENDORS_ADMINS = {
    "account_manager.changed",
    "activation.partner_confirmed",
    "activation.partner_declined",
    "category.added",
    "category.changed",
    "distributor.onboarding_changed",
    "market.added",
    "market.changed",
    "market.country_placed",
    "market.removed",
    "category.removed",
    "feed_token.created",
    "feed_token.revoked",
    "domain.confirmation_withdrawn",
    "domain.confirmed",
    "membership.changed",
    "organization.first_admin_invited",
    "organization.identity_corrected",
    "organization.reactivated",
    "organization.suspended",
    "partner.moved",
    "qualification.added",
    "qualification.changed",
    "qualifications.changed",
    "request.approved",
    "request.assigned",
    "request.declined",
    "request.information_asked",
    "trial_offer.changed",
    "trial_offer.opened",
    "trial_offer.withdrawn",
}


def test_nobody_tells_what_others_decide(world, actor_for, as_tenant):
    """A customer that told its partners of an approved trial or an end would be believed."""

    def tellable(who):
        actor = actor_for(who)
        with as_tenant(actor):
            return {str(kind) for kind in KINDS_OF_EVENTS if told(actor, kind=kind)}

    by_vendor = {str(kind) for kind in KINDS_OF_EVENTS} - NEVER_BY_TENANTS - OF_ONES_OWN_LINK
    assert tellable("vendor.admin") == by_vendor
    assert tellable("vendor.reader") == set(OF_READERS)
    assert by_vendor - tellable("customer.admin") == BY_VENDORS_ADMINS | {
        "licence.release_marked",
        "licence.release_reopened",
        "offer.publisher_contacted",
        "sku.publisher_removed",
        "sku.publisher_set",
        "trial.approved",
        "trial.converted",
        "trial.declined",
        "trial.extended",
    }
    assert not told_of_nothing(actor_for("customer.admin"), as_tenant)


def told_of_nothing(actor, as_tenant):
    with as_tenant(actor):
        return told(actor, kind="portal.closed")

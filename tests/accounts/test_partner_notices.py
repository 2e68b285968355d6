"""A distributor hears of what vendor staff change of its partners, as long as they are its partners."""

import datetime as dt
from typing import Any

from accounts.actions.organizations import grant_membership
from accounts.actions.standing import move_partner, reactivate_organization, suspend_organization
from accounts.models import Program
from notifications.actions.outbox import write_due_notices
from notifications.models import Notice
from tests.world import World

KINDS = ("partner_suspended", "partner_reactivated", "partner_membership_changed")


def told(world: World, who: str) -> list[str]:
    while write_due_notices():
        pass
    rows = Notice.objects.filter(recipient_id=world[who].pk, kind__in=KINDS).order_by("pk")
    return list(rows.values_list("kind", flat=True))


def test_the_distributor_hears_of_a_suspension_and_of_badges(world: World, web: Any) -> None:
    staff = world.actor("vendor.admin")
    suspend_organization(actor=staff, organization=world.partner, reason="Has not paid")
    reactivate_organization(actor=staff, organization=world.partner)
    program, day = Program.objects.get(code="solution_advisor"), dt.date(2031, 1, 1)
    grant_membership(actor=staff, organization=world.partner, program=program, starts_on=day, ends_on=None)
    assert told(world, "distributor") == list(KINDS)
    for who in ("partner", "distributor2", "publisher", "vendor"):
        assert told(world, who) == []
    inbox = web("distributor.reader").get("/inbox/").content.decode()
    assert f"Your partner {world.partner.name} is suspended" in inbox and "Has not paid" not in inbox
    assert f"New membership of your partner {world.partner.name}: Solution Advisor" in inbox
    notice = Notice.objects.get(kind="partner_suspended")
    answer = web("distributor.reader").post(f"/inbox/{notice.public_id}/")
    assert answer["Location"] == f"/partners/{world.partner.public_id}/"


def test_who_is_above_it_no_more_or_nobody_hears_nothing(world: World) -> None:
    staff = world.actor("vendor.admin")
    move_partner(actor=staff, partner=world.partner, distributor=None)
    suspend_organization(actor=staff, organization=world.partner, reason="Unpaid")
    move_partner(actor=staff, partner=world.partner2, distributor=world.distributor)
    suspend_organization(actor=staff, organization=world.partner2, reason="Unpaid")
    assert told(world, "distributor") == ["partner_suspended"]
    assert told(world, "distributor2") == []

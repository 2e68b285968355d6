"""An organisation hears of what vendor staff change of it, and a distributor of its partners as long as they are."""

import datetime as dt
from typing import Any

import pytest

from accounts.actions.organizations import grant_membership
from accounts.actions.standing import (
    move_partner,
    reactivate_organization,
    set_account_manager,
    suspend_organization,
)
from accounts.models import Program
from notifications import registry
from notifications.actions.outbox import write_due_notices
from notifications.models import Delivery, Notice
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
    assert f"Your partner {world.partner.name} has been suspended" in inbox and "Has not paid" not in inbox
    assert f"Your partner {world.partner.name} has a new membership: Solution Advisor" in inbox
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


def said(world: World, kind: str) -> dict[str, str]:
    """Take the notices of this kind; return the subject of each by its recipient."""
    while write_due_notices():
        pass
    rows = Notice.objects.filter(kind=kind).order_by("pk")
    subjects = {world.names[row.recipient_id]: registry.get_notice_kinds()[kind].get_subject(row) for row in rows}
    Delivery.objects.filter(notice__in=rows).delete()
    rows.delete()
    return subjects


@pytest.mark.promise("E-14")
def test_a_move_is_told_to_the_partner_and_to_the_distributors_on_both_sides(world: World) -> None:
    staff, partner = world.actor("vendor.admin"), world.partner
    move_partner(actor=staff, partner=partner, distributor=world.distributor2)
    assert said(world, "partner_moved_above") == {
        "partner": f"Your organisation now works with the distributor {world.distributor2}",
        "distributor": f"{partner} is no longer one of your partners",
        "distributor2": f"{partner} is now one of your partners",
    }
    move_partner(actor=staff, partner=partner, distributor=None)
    assert said(world, "partner_moved_above") == {
        "partner": "Your organisation now works directly with the vendor",
        "distributor2": f"{partner} is no longer one of your partners",
    }


@pytest.mark.promise("CV-12")
def test_another_account_manager_is_told_and_not_named(world: World) -> None:
    staff, manager = world.actor("vendor.admin"), world.operator("vendor.admin")
    for operator in (manager, None):
        set_account_manager(actor=staff, organization=world.customer, operator=operator)
        assert said(world, "account_manager_changed") == {"customer": "Your account manager has changed"}

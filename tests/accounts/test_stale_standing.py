"""Of two people who change one side of an organisation, the second learns of the first, and nothing is stored."""

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from accounts.actions.organizations import grant_membership
from accounts.actions.standing import (
    change_membership_end,
    correct_organization_identity,
    move_partner,
    reactivate_organization,
    set_account_manager,
    set_partner_onboarding,
    set_qualifications,
    suspend_organization,
)
from accounts.facts import StandingAspect, digest_standing
from accounts.models import Organization, Program, Skill
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.errors import ActionRefused, Conflict
from tests.world import World

pytestmark = pytest.mark.django_db

STAFF = Actor.system("vendor staff (test)")
Call = Callable[..., Any]


def cases(world: World) -> dict[str, tuple[StandingAspect, Organization, Call, Call]]:
    """What the first does, and then the second, who has seen what was before, by name."""
    partner, distributor = world.partner, world.distributor
    csp, advisor = Program.objects.get(code="csp"), Program.objects.get(code="solution_advisor")
    skills = list(Skill.objects.order_by("pk"))
    of_partner: dict[str, Any] = {"actor": STAFF, "organization": partner}
    correct, grant = (partial(action, **of_partner) for action in (correct_organization_identity, grant_membership))
    qualify, manage = (partial(action, **of_partner) for action in (set_qualifications, set_account_manager))
    move, onboard = (
        partial(move_partner, actor=STAFF, partner=partner),
        partial(set_partner_onboarding, actor=STAFF, distributor=distributor),
    )
    later = today() + dt.timedelta(days=400)
    return {
        "identity": (
            StandingAspect.IDENTITY, partner, partial(correct, name="Another"), partial(correct, partner_id="1234567"),
        ),
        "state": (
            StandingAspect.STATE, partner,
            partial(suspend_organization, reason="Unpaid", **of_partner),
            partial(reactivate_organization, **of_partner),
        ),
        "parent": (
            StandingAspect.PARENT, partner,
            partial(move, distributor=world.distributor2), partial(move, distributor=None),
        ),
        "account manager": (
            StandingAspect.ACCOUNT_MANAGER, partner,
            partial(manage, operator=world.operator("vendor.admin")),
            partial(manage, operator=world.operator("vendor.reader")),
        ),
        "qualifications": (
            StandingAspect.QUALIFICATIONS, partner,
            partial(qualify, competencies=[], skills=skills[:1]), partial(qualify, competencies=[], skills=skills[1:]),
        ),
        "end of a membership": (
            StandingAspect.MEMBERSHIPS, partner, partial(grant, program=csp, starts_on=today()),
            partial(
                change_membership_end, program=Program.objects.get(code="service_provider"), ends_on=later, **of_partner
            ),
        ),
        "new membership": (
            StandingAspect.MEMBERSHIPS, partner, partial(grant, program=csp, starts_on=today()),
            partial(grant, program=advisor, starts_on=later),
        ),
        "onboarding": (
            StandingAspect.ONBOARDING, distributor, partial(onboard, at_once=True), partial(onboard, at_once=False),
        ),
    }  # fmt: skip


NAMES = (
    "identity", "state", "parent", "account manager", "qualifications", "end of a membership", "new membership",
    "onboarding",
)  # fmt: skip


def facts() -> Any:
    return list(Organization.objects.order_by("pk").values()), Event.objects.count()


@pytest.mark.parametrize("name", NAMES)
def test_the_second_learns_of_the_first(world: World, name: str) -> None:
    assert set(cases(world)) == set(NAMES)
    aspect, organization, first, second = cases(world)[name]
    seen = digest_standing(Organization.objects.get(pk=organization.pk), aspect)
    first(seen=seen)
    before = facts()
    with pytest.raises(Conflict, match="changed_meanwhile"):
        second(seen=seen)
    assert facts() == before
    second(seen=digest_standing(Organization.objects.get(pk=organization.pk), aspect))
    assert facts() != before


def test_staff_let_a_distributor_onboard_without_them(world: World, actor_for: Any, as_tenant: Any) -> None:
    for who in ("vendor.reader", "distributor.admin", "partner.admin"):
        with pytest.raises(ActionRefused):
            set_partner_onboarding(actor=actor_for(who), distributor=world.distributor, at_once=True)
    with as_tenant(actor_for("vendor.admin")):
        set_partner_onboarding(actor=actor_for("vendor.admin"), distributor=world.distributor, at_once=True)
    assert Organization.objects.get(pk=world.distributor.pk).onboards_partners_at_once
    event = Event.objects.latest("pk")
    assert (
        event.changes == {"onboards_partners_at_once": [False, True]} and event.counterpart_id == world.distributor.pk
    )

"""Invitations, connections and operators through the actions, at random, against a model of three sets (hypothesis)."""

from typing import ClassVar

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from accounts.actions.operators import change_operator_roles, remove_operator
from accounts.actions.standing import move_partner
from accounts.models import Operator, Organization, Role
from connections.actions import accept_invitation, change_connection_sharing, end_connection, replace_invitation_link
from connections.consent import get_all_shareable_scopes
from connections.models import Connection, Portfolio
from notifications.models import Event
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import DomainError
from partnerportal.lib.scopes import ALL, Scope
from tests.counts import count
from tests.portfolio import differences
from tests.world import World

PARTNERS = ("partner", "partner2", "lapsed", "nobadge")
OPEN = {"partner", "partner2"}  # with an active badge
CUSTOMERS = ("customer", "customer2", "stranger", "partner2")
ROLES = ("admin", "reader")
MOSTLY_ADMINS = st.sampled_from(("admin", "admin", "admin", "reader"))  # a refusal changes nothing: few are enough
SCOPES = st.integers(Scope.NONE, ALL).map(Scope)


def attempt(actor: Actor, action):
    """The action's answer, or the code of its refusal; as a request of that actor."""
    try:
        with transaction.atomic(), tenancy.as_tenant(organization_id=actor.organization_id, person_id=actor.person_id):
            return action()
    except DomainError as error:
        return error.code


class Portal(RuleBasedStateMachine):
    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        self.point = transaction.savepoint()
        self.live = {(c.customer_id, c.partner_id): c.scopes for c in Connection.objects.active()}
        self.news = Event.objects.count()

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.point)

    @rule(
        customer=st.sampled_from(CUSTOMERS), partner=st.sampled_from(PARTNERS), role=MOSTLY_ADMINS,
        scopes=SCOPES,
    )  # fmt: skip
    def accept(self, customer, partner, role, scopes):
        actor, token = self.world.actor(f"{customer}.{role}"), self.world.token(partner)
        pair = (self.world[customer].pk, self.world[partner].pk)
        answer = attempt(actor, lambda: accept_invitation(actor=actor, token=token, scopes=scopes))
        if Role.ADMIN not in actor.roles:
            assert answer in ("wrong_role", "no_organization")
        elif customer == partner:
            assert answer == "own_link"
        elif pair not in self.live and partner not in OPEN:
            assert answer == "partner_not_active"
        else:
            assert answer[1] is (pair not in self.live)
            self.news += pair not in self.live
            self.live.setdefault(pair, scopes & get_all_shareable_scopes() | Scope.ACCOUNT)

    @rule(data=st.data(), by_partner=st.booleans(), role=MOSTLY_ADMINS)
    def end(self, data, by_partner, role):
        rows = list(Connection.objects.order_by("pk"))
        row = data.draw(st.sampled_from(rows))
        side = self.world.names[row.partner_id if by_partner else row.customer_id]
        actor = self.world.actor(f"{side}.{role}")
        answer = attempt(actor, lambda: end_connection(actor=actor, connection=row))
        if Role.ADMIN not in actor.roles:
            assert answer in ("wrong_role", "no_organization")
        elif row.state == "ended":
            assert answer == "state_changed"
        else:
            assert answer.state == "ended"
            del self.live[row.customer_id, row.partner_id]
            self.news += 1

    @rule(data=st.data(), by_partner=st.sampled_from((False, False, False, True)), role=MOSTLY_ADMINS, scopes=SCOPES)
    def share(self, data, by_partner, role, scopes):
        row = data.draw(st.sampled_from(list(Connection.objects.order_by("pk"))))
        pair = (row.customer_id, row.partner_id)
        actor = self.world.actor(f"{self.world.names[row.partner_id if by_partner else row.customer_id]}.{role}")
        answer = attempt(actor, lambda: change_connection_sharing(actor=actor, connection=row, scopes=scopes))
        if Role.ADMIN not in actor.roles:
            assert answer in ("wrong_role", "no_organization")
        elif by_partner:
            assert answer == "not_customer"
        elif row.state == "ended":
            assert answer == "state_changed"
        else:
            now = scopes & get_all_shareable_scopes() | Scope.ACCOUNT
            assert answer.scopes == now
            self.news += now != self.live[pair]
            self.live[pair] = now

    @rule(
        partner=st.sampled_from(("partner", "partner2")), above=st.sampled_from(("distributor", "")),
        who=st.sampled_from(("vendor.admin", "vendor.admin", "vendor.reader", "distributor.admin")),
    )  # fmt: skip
    def move(self, partner, above, who):
        actor, row, distributor = self.world.actor(who), self.world[partner], self.world[above] if above else None
        before = Organization.objects.get(pk=row.pk).parent
        answer = attempt(actor, lambda: move_partner(actor=actor, partner=row, distributor=distributor))
        if who != "vendor.admin":
            assert answer in ("wrong_role", "wrong_kind")
        else:
            assert answer.parent == distributor
            self.news += before != distributor

    @rule(who=st.sampled_from(["ended", "publisher"]), by=st.sampled_from(ROLES), whose=st.sampled_from(ROLES))
    def demote_or_promote(self, who, by, whose):
        self._change(
            who, by, whose, lambda actor, row: change_operator_roles(actor=actor, operator=row, roles=["reader"])
        )

    @rule(who=st.sampled_from(["ended", "publisher"]), by=st.sampled_from(ROLES), whose=st.sampled_from(ROLES))
    def remove(self, who, by, whose):
        self._change(who, by, whose, lambda actor, row: remove_operator(actor=actor, operator=row))

    def _change(self, who, by, whose, action):
        actor = self.world.actor(f"{who}.{by}")
        rows = Operator.objects.filter(organization=self.world[who])
        row = rows.filter(person=self.world.person(f"{who}.{whose}")).first()
        if row is None:
            return
        answer = attempt(actor, lambda: action(actor, row))
        assert answer in ("wrong_role", "no_organization", "own_role", "last_admin") or not isinstance(answer, str)
        self.news += not isinstance(answer, str)

    @rule(partner=st.sampled_from(PARTNERS))
    def replace_link(self, partner):
        before = self.world.token(partner)
        replace_invitation_link(actor=Actor.system(), partner=self.world[partner], reason="abuse")
        self.news += 1
        stranger = self.world.actor("vendor.reader")
        assert attempt(stranger, lambda: accept_invitation(actor=stranger, token=before, scopes=ALL)) != "own_link"
        assert self.world.token(partner) != before

    @invariant()
    def live_connections_are_those_accepted_and_not_ended(self):
        assert {(c.customer_id, c.partner_id): c.scopes for c in Connection.objects.active()} == self.live

    @invariant()
    def sight_is_exactly_the_live_connections(self):
        direct = Portfolio.objects.filter(path=Portfolio.AccessPath.CONNECTION)
        assert {(p.subject_id, p.viewer_id) for p in direct} == self.live.keys()
        assert differences() == []

    @invariant()
    def everybody_sees_what_is_shared_and_nothing_else(self):
        """A partner by its own connections, a distributor by those of the partners below it."""
        parents = dict(Organization.objects.values_list("pk", "parent"))
        shared: dict[tuple[int, int], int] = {}
        for (customer, partner), scopes in self.live.items():
            for viewer in {partner, parents[partner]} - {None, customer}:
                shared[viewer, customer] = shared.get((viewer, customer), 0) | scopes
        for partner, distributor in parents.items():
            if distributor:
                shared[distributor, partner] = shared.get((distributor, partner), 0) | Scope.ACCOUNT
        kept = Portfolio.objects.exclude(path=Portfolio.AccessPath.SELF).values_list("viewer", "subject", "scopes")
        assert {(viewer, subject): scopes for viewer, subject, scopes in kept} == shared

    @invariant()
    def every_action_is_one_event(self):
        assert Event.objects.count() == self.news

    @invariant()
    def every_organisation_has_an_admin(self):
        with_admin = Operator.objects.filter(roles__contains=[Role.ADMIN]).values("organization")
        assert not Operator.objects.exclude(organization__in=with_admin).exists()


@pytest.mark.slow
@pytest.mark.no_cover
def test_random_walks(world):
    Portal.world = world
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Portal, settings=settings(max_examples=count(50), stateful_step_count=20, suppress_health_check=checks)
    )

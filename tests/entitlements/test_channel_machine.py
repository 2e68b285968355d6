"""Activation, operators, memberships, moves and suspensions at random through actions, against a model (hypothesis).

The model (`channel.py`) says what each action answers, with its code where it is refused. After each step the portal is
asked who sees whom, by both locks, and which links still work.
"""

import datetime as dt
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from accounts.actions.invitations import (
    accept_operator_invitation,
    create_operator_invitation_link,
    invite_operator,
    resend_operator_invitation,
    withdraw_operator_invitation,
)
from accounts.actions.operators import change_operator_roles, remove_operator
from accounts.actions.organizations import grant_membership
from accounts.actions.standing import (
    change_membership_end,
    move_partner,
    reactivate_organization,
    set_partner_onboarding,
    suspend_organization,
)
from accounts.models import Operator, OperatorInvitation, Organization, Person, Program
from accounts.queries.operator_invitations import get_operator_invitation_of_token
from connections.actions import accept_invitation, end_connection
from connections.consent import get_all_shareable_scopes
from connections.models import Connection, CustomerPartner, InvitationLink, Portfolio
from entitlements.models import ActivationLink, CustomerListing, Entitlement, PartnerListing, Sku, TrialOffer
from entitlements.queries.activation import get_activation
from notifications.models import Event
from partnerportal.lib import tenancy
from partnerportal.lib.actors import ANONYMOUS, Actor
from partnerportal.lib.errors import NotFound
from partnerportal.lib.scopes import Scope
from partnerportal.lib.tokens import digest_secret
from tests.counts import count
from tests.entitlements.channel import Link
from tests.entitlements.channel_links import NAMES, PROGRAMS, SCOPES, LinkMachine, attempt, find_secret
from tests.portfolio import differences
from tests.world import SKU_OF_NOBODY, World

DAYS = st.sampled_from((None, -1, 0, 20))  # from today
TABLES: dict[Any, tuple[str, ...]] = {  # with the columns by which their rows are compared
    CustomerListing: ("customer", "scopes"),
    Portfolio: ("subject", "scopes"),
    CustomerPartner: ("customer", "partner"),
    PartnerListing: ("pk",),
    Entitlement: ("pk", "customer"),
    ActivationLink: ("pk",),
    Connection: ("pk",),
    OperatorInvitation: ("pk",),
}


class Portal(LinkMachine):
    @initialize()
    def begin(self) -> None:
        """With links of each kind, two of them to the same organisation, and an invitation: most steps are of these."""
        first, second = self.people[:2]
        partner, distributor = self.keys["partner"], self.keys["distributor"]
        admins = {name: self.world.person(f"{name}.admin").pk for name in ("partner", "distributor")}
        self.send_as(partner, admins["partner"], "customer", first, NAMES["customer"][0], partner, self.skus[0])
        self.send_as(distributor, admins["distributor"], "customer", first, NAMES["customer"][0], partner, self.skus[1])
        self.send_as(distributor, admins["distributor"], "partner", second, NAMES["partner"][0], None, self.skus[0])
        self.invite_as(partner, admins["partner"], first, "admin")

    # Operators

    @rule(data=st.data(), role=st.sampled_from(("admin", "reader")))
    def invite(self, data: Any, role: str) -> None:
        organization, person, _actor = self.someone(data, list(self.it.operators))
        self.invite_as(organization, person, data.draw(st.sampled_from(self.people)), role)

    def invite_as(self, organization: int, person: int, to: Person, role: str) -> None:
        actor = self.actor(organization, person)
        row = attempt(actor, lambda: invite_operator(actor=actor, email=to.email, roles=[role]))
        code = self.it.refusal(organization, person, roles="admin")
        if to.pk in self.it.operators[organization]:
            code = code or "operator_already"
        if any(one.is_live and (one.sender, one.person) == (organization, to.pk) for one in self.it.invitations):
            code = code or "invited_already"
        if code:
            assert row == code
        else:
            invitation = Link(row.pk, organization, to.pk, roles=(role,))
            invitation.add(self.read_mail())
            self.it.invitations.append(invitation)

    @rule(data=st.data(), what=st.sampled_from(("resend", "copy", "withdraw", "end")))
    def change_invitation(self, data: Any, what: str) -> None:
        link = self.pick(data, self.it.invitations)
        row = OperatorInvitation.objects.get(pk=link.key)
        if what == "end":
            self.end(OperatorInvitation, link)
            return
        sender, person, actor = self.someone(data, [link.sender] * 5 + [self.keys["customer"]])
        code = self.it.refusal(sender, person, roles="admin") or ("not_found" if sender != link.sender else "")
        if what == "withdraw":
            code = code or ("state_changed" if link.state != "open" else "")
            answer = attempt(actor, lambda: withdraw_operator_invitation(actor=actor, invitation=row))
            assert answer == code if code else answer.state == "revoked"
            if not code:
                link.close("revoked")
        else:
            act = resend_operator_invitation if what == "resend" else create_operator_invitation_link
            code = code or link.refusal()
            answer = attempt(actor, lambda: act(actor=actor, invitation=row))
            assert answer == code if code else answer != ""
            if not code:
                link.add(self.read_mail() if what == "resend" else find_secret(answer))

    @rule(data=st.data(), is_stranger=st.sampled_from((False, False, False, True)))
    def join(self, data: Any, is_stranger: bool) -> None:
        link = self.pick(data, self.it.invitations)
        token = self.pick_token(data, link)
        person = data.draw(st.sampled_from(self.people)).pk if is_stranger else link.person
        actor = self.actor(None, person)
        answer = attempt(actor, lambda: accept_operator_invitation(actor=actor, token=token))
        if not self.it.works(link, token):
            assert answer == "unknown_invitation"
        elif person != link.person:
            assert answer == "other_address"
        elif person in self.it.operators[link.sender]:
            assert answer == "operator_already"
        else:
            assert answer.roles == list(link.roles)
            self.it.operators[link.sender][person] = set(link.roles)
            link.close("accepted")
            self._withdraw_others(link.sender, person)

    @rule(data=st.data(), roles=st.sampled_from(([], [], ["admin"], ["reader"], ["reader", "admin"])))
    def change_operator(self, data: Any, roles: list[str]) -> None:
        """Remove somebody, or with roles change them; also the actor themselves."""
        organization, person, actor = self.someone(data, list(self.it.operators))
        people = self.it.operators[organization]
        in_order = sorted(people, key=lambda key: ("admin" not in people[key], key))
        whom = data.draw(st.sampled_from(in_order[:1] * 2 + in_order))
        row = Operator.objects.get(organization=organization, person=whom)
        code = self.it.refusal(organization, person, roles="admin")
        if roles and whom == person:
            code = code or "own_role"
        if "admin" not in roles and self.it.sole_admin(organization, whom):
            code = code or "last_admin"
        if roles:
            answer = attempt(actor, lambda: change_operator_roles(actor=actor, operator=row, roles=roles))
        else:
            answer = attempt(actor, lambda: remove_operator(actor=actor, operator=row))
        assert answer == code if code else not isinstance(answer, str)
        if not code and roles:
            people[whom] = set(roles)
        elif not code:
            del people[whom]
            self._withdraw_others(organization, whom)

    def _withdraw_others(self, organization: int, person: int) -> None:
        for one in self.it.invitations:
            if one.state == "open" and (one.sender, one.person) == (organization, person):
                one.close("revoked")

    # Vendor staff

    @rule(data=st.data(), program=st.sampled_from(PROGRAMS), begins=st.sampled_from((-10, 0, 5)), ends=DAYS)
    def grant(self, data: Any, program: str, begins: int, ends: int | None) -> None:
        key = data.draw(st.sampled_from(self.it.of_kind("partner")[::-1]))
        code, actor = self.staff(data)
        start, end = self._day(begins), None if ends is None else self._day(ends)
        row = Organization.objects.get(pk=key)
        answer = attempt(
            actor,
            lambda: grant_membership(
                actor=actor, organization=row, program=Program.objects.get(code=program), starts_on=start, ends_on=end,
            ),
        )  # fmt: skip
        code = code or ("dates" if end and end < start else "")
        assert answer == code if code else answer.ends_on == end
        if not code:
            self.it.memberships.setdefault(key, {})[program, start] = end

    @rule(data=st.data(), program=st.sampled_from(PROGRAMS), ends=DAYS)
    def change_end(self, data: Any, program: str, ends: int | None) -> None:
        """Of a membership that runs: it ends, goes on for longer, or without end."""
        key = data.draw(st.sampled_from(self.it.of_kind("partner")))
        code, actor = self.staff(data)
        end, row = None if ends is None else self._day(ends), Organization.objects.get(pk=key)
        answer = attempt(
            actor,
            lambda: change_membership_end(
                actor=actor, organization=row, program=Program.objects.get(code=program), ends_on=end,
            ),
        )  # fmt: skip
        running = [one for one in self.it.runs(key) if one[0] == program]
        code = code or ("" if running else "not_found")
        code = code or ("dates" if end and end < running[-1][1] else "")
        assert answer == code if code else answer.ends_on == end
        if not code:
            self.it.memberships[key][running[-1]] = end

    def _day(self, number: int) -> dt.date:
        return self.it.today + dt.timedelta(days=number)

    @rule(data=st.data())
    def move(self, data: Any) -> None:
        it, partner = self.it, data.draw(st.sampled_from(self.it.of_kind("partner")[::-1]))
        above = data.draw(st.sampled_from([self.keys["distributor"], self.keys["distributor2"], None]))
        code, actor = self.staff(data)
        row, distributor = Organization.objects.get(pk=partner), Organization.objects.filter(pk=above or 0).first()
        old = it.parents[partner]
        inside = self.actor(old, min(it.operators[old])) if old else None
        answer = attempt(actor, lambda: move_partner(actor=actor, partner=row, distributor=distributor))
        assert answer == code if code else answer.parent_id == above
        if not code:
            it.parents[partner] = above
        if not code and inside and old != above:  # whoever of the old one was just at work has lost it at once
            lost = {customer for customer, of in it.connections if of == partner} - set(it.customers_of(old))
            with tenancy.as_tenant(organization_id=inside.organization_id, person_id=inside.person_id):
                assert not CustomerListing.objects.filter(customer__in=lost).exists()
                assert not CustomerPartner.objects.filter(partner=partner).exists()
                assert not PartnerListing.objects.filter(organization=partner).exists()

    @rule(data=st.data(), is_back=st.booleans())
    def suspend_or_reactivate(self, data: Any, is_back: bool) -> None:
        everybody = [key for key in self.it.operators if self.it.kinds[key] != "publisher"]
        everybody += [link.sender for link in self.it.links + self.it.invitations if link.is_live] * 2
        out = sorted(self.it.suspended)
        key = data.draw(st.sampled_from(out if is_back and out else everybody))
        code, actor = self.staff(data)
        row, inside = Organization.objects.get(pk=key), self.actor(key, min(self.it.operators[key]))
        if is_back:
            answer = attempt(actor, lambda: reactivate_organization(actor=actor, organization=row))
        else:
            answer = attempt(actor, lambda: suspend_organization(actor=actor, organization=row, reason="Unpaid"))
        if self.it.kinds[key] == "vendor" and not is_back:
            code = code or "vendor"
        code = code or ("state_changed" if (key in self.it.suspended) is not is_back else "")
        assert answer == code if code else answer.is_suspended is not is_back
        if not code:
            (self.it.suspended.remove if is_back else self.it.suspended.add)(key)
        if not code and not is_back:
            with tenancy.as_tenant(organization_id=key, person_id=inside.person_id):
                assert not any(model.objects.exists() for model in TABLES)

    @rule(data=st.data())
    def suspend_a_sender_for_a_moment(self, data: Any) -> None:
        """Its links stop, and work again when it is back."""
        key = self.pick(data, self.it.links).sender
        if self.it.kinds[key] == "vendor" or key in self.it.suspended:
            return
        system = Actor.system("walk")
        row = suspend_organization(actor=system, organization=Organization.objects.get(pk=key), reason="Unpaid")
        self.it.suspended.add(key)
        self.a_token_works_as_long_as_its_link()
        reactivate_organization(actor=system, organization=row)
        self.it.suspended.remove(key)

    @rule(data=st.data(), at_once=st.booleans())
    def onboard(self, data: Any, at_once: bool) -> None:
        key = data.draw(st.sampled_from(self.it.of_kind("distributor")))
        code, actor = self.staff(data)
        row = Organization.objects.get(pk=key)
        answer = attempt(actor, lambda: set_partner_onboarding(actor=actor, distributor=row, at_once=at_once))
        assert answer == code if code else answer.onboards_partners_at_once is at_once
        if not code:
            (self.it.at_once.add if at_once else self.it.at_once.discard)(key)

    # Connections

    @rule(data=st.data(), scopes=SCOPES)
    def connect(self, data: Any, scopes: Scope) -> None:
        customer, person, actor = self.someone(data, [*self.it.of_kind("customer")[::-1], self.keys["partner2"]])
        partner = data.draw(st.sampled_from(self.it.of_kind("partner")))
        token = InvitationLink.objects.get(organization=partner).token
        answer = attempt(actor, lambda: accept_invitation(actor=actor, token=token, scopes=scopes))
        code, pair = self.it.refusal(customer, person, roles="admin"), (customer, partner)
        if customer == partner:
            code = code or "own_link"
        is_open = self.it.has_badge(partner) and partner not in self.it.suspended
        if pair not in self.it.connections and not is_open:
            code = code or "partner_not_active"
        assert answer == code if code else answer[1] is (pair not in self.it.connections)
        if not code:
            self.it.connections.setdefault(pair, int(scopes & get_all_shareable_scopes() | Scope.ACCOUNT))

    @rule(data=st.data(), by_partner=st.booleans())
    def disconnect(self, data: Any, by_partner: bool) -> None:
        row = data.draw(st.sampled_from(list(Connection.objects.order_by("state", "-pk"))))
        side, person, actor = self.someone(data, [row.partner_id if by_partner else row.customer_id])
        answer = attempt(actor, lambda: end_connection(actor=actor, connection=row))
        code = self.it.refusal(side, person, roles="admin") or ("state_changed" if row.state == "ended" else "")
        assert answer == code if code else answer.state == "ended"
        if not code:
            del self.it.connections[row.customer_id, row.partner_id]

    # What always holds

    @invariant()
    def both_locks_show_what_the_model_says(self) -> None:
        entitled = set(Entitlement.objects.values_list("pk", "customer"))
        for viewer, people in self.it.operators.items():
            actor = self.actor(viewer, min(people))
            first = {model: set(model.objects.visible_to(actor).values_list(*TABLES[model])) for model in TABLES}
            with tenancy.as_tenant(organization_id=viewer, person_id=actor.person_id):
                second = {model: set(model.objects.values_list(*TABLES[model])) for model in TABLES}
            assert first == second
            if viewer in self.it.suspended:
                assert not any(first.values())
                continue
            seen, reach = self.it.customers_of(viewer), self.it.portfolio_of(viewer)
            assert first[CustomerListing] == set(seen.items())
            assert first[Portfolio] == set(reach.items())
            assert first[CustomerPartner] == self.it.through(viewer)
            assert first[PartnerListing] == {(partner,) for partner in self.it.partners_of(viewer)}
            shared = {key for key, scopes in {**reach, **seen}.items() if scopes & Scope.ENTITLEMENTS}
            is_vendor = self.it.kinds[viewer] == "vendor"
            assert first[Entitlement] == {row for row in entitled if is_vendor or row[1] in shared}

    @invariant()
    def what_triggers_keep_is_what_a_count_says(self) -> None:
        assert differences() == []

    @invariant()
    def operators_are_those_let_in_and_an_admin_is_among_them(self) -> None:
        kept: dict[int, dict[int, set[str]]] = {}
        for operator in Operator.objects.all():
            kept.setdefault(operator.organization_id, {})[operator.person_id] = set(operator.roles)
        assert kept == self.it.operators
        assert all(any("admin" in roles for roles in people.values()) for people in kept.values())

    @invariant()
    def a_token_works_as_long_as_its_link(self) -> None:
        for links, find, model in (
            (self.it.links, get_activation, ActivationLink),
            (self.it.invitations, get_operator_invitation_of_token, OperatorInvitation),
        ):
            for link in links:
                row = model.objects.get(pk=link.key)
                assert (row.state, row.is_expired) == (link.state, link.state == "open" and link.has_ended)
                stored = set(row.tokens.values_list("digest", flat=True))
                assert stored == {digest_secret(token) for token in link.working}
                for token in link.working + link.dead:
                    assert self._leads(find, token) is self.it.works(link, token)

    def _leads(self, find: Any, token: str) -> bool:
        try:
            find(ANONYMOUS, token)
        except NotFound:
            return False
        return True

    @invariant()
    def a_link_is_accepted_once_at_most(self) -> None:
        for link in self.it.links:
            row = ActivationLink.objects.get(pk=link.key)
            told = Event.objects.filter(kind="activation.accepted", subject_id=row.public_id).count()
            assert told == (link.state == "accepted") and row.account_id == link.account


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.promise("CV-11")
def test_random_walks(world: World) -> None:
    Portal.world, Portal.people = world, [world.person("nobody")]
    for number in range(2):
        person = Person.objects.create_user(f"walker{number}@example.com", None, name=f"Walker {number}")
        EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
        Portal.people.append(person)
    tried = Sku.objects.get(code=SKU_OF_NOBODY)
    other = Sku.objects.create(code="also-to-be-tried", service=tried.service, name="Also to be tried")
    TrialOffer.objects.create(sku=other, seat_limit=25)
    Portal.skus = [tried, other]
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    phases = [one for one in Phase if one != Phase.shrink]  # to find a shorter walk takes longer than a test may last
    run_state_machine_as_test(
        Portal,
        settings=settings(max_examples=count(60), stateful_step_count=25, suppress_health_check=checks, phases=phases),
    )

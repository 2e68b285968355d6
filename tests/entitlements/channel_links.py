"""The channel's machine as far as activation links go, and what all of it needs: who acts, by the model."""

import datetime as dt
import re
from typing import Any, ClassVar

from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from accounts.models import Operator, Organization, Person, Program, ProgramMembership
from accounts.queries.operators import list_current_operators_of_person
from connections.actors import build_actor_for_organization
from connections.consent import get_all_shareable_scopes
from connections.models import Connection
from entitlements.actions import activation
from entitlements.actions.activation_accept import accept_activation
from entitlements.actions.activation_confirmation import confirm_activated_partner
from entitlements.models import ActivationLink, Sku
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import DomainError
from partnerportal.lib.scopes import ALL, Scope
from tests import mails
from tests.entitlements.channel import Channel, Link
from tests.world import KINDS, PARENTS, World

NAMES = {"customer": ("Alder", "Birch"), "partner": ("Cedar", "Dogwood")}
SENDERS = "admin admin_agent sales_agent"
PROGRAMS = ("solution_advisor", "service_provider")
SECRET = re.compile(r"/(?:join|activate)/([\w-]+)/")
SCOPES = st.integers(Scope.NONE, ALL).map(Scope)


def attempt(actor: Actor, action: Any) -> Any:
    """The action's answer, or the code of its refusal; as a request of that actor."""
    try:
        with transaction.atomic(), tenancy.as_tenant(organization_id=actor.organization_id, person_id=actor.person_id):
            return action()
    except DomainError as error:
        return error.code


def find_secret(text: str) -> str:
    found = SECRET.search(text)
    assert found, text
    return found[1]


class LinkMachine(RuleBasedStateMachine):
    world: ClassVar[World]
    people: ClassVar[list[Person]]
    skus: ClassVar[list[Sku]]

    def __init__(self) -> None:
        super().__init__()
        self.point = transaction.savepoint()
        self.keys = keys = {name: self.world[name].pk for name in KINDS}
        parents = {keys[name]: keys[PARENTS[name]] if name in PARENTS else None for name in KINDS}
        granting = set(Program.objects.filter(grants__contains=["customer_dashboard"]).values_list("code", flat=True))
        kinds = {keys[name]: str(kind) for name, kind in KINDS.items()}
        self.it = Channel(dt.datetime.now(dt.UTC).date(), granting, kinds, parents)
        for operator in Operator.objects.all():
            self.it.operators.setdefault(operator.organization_id, {})[operator.person_id] = set(operator.roles)
        for membership in ProgramMembership.objects.select_related("program"):
            rows = self.it.memberships.setdefault(membership.organization_id, {})
            rows[membership.program.code, membership.starts_on] = membership.ends_on
        self.it.connections = {(c.customer_id, c.partner_id): c.scopes for c in Connection.objects.active()}

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.point)

    # Who does it

    def actor(self, organization: int | None, person: int) -> Actor:
        operators = list_current_operators_of_person(person)
        return build_actor_for_organization(Person.objects.get(pk=person), organization, operators)

    def someone(self, data: Any, organizations: list[int]) -> tuple[int, int, Actor]:
        """One of the operators of one of these organisations; mostly an Admin, as refusals change nothing."""
        organization = data.draw(st.sampled_from(organizations))
        roles = self.it.operators[organization]
        people = sorted(roles, key=lambda key: ("admin" not in roles[key], key))
        person = data.draw(st.sampled_from(people[:1] * 3 + people))
        return organization, person, self.actor(organization, person)

    def staff(self, data: Any) -> tuple[str, Actor]:
        """Of the vendor, and at times of a distributor, with the code of their refusal."""
        who = data.draw(st.sampled_from(["vendor"] * 6 + ["distributor"]))
        organization, person, actor = self.someone(data, [self.keys[who]])
        return self.it.refusal(organization, person, kinds="vendor", roles="admin"), actor

    def pick(self, data: Any, links: list[Link]) -> Link:
        return data.draw(st.sampled_from(links[::-1]))  # the newest is the simplest example

    def pick_token(self, data: Any, link: Link) -> str:
        return data.draw(st.sampled_from(link.working * 4 + link.dead))

    def end(self, model: Any, link: Link) -> None:
        """Its time is over, if it was not before."""
        if not link.has_ended:
            model.objects.filter(pk=link.key).update(expires_at=timezone.now() - dt.timedelta(seconds=1))
        link.has_ended = True

    def read_mail(self) -> str:
        """The token in the newest mail that has one."""
        return next(found[1] for mail in mails.sent()[::-1] if (found := SECRET.search(mail.body)))

    # Activation links

    @rule(data=st.data(), kind=st.sampled_from(("customer", "partner")), number=st.integers(0, 1))
    def send(self, data: Any, kind: str, number: int) -> None:
        sender, person, _actor = self.someone(data, self.it.of_kind("partner", "distributor", "vendor"))
        partner = data.draw(st.sampled_from([None, *self.it.of_kind("partner")]))
        to, sku = data.draw(st.sampled_from(self.people)), data.draw(st.sampled_from(self.skus))
        name = NAMES[kind][number]
        twin = data.draw(st.sampled_from([None, *self.it.links[::-1]]))
        if twin:  # to the same organisation, perhaps by somebody else: the use of the one ends the other
            kind, name, partner = twin.kind, twin.name, twin.partner
            to = next(one for one in self.people if one.pk == twin.person)
        self.send_as(sender, person, kind, to, name, partner, sku)

    def send_as(
        self, sender: int, person: int, kind: str, to: Person, name: str, partner: int | None, sku: Sku
    ) -> None:
        actor, sold = self.actor(sender, person), kind == "customer"
        values: dict[str, Any] = {"program": Program.objects.get(code=PROGRAMS[0])}
        if sold:
            values = {"sku": sku, "seats": 1, "partner": Organization.objects.get(pk=partner) if partner else None}
        row = attempt(
            actor,
            lambda: activation.send_activation_link(
                actor=actor, kind=kind, name=name, email=to.email, country="FR", language="en", **values
            ),
        )
        expected, named = self._send_refusal(sender, person, kind, to, name, partner)
        if expected:
            assert row == expected
        else:
            named, of = (named, sku.pk) if sold else (None, None)
            link = Link(row.pk, sender, to.pk, kind=kind, name=name, partner=named, sku=of, program=PROGRAMS[0])
            link.add(self.read_mail())
            self.it.links.append(link)

    def _send_refusal(
        self, sender: int, person: int, kind: str, to: Person, name: str, partner: int | None
    ) -> tuple[str, int | None]:
        kinds = "partner distributor vendor" if kind == "customer" else "distributor vendor"
        code = self.it.refusal(sender, person, kinds=kinds, roles=SENDERS, needs_badge=kind == "customer")
        if not code and kind == "partner" and self.it.is_partner_name_taken(name):
            code = "name_taken"
        if kind == "customer":
            refused, partner = self._naming_refusal(sender, partner)
            code = code or refused
        same = (sender, kind, to.pk, name)
        if not code and any(
            one.is_live and (one.sender, one.kind, one.person, one.name) == same for one in self.it.links
        ):
            code = "already_sent"
        return code, partner

    def _naming_refusal(self, sender: int, partner: int | None) -> tuple[str, int | None]:
        """Why a sender cannot name this partner in a customer's link, and the one that it names in its place."""
        mine = self.it.kinds[sender]
        partner = sender if mine == "partner" else partner
        if partner is None:
            return "" if mine == "vendor" else "partner_required", None
        if not self.it.is_partner_of(partner, sender) or partner in self.it.suspended:
            return "partner", partner
        return "" if self.it.has_badge(partner) else "partner_not_active", partner

    @rule(data=st.data(), what=st.sampled_from(("resend", "copy", "revoke", "end", "readdress")))
    def change_link(self, data: Any, what: str) -> None:
        link = self.pick(data, self.it.links)
        if what == "end":
            self.end(ActivationLink, link)
            return
        sender, person, actor = self.someone(data, [link.sender] * 5 + [self.keys["partner2"]])
        row, own = ActivationLink.objects.get(pk=link.key), {"actor": actor}
        kinds = "partner distributor vendor" if link.kind == "customer" else "distributor vendor"
        code = self.it.refusal(sender, person, kinds=kinds, roles=SENDERS, needs_badge=link.kind == "customer")
        code = code or ("not_found" if sender != link.sender else "")
        if what == "readdress":
            self._readdress(data, link, row, actor, code)
        elif what == "revoke":
            code = code or ("state_changed" if link.state != "open" else "")
            answer = attempt(actor, lambda: activation.revoke_activation_link(activationlink=row, **own))
            assert answer == code if code else answer.state == "revoked"
            if not code:
                link.close("revoked")
        else:
            act = activation.resend_activation_link if what == "resend" else activation.copy_activation_link
            code = code or ("state_changed" if link.state != "open" else self.it.obstacle(link)) or link.refusal()
            answer = attempt(actor, lambda: act(activationlink=row, **own))
            assert answer == code if code else answer != ""
            if not code:
                link.add(self.read_mail() if what == "resend" else find_secret(answer))

    def _readdress(self, data: Any, link: Link, row: ActivationLink, actor: Actor, code: str) -> None:
        to, trial = data.draw(st.sampled_from(self.people)), link.kind == "customer"
        code = code or ("state_changed" if link.state != "open" else "")
        if not code and not trial and self.it.is_partner_name_taken(link.name):
            code = "name_taken"
        named = data.draw(st.sampled_from([None, *self.it.of_kind("partner")])) if trial else None
        if trial:
            refused, named = self._naming_refusal(link.sender, named)
            code = code or refused
        same = (link.sender, link.kind, to.pk, link.name)
        if not code and self.it.is_sent(same, but=link):
            code = "already_sent"
        code = code or (link.refusal() if to.pk == link.person else "")
        partner = Organization.objects.get(pk=named) if named else None
        values = {"sku": row.sku, "seats": 1, "partner": partner} if trial else {"program": row.program}
        answer = attempt(
            actor,
            lambda: activation.change_activation_link(
                actor=actor, activationlink=row, name=row.name, email=to.email, country="FR", language="en", **values
            ),
        )
        assert answer == code if code else answer.email == to.email
        if not code:
            if to.pk != link.person:
                link.kill()
            link.person, link.partner = to.pk, named
            link.add(self.read_mail())

    @rule(data=st.data(), scopes=SCOPES, is_stranger=st.sampled_from((False, False, False, False, True)))
    def accept(self, data: Any, scopes: Scope, is_stranger: bool) -> None:
        link = self.pick(data, self.it.links)
        token = self.pick_token(data, link)
        person = data.draw(st.sampled_from(self.people)).pk if is_stranger else link.person
        chosen = self._choose(data, link, person)
        mine = Organization.objects.get(pk=chosen) if chosen else None
        actor = self.actor(chosen, person)
        answer = attempt(
            actor,
            lambda: accept_activation(
                actor=actor, token=token, scopes=scopes, organization_id=mine.public_id if mine else None,
                details=None if mine else {"name": link.name, "country": "FR"},
            ),
        )  # fmt: skip
        code, account = self._accept_refusal(link, token, person, chosen)
        if code:
            assert answer == code, f"{answer} in place of {code}"
            return
        assert answer.state == "accepted" and account in (None, answer.account_id)
        self._accepted(link, person, answer.account_id, scopes)

    def _choose(self, data: Any, link: Link, person: int) -> int | None:
        """An organisation of theirs, or none: they found one. Partners of this transaction look as if just founded."""
        mine = [key for key, people in self.it.operators.items() if person in people]
        if link.kind == "partner":
            mine = [key for key in mine if key not in self.it.names]
        return data.draw(st.sampled_from([None, None, None, *mine]))

    def _accept_refusal(self, link: Link, token: str, person: int, chosen: int | None) -> tuple[str, int | None]:
        if not self.it.works(link, token):
            return "unknown_invitation", None
        if person != link.person:
            return "other_address", None
        if chosen is None and link.kind == "partner":
            return "name_taken" if self.it.is_partner_name_taken(link.name) else "", None
        again = self.it.of_founder(person, link.name) if chosen is None else []
        account = chosen or (again[0] if again else None)
        if account is None:
            is_open = link.partner is None or self.it.has_badge(link.partner)
            return "" if is_open else "partner_not_active", None
        if chosen and (self.it.kinds[chosen] != link.kind or "admin" not in self.it.operators[chosen][person]):
            return "wrong_organization", None
        if account in self.it.suspended or link.kind == "partner":
            return "wrong_organization", None
        is_connected = link.partner is None or (account, link.partner) in self.it.connections
        if not is_connected and not self.it.has_badge(link.partner):  # type: ignore[arg-type]
            return "partner_not_active", None
        return "trial_taken" if (account, link.sku) in self.it.tried else "", account

    def _accepted(self, link: Link, person: int, account: int, scopes: Scope) -> None:
        it = self.it
        assert link.account is None, "a link is accepted once"
        link.account = account
        if account not in it.kinds:
            it.kinds[account], it.names[account], it.operators[account] = link.kind, link.name, {person: {"admin"}}
            is_below = link.kind == "partner" and it.kinds[link.sender] == "distributor"
            it.parents[account] = link.sender if is_below else None
        if link.kind == "customer":
            it.tried.add((account, link.sku))  # type: ignore[arg-type]
            if link.partner:
                it.connections[account, link.partner] = scopes & get_all_shareable_scopes() | Scope.ACCOUNT
        elif link.sender in it.at_once:
            it.memberships[account] = {(link.program, it.today): None}
        link.close("accepted")
        same = (link.person, link.kind, link.name, link.partner)
        for one in it.links:
            if one.state == "open" and (one.person, one.kind, one.name, one.partner) == same:
                one.close("revoked")

    @rule(data=st.data(), program=st.sampled_from(PROGRAMS))
    def confirm(self, data: Any, program: str) -> None:
        link = self.pick(data, self.it.links + [one for one in self.it.links if one.kind == "partner"] * 3)
        code, actor = self.staff(data)
        row = ActivationLink.objects.get(pk=link.key)
        answer = attempt(
            actor,
            lambda: confirm_activated_partner(
                actor=actor, activationlink=row, program=Program.objects.get(code=program)
            ),
        )
        if link.kind != "partner":
            code = code or "not_found"
        if link.account is None or self.it.memberships.get(link.account):
            code = code or "state_changed"
        assert answer == code if code else answer.organization_id == link.account
        if not code:
            self.it.memberships[link.account] = {(program, self.it.today): None}  # type: ignore[index]

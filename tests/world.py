"""The named cast: organisations of every kind and situation, people in every role, and data that could leak.

    distributor ── partner ──┬── customer ──── lapsed (a partner whose badge has ended)
                             ├── customer2 ─── partner2 ── distributor2
                             └╌╌ ended (connection ended)
    nobadge, stranger, publisher, vendor: connected to nobody

People are "partner.admin", "partner.reader" and so on; "many" acts for partner, customer and distributor, "nobody" for
none; "asking" asks the stranger to be let in. What an organisation owns carries canaries that appear nowhere else, one
per sort of data: see `canary`.
"""

import datetime as dt
from collections.abc import Callable
from functools import cached_property, partial
from itertools import islice
from typing import Any, TypeVar

from allauth.account.models import EmailAddress
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from accounts.models import (
    Competency,
    JoinRequest,
    Operator,
    OperatorInvitation,
    Organization,
    OrganizationDomain,
    OrganizationKind,
    Person,
    Program,
    ProgramMembership,
    Role,
    Skill,
)
from accounts.queries.operators import list_current_operators_of_person
from connections.actions import accept_invitation, end_connection
from connections.actors import build_actor_for_organization
from connections.consent import WORDING
from connections.models import Connection, InvitationLink
from entitlements.actions.renewal_work import change_renewal_work
from entitlements.events import EntitlementEventKind
from entitlements.models import Entitlement, Order, OrderLine, RenewalState, Sku
from notifications.actions.outbox import write_due_notices
from notifications.actions.recording import record_event
from notifications.models import Delivery, Event, Notice
from partnerportal.lib.actors import ANONYMOUS, Actor
from partnerportal.lib.prepared import build_model_instance
from partnerportal.lib.roles import list_roles_for_kind
from partnerportal.lib.scopes import ALL, Scope
from partnerportal.lib.tokens import digest_secret
from support.actions.drafts import save_request_draft, start_request
from support.actions.messages import post_message
from support.actions.submitting import submit_request
from support.country_change import CODE
from support.models import Request, RequestFile, RequestMessage
from tests import world_activation, world_offers, world_usage

READ = {"wording": f"{WORDING}/en"}  # what the forms of a consent carry along: which texts the person read

KINDS = {
    "vendor": OrganizationKind.VENDOR,
    "distributor": OrganizationKind.DISTRIBUTOR,
    "distributor2": OrganizationKind.DISTRIBUTOR,
    "partner": OrganizationKind.PARTNER,
    "partner2": OrganizationKind.PARTNER,
    "lapsed": OrganizationKind.PARTNER,
    "nobadge": OrganizationKind.PARTNER,
    "customer": OrganizationKind.CUSTOMER,
    "customer2": OrganizationKind.CUSTOMER,
    "ended": OrganizationKind.CUSTOMER,
    "stranger": OrganizationKind.CUSTOMER,
    "publisher": OrganizationKind.PUBLISHER,
}
PARENTS = {"partner": "distributor", "partner2": "distributor2"}
CONNECTED = [("customer", "partner"), ("customer", "lapsed"), ("customer2", "partner"), ("customer2", "partner2")]
MANY = {"partner": [Role.ADMIN], "customer": [Role.READER], "distributor": [Role.ADMIN]}
FINANCE_GRANTED = (Role.READER, Role.SALES_AGENT)  # roles of the partner in which somebody sees orders by grant
SKU_OF_NOBODY = "to-be-tried"
SORTS = (
    "name",
    "details",
    "people",
    "goods",
    "skus",
    "orders",
    "usage",
    "licence holders",
    "requests",
    "activations",
    "work",
)
INVITING = ("partner", "customer")  # have each invited an operator
WITH_DOMAIN = ("vendor", "distributor", "partner", "customer", "stranger")  # have not proved it yet
NOTING = (
    ("partner", "customer"),
    ("distributor2", "customer2"),
    ("distributor", "customer"),
)  # note what they do about ends
ASKING = ("partner", "partner2", "distributor", "publisher")  # have asked the vendor for another country
# What customers do not share with a partner; with all others they share everything.
KEPT_BACK = {("customer2", "partner2"): Scope.ORDERS | Scope.USAGE, ("customer", "lapsed"): ALL & ~Scope.ACCOUNT}

Row = TypeVar("Row", bound=Model)
_KEYS: dict[str, int] = {}


def canary(organization: str, sort: str = "name") -> str:
    """A word that only this organisation's data of that sort contains.

    Goods are what it may use, of its own skus; of one more sku it is known through usage alone. Licence holders are for
    its own Admins and nobody else (CC-32).
    """
    return f"{sort[0]}q{organization}q"


class World:
    """Reads the cast from the database, fresh for each test: `world.partner`, `world["partner"]`."""

    def __getitem__(self, name: str) -> Organization:
        if name not in KINDS:
            raise KeyError(name)
        find = partial(Organization.objects.get, account_manager_name=manager(name))  # which nobody can edit
        return _read(Organization, _key_of(name, find))

    def __getattr__(self, name: str) -> Organization:
        if name not in KINDS:
            raise AttributeError(name)
        self.__dict__[name] = self[name]
        return self.__dict__[name]

    @cached_property
    def names(self) -> dict[int, str]:
        """Primary key -> name in the cast."""
        return {self[name].pk: name for name in KINDS}

    def person(self, who: str) -> Person:
        """Who: "partner.admin", "many", "many@customer", "nobody"."""
        email = address(who.partition("@")[0])
        return _read(Person, _key_of(email, partial(Person.objects.get, email=email)))

    def actor(self, who: str) -> Actor:
        if who == "anonymous":
            return ANONYMOUS
        person = self.person(who)
        return build_actor_for_organization(
            person, self.organization_id_of(who), list_current_operators_of_person(person.pk)
        )

    def organization_of(self, who: str) -> Organization | None:
        """Whom they act for; "many" alone acts for the first of three by name."""
        name = organization_name_of(who)
        return self[name] if name in KINDS else None

    def organization_id_of(self, who: str) -> int | None:
        """The primary key of whom they act for."""
        name = organization_name_of(who)
        return _key_of(name, lambda: self[name]) if name in KINDS else None

    def operator(self, who: str) -> Operator:
        return Operator.objects.get(person=self.person(who), organization=self.organization_id_of(who))

    def connection(self, customer: str, partner: str) -> Connection:
        return Connection.objects.get(customer=self[customer], partner=self[partner])

    def token(self, partner: str) -> str:
        return InvitationLink.objects.get(organization=self[partner]).token

    def notices(self, recipient: str) -> Any:
        return Notice.objects.filter(recipient_id=self[recipient].pk).order_by("pk")


def organization_name_of(who: str) -> str:
    return who.partition("@")[2] if "@" in who else who.partition(".")[0]


def _key_of(name: str, find: Callable[[], Model]) -> int:
    """Return the primary key of one of the cast. It is kept: it is the same in every copy, for every test."""
    if name not in _KEYS:
        _KEYS[name] = find().pk
    return _KEYS[name]


def _read(model: type[Row], key: int) -> Row:
    """Return a row by its primary key. Every test reads some, and Django takes longer to write such a statement than
    the server to answer it."""
    columns = ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {model._meta.db_table} WHERE id = %s", [key])
        row = cursor.fetchone()
    if row is None:
        raise model.DoesNotExist
    return build_model_instance(model, row)


def join_token(name: str) -> str:
    """The token in the link by which an organisation of INVITING has invited an operator."""
    return f"to-act-for-the-{name}-"


def manager(name: str) -> str:
    return f"Manager {canary(name, 'details')}"


def domain_of(name: str) -> str:
    """The domain that an organisation has begun to prove."""
    return f"{canary(name, 'people')}.example"


def address(who: str) -> str:
    organization, _dot, role = who.partition(".")
    return f"{role}.{canary(organization, 'people')}@example.com" if role else f"{who}@example.com"


@transaction.atomic
def build() -> None:
    """Everything, through the product's own actions where there is one."""
    for name in KINDS:
        organization = _organization(name)
        for role in list_roles_for_kind(KINDS[name]):
            _operator(_person(f"{name}.{role}", f"{role.title()} {canary(name, 'people')}"), organization, [role])
    for role in FINANCE_GRANTED:
        person = _person(f"partner.{role}_with_finance", f"{role.title()} with {canary('partner', 'people')}")
        _operator(person, World().partner, [role], finance_granted=True)
    many = _person("many", "Mary Many")
    for name, roles in MANY.items():
        _operator(many, World()[name], roles)
    _person("nobody", "Norman Nobody")
    for name in INVITING:
        _invite(name)
    asking = _person("asking", "Astrid Asking")  # to be let in by the stranger
    JoinRequest.objects.create(organization=World().stranger, person=asking, domain="example.com")
    for name in WITH_DOMAIN:
        OrganizationDomain.objects.create(organization=World()[name], name=domain_of(name))
    today = timezone.now().date()
    _qualify("partner", competency="security", skill="migration")
    _badge("partner", "service_provider", today - dt.timedelta(days=400))
    _badge("partner2", "solution_advisor", today - dt.timedelta(days=300))
    for name in ("partner", "distributor"):
        _badge(name, "csp", today - dt.timedelta(days=200))
    _badge("lapsed", "solution_advisor", today - dt.timedelta(days=500))
    for customer, partner in [*CONNECTED, ("ended", "partner")]:
        scopes = ALL & ~KEPT_BACK.get((customer, partner), Scope.NONE)
        accept_invitation(actor=World().actor(f"{customer}.admin"), token=World().token(partner), scopes=scopes)
    for name in KINDS:
        if name != "vendor":
            _goods(World()[name], name)
            world_usage.build(
                World()[name],
                word=canary(name, "goods"),
                used=canary(name, "usage"),
                holders=canary(name, "licence holders"),
                person=World().person(f"{name}.admin"),
                asks=name == "customer2",
            )
    for viewer, customer in NOTING:
        _note(viewer, customer)
    world_offers.build(World())
    tried = Sku.objects.create(code=SKU_OF_NOBODY, service="To be tried", name="To be tried")
    words = {name: canary(name, "activations") for name in world_activation.ACTIVATING}
    world_activation.build(World(), tried, words)
    world_usage.build_ingest()
    for name in ASKING:
        _ask(name)
    while write_due_notices():  # the connected ones get their notices before the end: the row that could leak
        pass
    end_connection(actor=World().actor("ended.admin"), connection=World().connection("ended", "partner"))
    while write_due_notices():
        pass
    ProgramMembership.objects.filter(organization=World().lapsed).update(ends_on=today - dt.timedelta(days=1))
    assert not Delivery.objects.exclude(error="").exists(), Delivery.objects.exclude(error="").first().error
    Delivery.objects.filter(done_at=None).update(done_at=timezone.now())  # no mails left for a test to find


def free_org_ids(count: int) -> list[str]:
    """For organisations written many at once: drawn at random, two of 2,000 are the same in one run of fifty."""
    taken = set(Organization.objects.values_list("org_id", flat=True))
    return list(islice((org_id for org_id in map(str, range(50_000_000, 99_999_999)) if org_id not in taken), count))


def _organization(name: str) -> Organization:
    details = canary(name, "details")
    return Organization.objects.create(
        kind=KINDS[name],
        name=f"{name.title()} {canary(name)}",
        country="DE",
        street=f"1 {details} Street",
        postal_code="10115",
        city=f"City {details}",
        phone=f"+49 30 {details}",
        contact_email=f"office@{details}.example",
        website=f"{details}.example",
        parent=World()[PARENTS[name]] if name in PARENTS else None,
        account_manager_name=manager(name),
        account_manager_email=f"manager@{details}.example",
        account_manager_phone=f"+49 40 {details}",
    )


def _person(who: str, name: str) -> Person:
    person = Person.objects.create_user(address(who), "correct horse battery", name=name)
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return person


def _operator(person: Person, organization: Organization, roles: list[str], *, finance_granted: bool = False) -> None:
    Operator.objects.create(person=person, organization=organization, roles=roles, finance_granted=finance_granted)


def _invite(name: str) -> None:
    """An invitation of an operator that nobody has answered."""
    values: dict[str, Any] = {"organization": World()[name], "email": f"invited.{canary(name, 'people')}@example.com"}
    ends = timezone.now() + dt.timedelta(days=30)
    invitation = OperatorInvitation.objects.create(**values, language="en", roles=[Role.READER], expires_at=ends)
    invitation.tokens.create(digest=digest_secret(join_token(name)))


def _qualify(name: str, *, competency: str, skill: str) -> None:
    organization = World()[name]
    organization.competencies.add(Competency.objects.get(code=competency))
    organization.skills.add(Skill.objects.get(code=skill))


def _note(viewer: str, customer: str) -> None:
    """What the viewer does about the end of the customer's production entitlement; a colleague looks after it."""
    who = f"{viewer}.admin"
    ends = Entitlement.objects.filter(customer=World()[customer], kind="production", state="active").get()
    change_renewal_work(
        actor=World().actor(who),
        entitlement=ends,
        state=RenewalState.CONTACTED,
        owner=World().operator(who),
        note=f"Called {canary(viewer, 'work')}",
    )


def _badge(name: str, program: str, starts_on: dt.date) -> None:
    ProgramMembership.objects.create(
        organization=World()[name], program=Program.objects.get(code=program), starts_on=starts_on
    )


def _goods(organization: Organization, name: str) -> None:
    """An entitlement for each section of the Services tab, an order, and the news of them."""
    today, word = timezone.now().date(), canary(name, "goods")
    last_month, next_month = today - dt.timedelta(days=30), today + dt.timedelta(days=30)
    plan = canary(name, "skus")
    sku = Sku.objects.create(code=plan, service=f"Service {plan}", name=f"Plan {plan}")
    kinds, states = Entitlement.Kind, Entitlement.State
    for number, (kind, state, starts_on, ends_on) in enumerate(
        [
            (kinds.PRODUCTION, states.ACTIVE, last_month, next_month),
            (kinds.TRIAL, states.ACTIVE, last_month, next_month),
            (kinds.TRIAL, states.REQUESTED, None, None),
            (kinds.TRIAL, states.EXPIRED, last_month, today - dt.timedelta(days=1)),
            (kinds.PRODUCTION, states.CANCELLED, last_month, next_month),
        ]
    ):
        entitlement = Entitlement.objects.create(
            customer=organization,
            sku=sku,
            external_id=f"{word}-{number}",
            kind=kind,
            state=state,
            quantity=10 + number,
            assigned=number,
            starts_on=starts_on,
            ends_on=ends_on,
        )
    order = Order.objects.create(
        customer=organization,
        number=f"PO-{canary(name, 'orders')}",
        placed_on=last_month,
        state="fulfilled",
        currency="EUR",
        total=99,
    )
    OrderLine.objects.create(order=order, position=1, sku=sku, quantity=10, unit_price="9.90")
    for kind, subject, label, facts in (
        (EntitlementEventKind.ADDED, entitlement, sku.name, {"sku_name": sku.name, "quantity": 10}),
        (EntitlementEventKind.ORDER_PLACED, order, order.number, {"number": order.number}),
    ):
        record_event(
            kind,
            actor=Actor.system("feed"),
            subject=subject,
            label=label,
            customer_id=organization.pk,
            scopes=kind.scopes,
            data={"customer": str(organization.public_id), "customer_name": organization.name, **facts},
        )


def _ask(name: str) -> None:
    """A request that waits, with a revision and a message; and of the publisher a draft that nobody else sees."""
    actor, organization = World().actor(f"{name}.admin"), World()[name]
    word = canary(name, "requests")
    fields = {
        "title": f"Moved {word}",
        "justification": f"Moved {word}",
        "contact_email": f"{word}@example.com",
        "payload": {"country": "FR"},
    }
    draft = start_request(actor=actor, kind=CODE, subject_id=organization.public_id)
    request = submit_request(actor=actor, request=draft, **fields)
    message = post_message(actor=actor, request=request, body=f"Soon {word}")
    _attach(request, word)
    _attach(request, word, message)
    if name == "publisher":
        draft = start_request(actor=actor, kind=CODE, subject_id=organization.public_id)
        _attach(save_request_draft(actor=actor, request=draft, **fields), word)


def _attach(request: Request, word: str, message: RequestMessage | None = None) -> None:
    """A file that is named and not stored: who may have it is what tests ask."""
    RequestFile.objects.create(request=request, message=message, name=f"{word}.pdf", size=1)


def events_of(kind: str) -> Any:
    return Event.objects.filter(kind=kind).order_by("pk")

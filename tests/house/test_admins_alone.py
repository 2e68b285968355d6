"""What the role tables leave to Admins the database leaves to them too, whatever a Reader's request is made to say."""

import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.models import (
    Competency,
    Operator,
    OperatorInvitation,
    Organization,
    OrganizationCompetency,
    OrganizationSkill,
    Program,
    ProgramMembership,
    Role,
    SavedView,
    Skill,
)
from connections.models import Connection
from entitlements.models import Entitlement, IngestToken, LicenseAssignment, Sku, SkuPublisher, TrialOffer
from marketplace.models import Category, Market, MarketCountry, MarketCurrency
from partnerportal.lib.roles import list_roles_for_kind
from tests.world import KINDS, SKU_OF_NOBODY

DAY = "2020-01-01"


def colleague(actor, role):
    return Operator.objects.filter(organization_id=actor.organization_id, roles=[role]).exclude(
        person__email__startswith="many"
    )


def mark(actor):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM mark_release((SELECT min(key) FROM entitlements_licencerelease), true)")
        return cursor.fetchone()[0]


def own(model, **values):
    return model.objects.filter(customer__isnull=False, **values)


def others(kind):
    return Organization.objects.filter(kind=kind)


def grant(actor):
    program = Program.objects.get(code="csp")
    rows = [ProgramMembership(organization=row, program=program, starts_on=DAY) for row in others("partner")]
    return len(ProgramMembership.objects.bulk_create(rows))


def qualify(actor):
    skill = Skill.objects.get(code="training")
    return len(
        OrganizationSkill.objects.bulk_create(
            [OrganizationSkill(organization=row, skill=skill) for row in others("partner")]
        )
    )


def register(actor):
    return bool(Organization.objects.create(kind="partner", name="Registered", country="FR").pk)


OF_NOBODY = (
    10**9
)  # the primary key of an organisation without an Admin, which others may name though they do not see it


def invite(actor):
    row = OperatorInvitation(organization_id=OF_NOBODY, email="a@b.example", language="en")
    row.roles, row.expires_at = ["admin"], timezone.now()
    row.save(force_insert=True)
    return True


def place(actor):
    africa = Market.objects.get(code="africa")
    return MarketCountry.objects.filter(country="FR").update(market=africa, currency="USD")


@pytest.fixture(autouse=True)
def _something_unused(db):
    """A market, a category and a currency that nothing uses, and an organisation without an Admin."""
    Organization.objects.create(pk=OF_NOBODY, kind="partner", name="Of nobody", country="FR")
    Market.objects.create(code="empty", names={"en": "Empty"})
    Category.objects.create(code="mistyped", names={"en": "Mistyped"})
    MarketCurrency.objects.create(market=Market.objects.get(code="europe"), currency="XAF")


ACTIONS = {  # who does it, and how many rows it changes
    "become an Admin": ("customer", lambda a: colleague(a, "reader").update(roles=[Role.ADMIN])),
    "remove a colleague": ("partner", lambda a: colleague(a, "sales_agent")._raw_delete("default")),
    "edit the account": (
        "customer",
        lambda a: Organization.objects.filter(pk=a.organization_id).update(city="Ulm"),
    ),
    "cancel a trial": (
        "customer",
        lambda a: own(Entitlement, customer=a.organization_id, kind="trial", state="active").update(state="cancelled"),
    ),
    "decide a trial": (
        "vendor",
        lambda a: own(Entitlement, kind="trial", state="requested").update(state="declined"),
    ),
    "ask for a release": (
        "customer",
        lambda a: own(LicenseAssignment, released_at=None).update(release_asked_at=timezone.now()),
    ),
    "mark a release": ("vendor", mark),
    "open a SKU for trial": (
        "vendor",
        lambda a: bool(TrialOffer.objects.create(sku=Sku.objects.filter(trial_offer=None)[0], seat_limit=1).pk),
    ),
    "withdraw a SKU from trial": ("vendor", lambda a: TrialOffer.objects.update(withdrawn_at=timezone.now())),
    "let partners be onboarded at once": (
        "vendor",
        lambda a: others("distributor").update(onboards_partners_at_once=True),
    ),
    "correct a partner": (
        "vendor",
        lambda a: others("partner").filter(name__startswith="Partner ").update(partner_id="7654321", name="Right"),
    ),
    "register a partner": ("vendor", register),
    "invite a first Admin": ("vendor", invite),
    "create a feed token": (
        "vendor",
        lambda a: bool(IngestToken.objects.create(name="New", digest="new", prefix="new").pk),
    ),
    "revoke a feed token": (
        "vendor",
        lambda a: IngestToken.objects.filter(revoked_at=None).update(revoked_at=timezone.now()),
    ),
    "suspend a customer": ("vendor", lambda a: others("customer").update(state="suspended")),
    "move a partner": ("vendor", lambda a: others("partner").update(parent=None)),
    "assign an account manager": (
        "vendor",
        lambda a: others("customer").update(account_manager=colleague(a, "reader").first()),
    ),
    "end a membership": ("vendor", lambda a: ProgramMembership.objects.update(ends_on="2099-01-01")),
    "grant a membership": ("vendor", grant),
    "take a competency away": ("vendor", lambda a: OrganizationCompetency.objects.all()._raw_delete("default")),
    "set a skill": ("vendor", qualify),
    "rename a skill": ("vendor", lambda a: Skill.objects.filter(code="training").update(name="Coaching", revision=2)),
    "add a competency": ("vendor", lambda a: bool(Competency.objects.create(code="new", name="New").pk)),
    "retire a category": ("vendor", lambda a: Category.objects.filter(code="backup").update(is_retired=True)),
    "remove a category": ("vendor", lambda a: Category.objects.filter(code="mistyped")._raw_delete("default")),
    "add a market": ("vendor", lambda a: bool(Market.objects.create(code="moon", names={"en": "Moon"}).pk)),
    "remove a market": ("vendor", lambda a: Market.objects.filter(code="empty")._raw_delete("default")),
    "move a country": ("vendor", place),
    "take a currency away": (
        "vendor",
        lambda a: MarketCurrency.objects.filter(market__code="europe", currency="XAF")._raw_delete("default"),
    ),
    "make a SKU a publisher's": (
        "vendor",
        lambda a: bool(
            SkuPublisher.objects.create(
                sku=Sku.objects.get(code=SKU_OF_NOBODY), publisher=others("publisher").first()
            ).pk
        ),
    ),
    "take a SKU from its publisher": ("vendor", lambda a: SkuPublisher.objects.all()._raw_delete("default")),
    "end a connection": (
        "customer",
        lambda a: own(Connection, customer=a.organization_id, state="active").update(
            state="ended", ended_at=timezone.now(), ended_by_id=a.organization_id
        ),
    ),
}


def done(action, actor):
    """How many rows are changed, as that actor: none where the database refuses."""
    try:
        with transaction.atomic():
            return action(actor)
    except DatabaseError as error:
        assert "row-level security" in str(error) or "only vendor staff" in str(error), error
        return 0


@pytest.mark.parametrize("name", ACTIONS)
def test_an_admin_does_it_and_a_reader_does_not(name, world, actor_for, as_tenant):
    organization, action = ACTIONS[name]
    for role in sorted(list_roles_for_kind(KINDS[organization]), key=lambda role: role == Role.ADMIN):
        actor = actor_for(f"{organization}.{role}")
        with as_tenant(actor):
            assert (done(action, actor) > 0) is (role == Role.ADMIN), role


@pytest.mark.parametrize("who", ["partner.admin", "customer.admin", "distributor.admin", "publisher.admin"])
@pytest.mark.parametrize("name", [name for name, (by, _) in ACTIONS.items() if by == "vendor"])
def test_what_the_vendors_admins_do_no_other_admin_does(name, who, world, actor_for, as_tenant):
    """Not even of their own organisation, which they see."""
    action = ACTIONS[name][1]
    with as_tenant(actor_for(who)):
        assert done(action, actor_for(who)) == 0


@pytest.mark.parametrize(("role", "is_stored"), [("reader", False), ("admin", True)])
def test_a_trial_is_asked_for_by_an_admin(role, is_stored, world, actor_for, as_tenant):
    def ask(actor):
        row = Entitlement(customer=world.customer, sku=sku, external_id=f"trial-{uuid.uuid4()}", kind="trial")
        row.state, row.quantity = "requested", 5
        row.save(force_insert=True)
        return 1

    sku = Sku.objects.get(code=SKU_OF_NOBODY)
    with as_tenant(actor_for(f"customer.{role}")):
        assert bool(done(ask, actor_for(f"customer.{role}"))) is is_stored


@pytest.mark.parametrize(("role", "is_stored"), [("reader", False), ("admin", True)])
def test_a_connection_is_made_by_an_admin(role, is_stored, world, actor_for, as_tenant):
    def connect(actor):
        Connection.objects.create(partner=world.partner, customer_id=actor.organization_id)
        return 1

    actor = actor_for(f"stranger.{role}")
    with as_tenant(actor, secret=world.token("partner")):
        assert bool(done(connect, actor)) is is_stored


def test_nobody_is_let_in_but_who_founds(world, actor_for, as_tenant):
    """Staff add operators. An Admin neither lets a friend in nor, gone from the organisation, themselves."""

    def let_in(who):
        def add(actor):
            Operator.objects.create(organization_id=actor.organization_id, person=world.person(who), roles=["admin"])
            return 1

        return add

    admin, gone = actor_for("customer.admin"), actor_for("customer.reader")
    world.operator("customer.reader").delete()
    with as_tenant(admin):
        assert done(let_in("nobody"), admin) == 0
    with as_tenant(gone):
        assert done(let_in("customer.reader"), gone) == 0


def test_a_shared_view_is_an_admins_to_share_and_to_delete(world, actor_for, as_tenant):
    reader, admin = actor_for("partner.reader"), actor_for("partner.admin")
    shared = {"organization_id": admin.organization_id, "list_key": "customers", "is_shared": True}
    theirs = SavedView.objects.create(name="Theirs", person_id=admin.person_id, **shared)
    with as_tenant(reader):
        assert SavedView.objects.filter(pk=theirs.pk).delete()[0] == 0
        mine = SavedView.objects.create(name="Mine", person_id=reader.person_id, **shared)
        mine.refresh_from_db()
        assert not mine.is_shared
        SavedView.objects.filter(pk=mine.pk).update(is_shared=True, name="Ours")
        mine.refresh_from_db()
        assert (mine.is_shared, mine.name) == (False, "Ours")
        assert SavedView.objects.filter(pk=mine.pk).delete()[0] == 1
    of_reader = SavedView.objects.create(name="Of a Reader", person_id=reader.person_id, **shared)
    with as_tenant(admin):
        assert SavedView.objects.filter(pk__in=[theirs.pk, of_reader.pk]).delete()[0] == 2

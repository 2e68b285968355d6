"""Every state machine, all pairs: through the one door, and against the database's own constraints and guards."""

import ast
from contextlib import suppress

import pytest
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import JoinRequest, OperatorInvitation, OrganizationDomain
from connections.models import Connection
from entitlements.models import ActivationLink, Entitlement, IngestUpload, LicenseAssignment, RenewalWork
from exports.models import Export
from imports.models import Import
from marketplace.models import Subscription
from partnerportal.lib import tenancy
from partnerportal.lib.errors import Conflict
from partnerportal.lib.states import change_row_state, list_state_transitions
from support.models import Request
from tests.house.ours import OURS, tree_of
from tests.states import put

MACHINES = [model for model in apps.get_models() if hasattr(model, "MOVES")]
EXTRA = {  # what a row needs beside its state
    ("Connection", "active"): lambda row: {"ended_at": None, "ended_by_id": None},
    ("Connection", "ended"): lambda row: {"ended_at": timezone.now(), "ended_by_id": row.customer_id},
    **{("OrganizationDomain", state): lambda row: {"proved_at": timezone.now()} for state in ("proved", "lapsed")},
    **{("JoinRequest", state): lambda row: {"decided_at": timezone.now()} for state in ("added", "declined")},
    ("JoinRequest", "open"): lambda row: {"decided_at": None},
    ("Subscription", "pending"): lambda row: {"activated_at": None, "ended_at": None},
    ("Subscription", "subscribed"): lambda row: {"activated_at": timezone.now(), "ended_at": None},
    ("Subscription", "suspended"): lambda row: {"activated_at": timezone.now(), "ended_at": None},
    ("Subscription", "unsubscribed"): lambda row: {"ended_at": timezone.now()},
    ("OperatorInvitation", "open"): lambda row: {"closed_at": None},
    ("OperatorInvitation", "accepted"): lambda row: {"closed_at": timezone.now()},
    ("OperatorInvitation", "revoked"): lambda row: {"closed_at": timezone.now()},
    ("Request", "draft"): lambda row: {"submitted_at": None},
    ("Request", "declined"): lambda row: {"submitted_at": timezone.now(), "reason": "No"},
    **{
        ("Request", state): lambda row: {"submitted_at": timezone.now()}
        for state in ("submitted", "needs_information", "approved", "withdrawn", "overtaken")
    },
}
EXTRA["ActivationLink", "open"] = lambda row: {"closed_at": None, "account_id": None}
EXTRA["ActivationLink", "accepted"] = lambda row: {"closed_at": timezone.now(), "account_id": row.organization_id}
EXTRA["ActivationLink", "revoked"] = lambda row: {"closed_at": timezone.now(), "account_id": None}
ROWS = {
    "ActivationLink": lambda world: ActivationLink.objects.get(organization=world.partner),
    "Connection": lambda world: world.connection("customer", "partner"),
    "Entitlement": lambda world: Entitlement.objects.filter(customer=world.customer, kind="trial").earliest("pk"),
    "OperatorInvitation": lambda world: OperatorInvitation.objects.get(organization=world.customer),
    "Organization": lambda world: world.customer,
    "OrganizationDomain": lambda world: OrganizationDomain.objects.get(organization=world.customer),
    "JoinRequest": lambda world: JoinRequest.objects.get(),
    "Export": lambda world: Export.objects.filter(organization=world.customer).earliest("pk"),
    "Import": lambda world: Import.objects.filter(organization=world.customer).earliest("pk"),
    "IngestUpload": lambda world: IngestUpload.objects.earliest("pk"),
    "Subscription": lambda world: Subscription.objects.earliest("pk"),
    "RenewalWork": lambda world: RenewalWork.objects.filter(organization=world.partner).earliest("pk"),
    "Request": lambda world: Request.objects.filter(organization=world.partner).earliest("pk"),
}


# Models with a state and without moves, and why.
NO_MACHINES = {
    "CustomerListing": "a trigger copies the state of the customer's organisation",
    "Order": "the vendor's feed alone tells what has become of an order, and it may say anything",
    "PartnerListing": "a trigger copies the state of the partner's organisation",
}


def extra(row, state):
    return EXTRA.get((type(row).__name__, state), lambda row: {})(row)


STATES = [(model, state) for model in MACHINES for state in model.State]


def test_every_machine_has_a_row_here():
    assert {model.__name__ for model in MACHINES} == set(ROWS)


def test_a_model_with_a_state_has_moves():
    with_state = {m for m in apps.get_models() if any(field.name == "state" for field in m._meta.get_fields())}
    assert {model.__name__ for model in with_state - set(MACHINES)} == set(NO_MACHINES)
    assert with_state >= set(MACHINES)


def states_set(tree):
    """Return the lines of the code that set a state themselves: `row.state = ...` and `rows.update(state=...)`."""
    found = []
    for node in ast.walk(tree):
        is_assigned = isinstance(node, ast.Attribute) and node.attr == "state" and isinstance(node.ctx, ast.Store)
        is_update = isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "update"
        if is_assigned or (is_update and any(keyword.arg == "state" for keyword in node.keywords)):
            found.append(node.lineno)
    return found


def test_states_are_set_by_one_module_alone():
    door = settings.BASE_DIR / "partnerportal/lib/states.py"
    sources = [path for app in OURS for path in (settings.BASE_DIR / app).rglob("*.py") if path != door]
    assert len(sources) > 200
    found = {str(path.relative_to(settings.BASE_DIR)): states_set(tree_of(path)) for path in sources}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "source",
    [
        "row.state = State.DONE",
        "row.state, row.error = State.FAILED, ''",
        "rows.filter(pk=1).update(error='', state='x')",
    ],
)
def test_the_check_of_states_finds_it(source):
    assert states_set(ast.parse(source)) == [1]


def test_the_check_of_states_lets_reading_pass():
    source = "if row.state == State.DONE:\n    found = rows.filter(state=row.state)\nstate = row.state"
    assert not states_set(ast.parse(source))


@pytest.mark.parametrize("model", MACHINES, ids=lambda m: m.__name__)
def test_the_table_names_every_state(model):
    assert set(model.MOVES) == set(model.State)
    assert set().union(*model.MOVES.values()) <= set(model.State)


@pytest.mark.parametrize(("model", "before"), STATES, ids=lambda x: getattr(x, "__name__", str(x)))
def test_pairs(model, before, world):
    row = ROWS[model.__name__](world)
    put(model.objects.filter(pk=row.pk), state=before, **extra(row, before))
    for after in model.State:
        with transaction.atomic():
            row.refresh_from_db()
            allowed, changes = after in model.MOVES[before], extra(row, after)
            if allowed:
                assert change_row_state(row, after, **changes).state == after
            else:
                with pytest.raises(Conflict) as refused:
                    change_row_state(row, after, **changes)
                assert refused.value.code == "state_changed", after
            row.refresh_from_db()
            assert row.state == (after if allowed else before), after
            transaction.set_rollback(True)


# Who may say more than the moves have: nobody, but of entitlements the vendor's feed tells what has become of them.
HOLDS = {
    "ActivationLink": "everybody",
    "Connection": "everybody",
    "Entitlement": "tenants",
    "Export": "everybody",
    "Import": "everybody",
    "IngestUpload": "everybody",
    "JoinRequest": "everybody",
    "OperatorInvitation": "everybody",
    "Organization": "everybody",
    "OrganizationDomain": "everybody",
    "Subscription": "everybody",
    "RenewalWork": "everybody",
    "Request": "everybody",
}
# States of rows that only the feed, jobs and triggers write: the web role may not update them at all.
TOLD = {"entitlements_order", "entitlements_customerlisting", "entitlements_partnerlisting"}


@pytest.mark.parametrize("model", MACHINES, ids=lambda m: m.__name__)
def test_the_database_guards_the_moves_of_the_model(model, db):
    """What the migrations were given is what the model says: they cannot drift."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT encode(tgargs, 'escape'), tgenabled, pg_get_triggerdef(oid) FROM pg_trigger
               WHERE tgname = 'state_moves' AND tgrelid = %s::regclass""",
            [table],
        )
        ((arguments, enabled, definition),) = cursor.fetchall()
        cursor.execute(
            """SELECT permissive, cmd, with_check FROM pg_policies
               WHERE policyname = 'state_begins' AND tablename = %s""",
            [table],
        )
        ((permissive, command, check),) = cursor.fetchall()
    assert arguments.split("\\000")[:-1] == [HOLDS[model.__name__], *list_state_transitions(model.MOVES)]
    assert enabled == "O" and "BEFORE UPDATE ON" in definition and "FOR EACH ROW EXECUTE" in definition
    assert (permissive, command) == ("RESTRICTIVE", "INSERT") and f"= '{model.BEGINS}'::text" in check


def test_every_state_that_a_tenant_may_write_is_guarded(db):
    """By the catalogue: a table whose column `state` the web role may write or insert."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT attrelid::regclass::text FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
               WHERE attname = 'state' AND relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"""
        )
        tables = {table for (table,) in cursor.fetchall()}
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'state_moves'")
        guarded = {table for (table,) in cursor.fetchall()}
        assert tables - guarded == TOLD and guarded == {m._meta.db_table for m in MACHINES}
        for table in TOLD:
            cursor.execute("SELECT has_any_column_privilege('portal_app', %s, 'INSERT, UPDATE')", [table])
            assert cursor.fetchone() == (False,), table


@pytest.mark.parametrize("is_tenant", [False, True], ids=["owner", "tenant"])
@pytest.mark.parametrize(("model", "before"), STATES, ids=lambda x: getattr(x, "__name__", str(x)))
def test_pairs_by_sql(model, before, is_tenant, world):
    """The same without the door, by those whom no policy holds, and by tenants whom every other rule would let."""
    row = ROWS[model.__name__](world)
    put(model.objects.filter(pk=row.pk), state=before, **extra(row, before))
    with suppress(_Done), transaction.atomic():
        if is_tenant:
            _enter_tenant_of_everything_but_the_guard(model, world.actor("vendor.admin"))
        for after in model.State:
            if before == after:
                refused = is_tenant and not model.MOVES[before]
            else:
                refused = after not in model.MOVES[before] and (is_tenant or HOLDS[model.__name__] == "everybody")
            try:
                with transaction.atomic():
                    assert model.objects.filter(pk=row.pk).update(state=after, **extra(row, after)) == 1
                    raise _Done
            except IntegrityError as error:
                assert refused and "violates the moves" in str(error), (after, error)
            except _Done:
                assert not refused, after
        raise _Done  # the tenant leaves with the savepoint, and so do its rights


def _enter_tenant_of_everything_but_the_guard(model, actor):
    """As the vendor's Admin, whom the other triggers let as well."""
    with connection.cursor() as cursor:
        table = model._meta.db_table
        cursor.execute("SELECT policyname FROM pg_policies WHERE tablename = %s", [table])
        drops = "".join(f"DROP POLICY {name} ON {table};" for (name,) in cursor.fetchall())
        cursor.execute(
            f"""SET CONSTRAINTS ALL IMMEDIATE; {drops} CREATE POLICY anything ON {table} USING (true);
                GRANT UPDATE ON {table} TO portal_app"""
        )
    tenancy.enter_tenant(organization_id=actor.organization_id, person_id=actor.person_id)


class _Done(Exception):
    pass


@pytest.mark.promise("S-9")
@pytest.mark.parametrize("who", ["customer.admin", "partner.admin"])
def test_what_ended_stays_ended(who, world, actor_for, as_tenant):
    """By neither side is it revived, nor its end told otherwise; and neither ends in the other's name."""
    actor, row = actor_for(who), world.connection("customer", "partner")
    other = row.partner_id if actor.organization_id == row.customer_id else row.customer_id
    mine = Connection.objects.filter(pk=row.pk)
    with pytest.raises(DatabaseError, match="row-level security"), as_tenant(actor):
        mine.update(state="ended", ended_at=timezone.now(), ended_by_id=other)
    with as_tenant(actor):
        assert mine.update(state="ended", ended_at=timezone.now(), ended_by_id=actor.organization_id) == 1
    for changes in (
        {"state": "active", "ended_at": None, "ended_by_id": None},
        {"ended_at": timezone.now()},
        {"ended_by_id": other},
    ):
        with pytest.raises(IntegrityError, match="violates the moves"), as_tenant(actor):
            mine.update(**changes)
    row.refresh_from_db()
    assert (row.state, row.ended_by_id) == ("ended", actor.organization_id)


@pytest.mark.parametrize("who", ["customer.admin", "partner.admin", "vendor.admin"])
def test_what_is_no_trial_is_nobodys_to_change(who, world, actor_for, as_tenant):
    """Nor does it become one that is cancelled, as a customer's own trial does."""
    bought = Entitlement.objects.filter(customer=world.customer, kind="production", state="active")
    before = list(bought.values())
    assert before
    for changes in ({"kind": "trial", "state": "cancelled"}, {"quantity": 1}, {"state": "expired"}):
        with as_tenant(actor_for(who)):
            assert bought.update(**changes) == 0, changes
    assert list(bought.values()) == before


def test_what_was_released_is_not_taken_back(world, actor_for, as_tenant):
    """Nor is its request, by which the vendor knows why it released it."""
    row = LicenseAssignment.objects.filter(customer=world.customer).earliest("pk")
    LicenseAssignment.objects.filter(pk=row.pk).update(release_asked_at=timezone.now(), released_at=timezone.now())
    with pytest.raises(DatabaseError, match="row-level security"), as_tenant(actor_for("customer.admin")):
        LicenseAssignment.objects.filter(pk=row.pk).update(release_asked_at=None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "ended"},
        {"state": "ended", "ended_at": timezone.now()},
        {"ended_at": timezone.now()},
        {"state": "dormant"},
    ],
)
def test_the_database_refuses_half_an_end(world, wrong):
    row = world.connection("customer", "partner")
    with pytest.raises(IntegrityError), transaction.atomic():
        Connection.objects.filter(pk=row.pk).update(**wrong)


def test_the_database_refuses_a_second_live_connection_of_a_pair(world):
    row = world.connection("customer", "partner")
    with pytest.raises(IntegrityError, match="connection_one_live_per_pair"), transaction.atomic():
        Connection.objects.create(partner=row.partner, customer=row.customer, partner_name="", customer_name="")


def test_the_database_refuses_a_connection_with_oneself(world):
    with pytest.raises(IntegrityError, match="connection_two_sides"), transaction.atomic():
        Connection.objects.create(partner=world.partner, customer=world.partner, partner_name="", customer_name="")

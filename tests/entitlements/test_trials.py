"""Trials: asked for by a customer's Admin, decided by the vendor's, told to everyone connected."""

import datetime as dt
import io
import itertools

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction

from connections.actions import end_connection
from entitlements.actions import trials
from entitlements.actions.trials import compute_extended_trial_end, expire_trials, request_trial
from entitlements.models import CustomerListing, Entitlement, Sku
from notifications.actions.outbox import send_due_emails, write_due_notices
from notifications.models import Event, Notice
from partnerportal.lib.days import today
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound, TooManyAttempts

State = Entitlement.State
DAYS = dt.timedelta(days=14)


@pytest.fixture
def sku(db):
    return Sku.objects.create(code="TRY", service="Trying", name="Try Me")


@pytest.fixture
def ask(world, actor_for, as_tenant, sku):
    """As the customer's Admin, under row-level security."""

    def ask(who="customer.admin", sku=sku, quantity=10):
        with as_tenant(actor_for(who)):
            return request_trial(actor=actor_for(who), sku=sku, quantity=quantity)

    return ask


@pytest.fixture
def decide(world, actor_for, as_tenant):
    """As the vendor's Admin, or somebody else, under row-level security."""

    def decide(action, trial, who="vendor.admin", **values):
        with as_tenant(actor_for(who)):
            return getattr(trials, f"{action}_trial")(actor=actor_for(who), trial=trial, **values)

    return decide


def test_a_request_is_seen_by_the_customer_its_partners_and_the_vendor(ask, world, actor_for, as_tenant):
    trial = ask()
    assert (trial.kind, trial.state, trial.quantity, trial.source) == ("trial", "requested", 10, "granted")
    assert trial.external_id.startswith("trial-")
    for who in ("customer.reader", "partner.reader", "distributor.reader", "vendor.reader"):
        with as_tenant(actor_for(who)):
            assert Entitlement.objects.visible_to(actor_for(who)).filter(pk=trial.pk).exists(), who
    for who in ("stranger.admin", "partner2.admin", "publisher.admin"):
        with as_tenant(actor_for(who)):
            assert not Entitlement.objects.filter(pk=trial.pk).exists(), who
    assert CustomerListing.objects.get(viewer=world.partner, customer=world.customer).requests == 2


def test_one_open_request_for_a_service(ask, world, sku):
    trial = ask()
    with pytest.raises(Conflict) as refused:
        ask()
    assert refused.value.code == "already_requested"
    with pytest.raises(IntegrityError, match="entitlement_one_request"), transaction.atomic():
        Entitlement.objects.filter(pk=trial.pk).values()
        trial.pk, trial.external_id, trial.public_id = None, "trial-again", "0b8b3c1e-6d0f-4a57-9d0e-2f6a0a5d7c11"
        trial.save(force_insert=True)


def test_what_runs_is_not_tried(ask, world):
    running = Entitlement.objects.filter(customer=world.customer, state="active").first().sku
    Entitlement.objects.filter(customer=world.customer, state="active").update(ends_on=today())  # its last day
    Entitlement.objects.filter(customer=world.customer, state="requested").delete()
    with pytest.raises(Conflict) as refused:
        ask(sku=running)
    assert refused.value.code == "already_running"


@pytest.mark.parametrize("quantity", [0, -1, 101])
def test_seats_of_a_trial_are_limited(ask, quantity):
    with pytest.raises(InvalidInput):
        ask(quantity=quantity)


def test_requests_a_day_are_limited(ask, decide, monkeypatch):
    monkeypatch.setattr("entitlements.actions.trials.REQUESTED_A_DAY", 2)
    for _time in range(2):
        decide("cancel", ask(), who="customer.admin")
    with pytest.raises(TooManyAttempts):
        ask()


@pytest.mark.parametrize("who", ["customer.reader", "partner.admin", "distributor.admin", "vendor.admin"])
def test_only_a_customers_admin_asks(ask, who):
    with pytest.raises(ActionRefused):
        ask(who)


@pytest.mark.parametrize("who", ["customer.admin", "partner.admin", "vendor.reader", "distributor.admin"])
def test_only_the_vendors_admin_decides(ask, decide, who):
    trial = ask()
    for action, values in (
        ("approve", {}),
        ("decline", {"reason": "No"}),
        ("extend", {"ends_on": today() + DAYS}),
        ("convert", {"quantity": 5}),
    ):
        with pytest.raises(ActionRefused):
            decide(action, trial, who=who, **values)


def test_from_request_to_production(ask, decide, world):
    Entitlement.objects.filter(customer=world.customer, kind="trial").delete()  # the vendor then sees nothing more
    trial = decide("approve", ask())
    assert (trial.state, trial.starts_on, trial.ends_on) == (State.ACTIVE, today(), today() + DAYS)
    trial = decide("extend", trial, ends_on=trial.ends_on + DAYS)
    assert trial.ends_on == today() + 2 * DAYS
    with pytest.raises(Conflict):  # the form, sent twice
        decide("extend", trial, ends_on=trial.ends_on)
    trial = decide("convert", trial, quantity=40, ends_on=today() + dt.timedelta(days=365))
    assert (trial.kind, trial.state, trial.quantity, trial.source) == ("production", "active", 40, "bought")
    for action, values in (("convert", {"quantity": 4}), ("extend", {"ends_on": today()})):
        with pytest.raises(Conflict):
            decide(action, trial, **values)
    with pytest.raises(NotFound):
        decide("cancel", trial)
    kinds = list(Event.objects.filter(subject_id=trial.public_id).order_by("pk").values_list("kind", flat=True))
    assert kinds == ["trial.requested", "trial.approved", "trial.extended", "trial.converted"]


@pytest.mark.parametrize("reason", ["", "  ", "x" * 401])
def test_a_decline_has_a_reason(ask, decide, reason):
    with pytest.raises(InvalidInput) as refused:
        decide("decline", ask(), reason=reason)
    assert refused.value.field == "reason"


def test_the_log_says_from_what_to_what(ask, decide):
    trial = decide("approve", ask())
    end = str(trial.ends_on)
    later = compute_extended_trial_end(trial)
    trial = decide("extend", trial, ends_on=later)
    decide("convert", trial, quantity=7, ends_on=None)
    changes = [event.changes for event in Event.objects.filter(subject_id=trial.public_id).order_by("pk")]
    assert changes[1] == {"state": ["requested", "active"], "starts_on": [None, str(today())], "ends_on": [None, end]}
    assert changes[2] == {"ends_on": [end, str(later)]}
    assert changes[3]["kind"] == ["trial", "production"] and changes[3]["quantity"][1] == 7
    declined = decide("decline", ask("customer2.admin"), reason="Ask\u202e Ann")
    event = Event.objects.get(subject_id=declined.public_id, kind="trial.declined")
    assert (event.note, event.changes["reason"]) == ("Ask Ann", [])
    assert "Ann" not in str(event.data)


def test_a_production_end_lies_ahead(ask, decide):
    trial = decide("approve", ask())
    with pytest.raises(InvalidInput) as refused:
        decide("convert", trial, quantity=5, ends_on=today())
    assert refused.value.field == "ends_on"


@pytest.mark.parametrize("who", ["customer.admin", "vendor.admin"])
@pytest.mark.parametrize("running", [True, False])
def test_customer_and_vendor_cancel(ask, decide, who, running):
    trial = ask()
    if running:
        trial = decide("approve", trial)
    assert decide("cancel", trial, who=who).state == State.CANCELLED
    with pytest.raises(Conflict):
        decide("cancel", trial, who=who)


def test_another_customers_trial_is_not_there(ask, decide):
    with pytest.raises(NotFound):
        decide("cancel", ask(), who="customer2.admin")


def test_the_database_lets_a_customer_do_no_more(ask, world, actor_for, as_tenant):
    """Whatever the web process is made to say: ask for and take back its own."""
    trial = ask()
    for change in (
        "state = 'active'",
        "kind = 'production'",
        "quantity = 1000",
        "state = 'cancelled', kind = 'production'",
    ):
        with pytest.raises(DatabaseError, match="row-level security"), as_tenant(actor_for("customer.admin")):
            _execute(f"UPDATE entitlements_entitlement SET {change} WHERE id = {trial.pk}")
    with as_tenant(actor_for("customer.admin")):  # what it bought is not a trial, whatever it is called afterwards
        assert (
            _execute("UPDATE entitlements_entitlement SET kind = 'trial', state = 'cancelled' WHERE kind <> 'trial'")
            == 0
        )
    columns = "public_id, sku_id, quantity, assigned, source, reason, updated_at"
    values = f"gen_random_uuid(), {trial.sku_id}, 1, 0, 'granted', '', now()"
    for customer, kind, state, key in (
        (world.customer2.pk, "trial", "requested", "trial-1"),
        (world.customer.pk, "production", "requested", "trial-2"),
        (world.customer.pk, "trial", "active", "trial-3"),
        (world.customer.pk, "trial", "requested", "feed-4"),
    ):
        with pytest.raises(DatabaseError, match="row-level security"), as_tenant(actor_for("customer.admin")):
            _execute(
                f"""INSERT INTO entitlements_entitlement ({columns}, customer_id, kind, state, external_id)
                    VALUES ({values}, {customer}, '{kind}', '{state}', '{key}')"""
            )


@pytest.mark.parametrize("who", ["partner.admin", "distributor.admin", "publisher.admin", "stranger.admin"])
def test_the_database_lets_others_change_nothing(ask, actor_for, as_tenant, who):
    trial = ask()
    with as_tenant(actor_for(who)):
        assert _execute(f"UPDATE entitlements_entitlement SET state = 'cancelled' WHERE id = {trial.pk}") == 0


def _execute(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.rowcount


def test_trials_expire_after_their_last_day_and_only_ours(ask, decide, world):
    trial = decide("approve", ask())
    of_feed = Entitlement.objects.exclude(pk=trial.pk).get(customer=world.customer, kind="trial", state="active")
    Entitlement.objects.filter(pk=of_feed.pk).update(ends_on=today() - dt.timedelta(days=1))
    noon = dt.datetime.combine(trial.ends_on, dt.time(12), dt.UTC)
    with time_machine.travel(noon, tick=False):
        assert expire_trials() == 0
    with time_machine.travel(noon + dt.timedelta(hours=12), tick=False):
        assert expire_trials() == 1
        assert expire_trials() == 0
    trial.refresh_from_db()
    of_feed.refresh_from_db()
    assert (trial.state, of_feed.state) == (State.EXPIRED, State.ACTIVE)
    assert Event.objects.filter(subject_id=trial.public_id).latest("pk").kind == "trial.expired"


def test_each_step_is_told_and_decisions_are_mailed_to_the_customers_admins(ask, decide, world):
    trial = ask()
    decide("approve", trial)
    decide("extend", trial, ends_on=today() + 2 * DAYS)
    decide("convert", trial, quantity=3)
    declined = ask(sku=Sku.objects.create(code="TRY2", service="T", name="Another"))
    decide("decline", declined, reason="Not sold in your country.")
    while write_due_notices():
        pass
    events = Event.objects.filter(subject_id__in=[trial.public_id, declined.public_id])
    told = set(Notice.objects.filter(event__in=events, about_id__gt=0).values_list("kind", "recipient_id"))
    names = [world[name].pk for name in ("customer", "partner", "lapsed", "distributor")]
    kinds = ("trial_requested", "trial_approved", "trial_extended", "trial_converted", "trial_declined")
    assert told == set(itertools.product(kinds, names))
    while send_due_emails():
        pass
    to_customer = [m for m in mail.outbox if "requested a trial" not in m.subject]
    assert {m.to[0].partition("<")[2].rstrip(">") for m in to_customer} == {world.person("customer.admin").email}
    assert len(to_customer) == 4
    assert any("Not sold in your country." in m.body for m in mail.outbox)
    assert all(world.person("vendor.admin").name not in f"{m.subject} {m.body}" for m in to_customer)


def test_after_the_end_of_a_connection_its_partner_is_told_nothing(ask, decide, world, actor_for):
    trial = ask()
    end_connection(actor=actor_for("partner.admin"), connection=world.connection("customer", "partner"))
    decide("approve", trial)
    while write_due_notices():
        pass
    told = Notice.objects.filter(kind="trial_approved").values_list("recipient_id", flat=True)
    assert set(told) == {world.customer.pk, world.lapsed.pk}


def command(*arguments):
    out = io.StringIO()
    call_command("trials", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_staff_decide_at_the_terminal(ask):
    trial, other = ask(), ask(sku=Sku.objects.create(code="TRY2", service="T", name="Another"))
    assert f"{trial.public_id}  trial requested  TRY x 10" in command("list")
    assert f"trial active until {today() + DAYS}" in command("approve", trial.public_id)
    assert f"until {today() + 2 * DAYS}" in command("extend", trial.public_id)
    assert "production active  TRY x 7" in command("convert", trial.public_id, "--quantity", 7)
    assert "trial declined" in command("decline", other.public_id, "--reason", "No")
    with pytest.raises(CommandError, match="has changed in the meantime"):
        command("cancel", other.public_id)
    assert Event.objects.filter(subject_id=trial.public_id).latest("pk").actor_label.startswith("vendor staff")

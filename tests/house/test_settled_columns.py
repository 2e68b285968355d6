"""What a tenant's SQL does not choose: when something was and who did it, how far a worker has got, what others decide.

The application writes the same; these are the columns that the database says itself, whatever a request is made to say.
"""

import datetime as dt
import re
import uuid

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import DatabaseError
from django.utils import timezone

from accounts.models import Operator, Organization, Person, SavedView
from connections.models import Connection
from entitlements.actions import trials
from entitlements.ingest.tokens import create_ingest_token
from entitlements.models import CalendarFeed, Entitlement, IngestToken, IngestUpload, LicenseAssignment, Sku
from exports.models import Export
from imports.models import Import
from notifications.models import Event
from partnerportal.lib.actors import ANONYMOUS, Actor
from partnerportal.lib.scopes import ALL, Scope
from partnerportal.lib.tokens import digest_secret
from tests.house.test_grants import rows_of
from tests.world import SKU_OF_NOBODY

# Dates and times that a tenant writes as it likes, and why it may.
CHOSEN = {
    "marketplace_healthissue.began_at INSERT": "the publisher's to say",
    "marketplace_price.valid_from INSERT": "the publisher's to say",
    "accounts_programmembership.starts_on INSERT": "the vendor's to say (test_admins_alone.py)",
    "accounts_programmembership.ends_on INSERT": "likewise",
    "accounts_programmembership.ends_on UPDATE": "likewise",
    "connections_connection.ended_at UPDATE": "a policy refuses all but this hour (test_connection_rows.py)",
    "django_session.expire_date INSERT": "when a session ends says its content, which is signed",
    "django_session.expire_date UPDATE": "likewise",
    "portal_cache.expires INSERT": "counts of no tenant, for minutes",
    "portal_cache.expires UPDATE": "likewise",
}
# Numbers that a tenant chooses: it is entered before its row is stored, and the policy asks for the same number.
NUMBERED = ["accounts_organization.id INSERT"]
LONG_AGO = dt.datetime(1999, 1, 1, tzinfo=dt.UTC)
TO_COME = dt.datetime(2999, 1, 1, tzinfo=dt.UTC)
WRITABLE = """
    SELECT c.relname || '.' || a.attname || ' ' || command
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid, unnest(ARRAY['INSERT', 'UPDATE']) command
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
      AND has_column_privilege('portal_app', c.oid, a.attnum, command) AND """
SETTLED = re.compile(r"NEW\.(\w+) := ")


def writable(condition):
    return {name for (name,) in rows_of(WRITABLE + condition)}


def settled():
    """Every column that a trigger of `tenancy.fill_columns_by_trigger` says, by table and command."""
    triggers = rows_of(
        """SELECT tgrelid::regclass::text, prosrc FROM pg_trigger JOIN pg_proc p ON p.oid = tgfoid
           WHERE tgname = 'is_settled' AND tgenabled = 'O'"""
    )
    found = set()
    for table, source in triggers:
        for command, part in zip(("INSERT", "UPDATE"), source.split("ELSIF"), strict=True):
            found |= {f"{table}.{column} {command}" for column in SETTLED.findall(part)}
    return found


def test_when_something_was_is_the_databases_to_say(db):
    """A new table's dates are settled in its migration, or stand above with a reason."""
    dates = writable("a.atttypid IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype)")
    assert dates - settled() == set(CHOSEN)


def test_no_number_is_taken_in_advance(db):
    """Neither by naming it nor by drawing all there are: the next row of somebody else would fail."""
    assert writable("a.attidentity <> ''") == set(NUMBERED)
    sequences = rows_of(
        """SELECT seqrelid::regclass::text FROM pg_sequence
           WHERE has_sequence_privilege('portal_app', seqrelid, 'USAGE, UPDATE')"""
    )
    assert sequences == [("accounts_organization_id_seq",)]


def stored(row):
    """The row as the database has it after a tenant has stored it."""
    row.save(force_insert=True)
    return type(row)._default_manager.get(pk=row.pk)


def is_now(moment):
    return abs(timezone.now() - moment) < dt.timedelta(hours=1)


UNTOUCHED = {"error": "done", "attempts": 9, "leased_until": TO_COME, "finished_at": LONG_AGO}


def test_a_trial_is_asked_for_and_nothing_of_it_decided(world, actor_for, as_tenant):
    with as_tenant(actor_for("customer.admin")):
        trial = stored(
            Entitlement(
                customer=world.customer, sku=Sku.objects.get(code=SKU_OF_NOBODY), external_id=f"trial-{uuid.uuid4()}",
                kind="trial", state="requested", source="bought", quantity=5, assigned=7, starts_on=LONG_AGO,
                ends_on=TO_COME, updated_at=LONG_AGO, created_at=LONG_AGO, reason="because",
            )
        )  # fmt: skip
    assert (trial.source, trial.assigned, trial.starts_on, trial.ends_on) == ("granted", 0, None, None)
    assert trial.reason == "" and is_now(trial.created_at) and is_now(trial.updated_at)


def test_a_trial_has_the_seats_that_the_action_allows(world, actor_for, as_tenant):
    sku = Sku.objects.get(code=SKU_OF_NOBODY)
    for quantity in (0, trials.MOST_SEATS + 1, trials.MOST_SEATS):
        row = Entitlement(
            customer=world.customer, sku=sku, external_id=f"trial-{uuid.uuid4()}", kind="trial", state="requested",
            quantity=quantity,
        )  # fmt: skip
        try:
            with as_tenant(actor_for("customer.admin")):
                row.save(force_insert=True)
        except DatabaseError as error:
            assert "row-level security" in str(error) and quantity != trials.MOST_SEATS
        else:
            assert quantity == trials.MOST_SEATS


def test_a_customer_that_cancels_a_trial_changes_nothing_else_of_it(world, actor_for, as_tenant):
    trial = Entitlement.objects.filter(customer=world.customer, kind="trial", state="active").earliest("pk")
    lies = {"source": "bought", "quantity": 10**6, "starts_on": LONG_AGO, "ends_on": None, "reason": "a gift"}
    with as_tenant(actor_for("customer.admin")):
        changed = Entitlement.objects.filter(pk=trial.pk).update(state="cancelled", updated_at=TO_COME, **lies)
    assert changed == 1
    now = Entitlement.objects.get(pk=trial.pk)
    assert now.state == "cancelled" and is_now(now.updated_at)
    assert {name: getattr(now, name) for name in lies} == {name: getattr(trial, name) for name in lies}


def test_the_vendor_decides(world, actor_for, as_tenant):
    trial = Entitlement.objects.filter(customer=world.customer, kind="trial", state="active").earliest("pk")
    with as_tenant(actor_for("vendor.admin")):
        Entitlement.objects.filter(pk=trial.pk).update(quantity=77, ends_on=None)
    trial.refresh_from_db()
    assert (trial.quantity, trial.ends_on) == (77, None)


def test_an_export_is_asked_for_now_and_untouched(world, actor_for, as_tenant):
    actor = actor_for("partner.admin")
    with as_tenant(actor):
        row = Export(organization_id=actor.organization_id, person_id=actor.person_id, list="customers", **UNTOUCHED)
        row.rows_written, row.size, row.asked_at = 10, 10**9, LONG_AGO
        asked = stored(row)
    assert (asked.rows_written, asked.size, asked.error, asked.attempts) == (0, 0, "", 0)
    assert (asked.leased_until, asked.finished_at) == (None, None) and is_now(asked.asked_at)


def test_an_import_is_uploaded_now_and_not_run(world, actor_for, as_tenant):
    actor = actor_for("partner.admin")
    lies = {"mode": "replace", "rows_total": 9, "rows_done": 9, "checked": {"new": 9}, "applied": {"new": 9}}
    with as_tenant(actor):
        row = Import(
            organization_id=actor.organization_id, person_id=actor.person_id, kind="goods", **UNTOUCHED, **lies
        )
        row.remarks, row.problem, row.asked_at = {"merge": ["Fine."]}, "None.", LONG_AGO
        asked = stored(row)
    assert (asked.mode, asked.rows_total, asked.rows_done, asked.problem) == ("", 0, 0, "")
    assert (asked.checked, asked.applied, asked.remarks) == ({}, {}, {})
    assert (asked.error, asked.attempts, asked.leased_until, asked.finished_at) == ("", 0, None, None)
    assert is_now(asked.asked_at)


def test_an_import_is_cancelled_now_by_who_has_not_run_it(world, actor_for, as_tenant):
    actor = actor_for("partner.admin")
    own = {"organization_id": actor.organization_id, "person_id": actor.person_id}
    row = Import.objects.create(**own, kind="goods", attempts=2, rows_done=500)
    with as_tenant(actor):
        rows = Import.objects.filter(pk=row.pk)
        assert rows.update(state="cancelled", finished_at=LONG_AGO, attempts=9, rows_done=9) == 1
    row.refresh_from_db()
    assert is_now(row.finished_at) and (row.attempts, row.rows_done) == (0, 0)
    for column in ("checked", "problem", "kind", "asked_at"):
        with pytest.raises(DatabaseError, match="permission denied"), as_tenant(actor):
            Import.objects.filter(pk=row.pk).update(**{column: getattr(row, column)})


def test_an_upload_is_received_now_and_unread(world, as_tenant):
    secret = create_ingest_token(actor=Actor.system("test"), name="settled", kinds=["usage"])
    token = IngestToken.objects.get(name="settled")
    with as_tenant(ANONYMOUS, secret=digest_secret(secret)):
        row = IngestUpload(token=token, kind="usage", idempotency_key="k", fingerprint="f", size=1, **UNTOUCHED)
        row.read, row.lines, row.counts, row.problems, row.received_at = 5, 5, {"stored": 5}, [{"line": 1}], LONG_AGO
        sent = stored(row)
        IngestToken.objects.filter(pk=token.pk).update(last_used_at=TO_COME)
    assert (sent.read, sent.lines, sent.counts, sent.problems, sent.error, sent.attempts) == (0, 0, {}, [], "", 0)
    assert (sent.leased_until, sent.finished_at) == (None, None) and is_now(sent.received_at)
    token.refresh_from_db()
    assert is_now(token.last_used_at)


def test_a_connection_is_made_now_and_alive(world, actor_for, as_tenant):
    actor = actor_for("stranger.admin")
    with as_tenant(actor, secret=world.token("partner")):
        made = stored(
            Connection(
                partner=world.partner, customer_id=actor.organization_id, connected_at=LONG_AGO,
                ended_by_id=world.partner.pk, scopes=ALL,
            )
        )  # fmt: skip
    assert is_now(made.connected_at) and (made.ended_at, made.ended_by_id) == (None, None)
    assert made.scopes == Scope.ACCOUNT  # the others come with a consent


def test_an_event_says_who_and_when(world, actor_for, as_tenant):
    """What is told of it stands in notices and mails of others."""
    actor = actor_for("partner.admin")
    with as_tenant(actor):
        said = stored(
            Event(
                kind="connection.established", at=LONG_AGO, actor_label="The vendor",
                actor_kind="person", actor_id=actor.person_id,
                organization_id=actor.organization_id, organization_label="Your bank", subject_kind="x",
                on_behalf_kind="person", on_behalf_id=1, on_behalf_label="Your boss",
            )
        )  # fmt: skip
    assert is_now(said.at)
    assert (said.actor_label, said.organization_label) == (actor.label, actor.organization_name)
    assert (said.on_behalf_kind, said.on_behalf_id, said.on_behalf_label) == ("", None, "")


def test_somebody_signs_up_as_themselves_and_as_nothing_more(world, as_tenant):
    """Staff register, lock and let in."""
    with as_tenant(ANONYMOUS):
        made = stored(
            Person(
                email="new@example.com", origin="registered", is_active=False, locked_at=TO_COME, date_joined=LONG_AGO,
                last_login=TO_COME,
            )
        )  # fmt: skip
    assert (made.origin, made.is_active, made.locked_at, made.last_login) == ("signed_up", True, None, None)
    assert is_now(made.date_joined)


def test_what_one_signs_in_with_is_as_old_as_it_is(world, actor_for, as_tenant):
    actor = actor_for("customer.admin")
    times = {"created_at": LONG_AGO, "last_used_at": LONG_AGO}
    with as_tenant(actor):
        device = stored(Authenticator(user_id=actor.person_id, type="totp", data={}, **times))
        assert is_now(device.created_at) and device.last_used_at is None
        seen = stored(UserSession(user_id=actor.person_id, ip="10.0.0.1", session_key="k", created_at=LONG_AGO))
        assert is_now(seen.created_at)
        before = device.created_at
        Authenticator.objects.filter(pk=device.pk).update(**times)
        device.refresh_from_db()
        assert device.created_at == before and is_now(device.last_used_at)
        Person.objects.filter(pk=actor.person_id).update(last_login=TO_COME)
        assert is_now(Person.objects.get(pk=actor.person_id).last_login)


def test_views_and_calendars_are_as_old_as_they_are(world, actor_for, as_tenant):
    actor = actor_for("partner.admin")
    mine = {"organization_id": actor.organization_id, "person_id": actor.person_id}
    with as_tenant(actor):
        CalendarFeed.objects.filter(**mine).delete()
        view = stored(SavedView(list_key="customers", name="fresh", created_at=LONG_AGO, **mine))
        feed = stored(CalendarFeed(digest="d", created_at=LONG_AGO, last_read_at=LONG_AGO, **mine))
    assert is_now(view.created_at) and is_now(feed.created_at) and feed.last_read_at is None


def test_a_new_organisation_names_no_manager_at_the_vendors(world, actor_for, as_tenant):
    newest = Organization.objects.latest("pk").pk + 1000
    person, manager = actor_for("nobody"), world.operator("vendor.admin")
    with as_tenant(Actor(person_id=person.person_id, label="", organization_id=newest)):
        made = stored(
            Organization(
                pk=newest, kind="customer", name="New", country="DE", created_at=LONG_AGO,
                account_manager_name="Me", account_manager_email="me@example.com", account_manager_phone="1",
                partner_id="12345", account_manager_id=manager.pk,
            )
        )  # fmt: skip
        operator = stored(Operator(organization=made, person_id=person.person_id, roles=["admin"], created_at=LONG_AGO))
    assert (made.partner_id, made.account_manager_id) == ("", None)
    assert (made.account_manager_name, made.account_manager_email, made.account_manager_phone) == ("", "", "")
    assert is_now(made.created_at) and is_now(operator.created_at)


def test_a_notice_is_put_away_by_whoever_does_it(world, actor_for, as_tenant):
    notice, other = world.notices("partner").first(), actor_for("vendor.admin").person_id
    with as_tenant(actor_for("partner.admin")):
        rows = type(notice).objects.filter(pk=notice.pk)
        assert rows.update(dismissed_at=LONG_AGO, dismissed_by_id=other) == 1
        notice.refresh_from_db()
        assert is_now(notice.dismissed_at) and notice.dismissed_by_id == actor_for("partner.admin").person_id
        rows.update(dismissed_at=None, dismissed_by_id=None)
        notice.refresh_from_db()
        assert (notice.dismissed_at, notice.dismissed_by_id) == (None, None)


def test_a_release_is_asked_for_now(world, actor_for, as_tenant):
    held = LicenseAssignment.objects.filter(customer=world.customer, released_at=None).earliest("pk")
    rows = LicenseAssignment.objects.filter(pk=held.pk)
    with as_tenant(actor_for("customer.admin")):
        assert rows.update(release_asked_at=None) == 1
        assert rows.update(release_asked_at=LONG_AGO) == 1
    held.refresh_from_db()
    assert is_now(held.release_asked_at)


def test_staff_and_jobs_say_what_they_know(world):
    """Who is above the policies brings in facts: the feed knows when something was."""
    Organization.objects.filter(pk=world.customer.pk).update(created_at=LONG_AGO)
    row = Export.objects.create(organization=world.customer, person_id=1, list="orders", asked_at=LONG_AGO, attempts=2)
    row.refresh_from_db()
    assert (row.asked_at, row.attempts) == (LONG_AGO, 2)


NUMBERS = {
    "named": """INSERT INTO accounts_operator (id, public_id, roles, created_at, person_id, organization_id)
                VALUES (99, gen_random_uuid(), '{admin}', now(), 1, 1)""",
    "set": "SELECT setval('accounts_operator_id_seq', 1)",
    "drawn": "SELECT nextval('account_emailaddress_id_seq')",
}


@pytest.mark.parametrize("statement", NUMBERS.values(), ids=NUMBERS)
def test_numbers_are_drawn_by_the_database_alone(statement, world, actor_for, as_tenant):
    with pytest.raises(DatabaseError, match="permission denied"), as_tenant(actor_for("customer.admin")):
        rows_of(statement)

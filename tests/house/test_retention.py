"""Every table is swept after the time of a setting, or cannot grow without end, or is kept for a reason."""

import datetime as dt
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import FailedAttempts, IdempotentRequest, Organization, Person
from entitlements.models import Anomaly, Entitlement, IngestToken, IngestUpload, RenewalAlert, Sku
from exports.models import Export
from imports.models import Import
from notifications.models import Delivery, Notice
from partnerportal.celery import app
from partnerportal.lib import sweeping
from tests.accounts.test_sign_in import NEW, sign_in
from tests.conftest import PageClient
from tests.house.test_tables import rows_of
from tests.world import World

# Table -> the setting (days), and what makes every row of it so old.
SWEPT = {
    "accounts_person": ("PORTAL_UNVERIFIED_KEPT", "date_joined = {then}, origin = 'signed_up'"),
    "accounts_failedattempts": ("PORTAL_ATTEMPTS_KEPT", "day = {then}"),
    "accounts_idempotentrequest": ("PORTAL_IDEMPOTENCY_KEPT", "created_at = {then}"),
    "accounts_operatorinvitation": ("PORTAL_INVITATIONS_KEPT", "closed_at = {then}, state = 'revoked'"),
    "accounts_joinrequest": ("PORTAL_JOIN_REQUESTS_KEPT", "created_at = {then}"),
    "entitlements_activationlink": ("PORTAL_INVITATIONS_KEPT", "closed_at = {then}, state = 'revoked'"),
    "accounts_organizationdomain": ("PORTAL_DOMAIN_PROOFS_KEPT", "created_at = {then}"),  # what is not proved
    "notifications_notice": ("PORTAL_NOTICES_KEPT", "at = {then}"),
    "notifications_secretmail": ("PORTAL_SECRET_MAILS_KEPT", "created_at = {then}"),
    "notifications_delivery": ("PORTAL_DELIVERIES_KEPT", "done_at = {then}"),
    "entitlements_renewalalert": ("PORTAL_NOTICES_KEPT", "ends_on = {then}"),
    "entitlements_anomaly": ("PORTAL_ANOMALIES_KEPT", "found_on = {then}, ended_on = {then}"),
    "exports_export": ("PORTAL_EXPORTS_KEPT", "asked_at = {then}, finished_at = {then}, state = 'gone'"),
    "imports_import": ("PORTAL_IMPORTS_KEPT", "asked_at = {then}, finished_at = {then}, state = 'failed'"),
    "entitlements_ingestupload": ("PORTAL_UPLOADS_KEPT", "finished_at = {then}, state = 'done'"),
    "django_session": ("SESSION_COOKIE_AGE", "expire_date = {then}"),
    "usersessions_usersession": ("SESSION_COOKIE_AGE", "session_key = 'gone'"),  # with its session
}
BOUNDED = {
    "account_emailaddress": "a person's; goes with them",
    "account_emailconfirmation": "never written: codes are mailed, not links",
    "mfa_authenticator": "a person's; goes with them",
    "accounts_operatorinvitationtoken": "five for an invitation; go with it, or when it is closed",
    "entitlements_activationtoken": "five for a link; go with it, or when it is closed",
    "entitlements_trialoffer": "one for a SKU",
    "notifications_noticeread": "goes with its notice",
    "notifications_unsealedevent": "an event that waits for its seal, for seconds",
    "notifications_inboxmark": "one for a person and organisation",
    "notifications_noticepreference": "one for a person, organisation and kind",
    "connections_invitationlink": "one for a partner",
    "connections_portfolio": "one for a viewer and subject; follows the connections",
    "connections_customerpartner": "one for each connection, for the vendor and the distributor above its partner",
    "entitlements_customerlisting": "one for a viewer and customer",
    "entitlements_partnerlisting": "one for a partner or distributor",
    "entitlements_portfoliofigure": "sums, merged by a periodic job",
    "entitlements_portfoliomonth": "thirteen for a viewer; rows that make them void go with the next count",
    "entitlements_customerusage": "one for a customer and SKU",
    "entitlements_customerpace": "one for a customer",
    "imports_importbatch": "goes with its import, or when a run ends",
    "accounts_adminvacancy": "one for an organisation without an Admin",
    "entitlements_channelmonth": "one for each of thirteen months",
    "accounts_savedview": "a person's",
    "accounts_externalidentity": "a person's; goes with them",
    "accounts_listsettings": "one for a person and organisation",
    "entitlements_calendarfeed": "one for a person and organisation",
    "entitlements_ingesttoken": "made by staff, one by one",
    "accounts_program": "the catalogue of programmes",
    "accounts_competency": "the catalogue of competencies",
    "accounts_skill": "the catalogue of skills",
    "accounts_organizationcompetency": "one for an organisation and competency",
    "accounts_organizationskill": "one for an organisation and skill",
    "marketplace_market": "the catalogue of markets",
    "marketplace_marketcurrency": "a few for each market",
    "marketplace_marketcountry": "one for a country",
    "marketplace_category": "the catalogue of categories",
    "marketplace_resellerlisting": "one for a partner or distributor",
    "marketplace_audiencechange": "one for an offer and organisation, deleted once it holds",
    "entitlements_sku": "the catalogue of services",
    "entitlements_skupublisher": "one for a SKU",
    "marketplace_product": "one for a SKU or an offer",
    "portal_cache": "each row says when it ends, and a write now and then deletes what has ended",
    "partnerportal_taskrun": "one for each task",
    "auth_group": "of the framework, unused",
    "auth_group_permissions": "of the framework, unused",
    "auth_permission": "one for each model and verb",
    "django_content_type": "one for each model",
    "django_migrations": "one for each migration",
}
KEPT = {
    "entitlements_renewalwork": "what an organisation did about each term of what it looks after",
    "entitlements_renewalstep": "a part of its work",
    "notifications_event": "the audit log; what is older than EVENT_DAYS goes if that is set (test_sealing.py)",
    "notifications_eventseal": "the chain that seals the log; goes with its events",
    "accounts_organization": "who the portal is for",
    "accounts_erasedaddress": "that an address was erased, without the address",
    "accounts_operator": "goes with its person, by remove_operator or erase_person",
    "accounts_programmembership": "what a badge was granted for, and when",
    "connections_connection": "that there was one, ended ones too",
    "connections_consent": "what a customer agreed to share, when and by whom",
    "entitlements_entitlement": "what a customer has and had: the vendor's feed owns it",
    "entitlements_order": "a commercial record: the vendor's feed owns it",
    "marketplace_offer": "what was sold refers to it",
    "marketplace_offerversion": "what buyers were shown, and when",
    "marketplace_channelinfo": "a part of its version",
    "marketplace_privateinfo": "a part of its offer",
    "marketplace_offerfile": "a part of the versions that have it; deleted if none was published",
    "marketplace_plan": "what was sold refers to it",
    "marketplace_price": "what was sold was priced by it",
    "marketplace_healthissue": "what troubled an offer, and when",
    "marketplace_healthreport": "a part of its issue",
    "marketplace_authorization": "who could resell what, from when to when",
    "marketplace_subscription": "a commercial record",
    "marketplace_subscriptionterm": "what each term of it costs",
    "marketplace_salestop": "when an offer could not be bought",
    "marketplace_stopreason": "why an offer could not be bought",
    "entitlements_orderline": "a part of its order",
    "entitlements_licenseassignment": "the customer's own record: the vendor's feed owns it",
    "entitlements_usageday": "what months are counted from and checked against (rebuild_usage); partitioned by month",
    "entitlements_usagemonth": "what trends of past years show",
    "marketplace_productfigure": "how products have grown; a few for each product, month and country",
    "support_request": "what an organisation has asked of the vendor, and the answer",
    "support_requestrevision": "what was asked at each submission",
    "support_requestmessage": "what was said about it",
    "support_requestfile": "what was attached to it; deleted from a draft, and with it",
}


def test_every_table_is_classified(db: None) -> None:
    tables = rows_of(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
        " AND relnamespace = 'public'::regnamespace"
    )
    names = [*SWEPT, *BOUNDED, *KEPT]
    assert len(names) == len(set(names))
    assert {table for (table,) in tables} == set(names)


def sweep() -> None:
    """Run every periodic job that has nothing to do with a broker or a file that is not there."""
    app.loader.import_default_modules()
    names = {entry["task"] for entry in app.conf.beat_schedule.values()}
    for name in sorted(names):
        if name.rpartition(".")[2].startswith(("sweep", "forget", "delete")):
            app.tasks[name].run()


@pytest.fixture
def something(world: World, settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row in each table that is swept, and more of them in some than are deleted at once."""
    monkeypatch.setattr(sweeping, "BATCH", 2)
    settings.PRIVATE_ROOT = tmp_path
    PageClient().post("/sign-in/signup/", NEW)
    sign_in(PageClient(), password="wrong password 1")
    sign_in(PageClient())
    entitlement, sku = Entitlement.objects.first(), Sku.objects.first()
    RenewalAlert.objects.create(entitlement=entitlement, ends_on=timezone.now().date(), days=7)
    numbers = {"value": 1, "before": 2, "low": 3, "high": 4}
    Anomaly.objects.create(customer=world.customer, sku=sku, metric="assigned", found_on=timezone.now(), **numbers)
    IdempotentRequest.objects.create(organization=world.partner, person_id=1, key="one", digest="")
    Export.objects.create(organization=world.partner, person_id=1, list="customers")
    Import.objects.create(organization=world.partner, person_id=1, kind="goods")


def count(table: str) -> int:
    """Of persons those who never proved an address count, and of deliveries what has been done."""
    narrowed = {
        "accounts_person": " WHERE id NOT IN (SELECT user_id FROM account_emailaddress WHERE verified)",
    }
    return rows_of(f"SELECT count(*) FROM {table}{narrowed.get(table, '')}")[0][0]


def age(table: str, days: float) -> None:
    setting, columns = SWEPT[table]
    kept = getattr(django_settings, setting)
    kept = kept if isinstance(kept, dt.timedelta) else dt.timedelta(0)  # a session says itself when it ends
    then = timezone.now() - kept - dt.timedelta(days=days)
    with connection.cursor() as cursor:
        if table == "usersessions_usersession":
            cursor.execute("UPDATE usersessions_usersession SET session_key = 'gone'" if days > 0 else "SELECT 1")
            return
        cursor.execute(f"UPDATE {table} SET {columns.replace('{then}', '%(then)s')}", {"then": then})


@pytest.mark.promise("O-14")
def test_what_is_said_to_be_swept_is(something: None) -> None:
    for table in SWEPT:
        with transaction.atomic():
            before = count(table)
            assert before > 0, table
            age(table, days=-2)
            sweep()
            assert count(table) == before, f"{table}: not yet"
            age(table, days=2)
            sweep()
            assert count(table) == 0, table
            transaction.set_rollback(True)  # each alone: what is swept of one table may take rows of the next along


@pytest.mark.promise("O-14")
@pytest.mark.parametrize("state", ["gone", "failed", "sent"])
def test_exports_are_swept_in_each_state_in_which_they_end(state: str, something: None) -> None:
    Export.objects.all().delete()
    kept = {"organization": Organization.objects.first(), "person_id": 1, "list": "customers", "state": state}
    for days in (2, -2):
        asked_at = timezone.now() - django_settings.PORTAL_EXPORTS_KEPT - dt.timedelta(days=days)
        Export.objects.create(**kept, asked_at=asked_at, finished_at=asked_at)
    latest = Export.objects.order_by("asked_at").last()
    sweep()
    assert list(Export.objects.all()) == [latest]


def test_what_is_open_is_not_swept(world: World, something: None) -> None:
    """However old: a mail still to be sent, unusual use that goes on, a file that is still being worked off."""
    long_ago = timezone.now() - dt.timedelta(days=5000)
    Delivery.objects.update(done_at=None, dead_at=None, next_at=long_ago)
    Anomaly.objects.update(found_on=long_ago, ended_on=None)
    Export.objects.filter(state="queued").update(asked_at=long_ago)
    Import.objects.filter(state="uploaded").update(asked_at=long_ago)
    token = IngestToken.objects.first()
    IngestUpload.objects.create(
        token=token, kind="usage", idempotency_key="old", fingerprint="", size=1, received_at=long_ago
    )
    models = (Delivery, Anomaly, Export, Import, IngestUpload, FailedAttempts, UserSession, Notice, Person)
    before = [model.objects.count() for model in models]
    sweep()
    assert [model.objects.count() for model in models] == before

"""The second lock: every tenant table is under row-level security, with policies that agree with `visible_to`."""

import pytest
from django.apps import apps
from django.core.mail import EmailMessage
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.db.models import Q

from accounts.models import (
    AdminVacancy,
    ErasedAddress,
    ExternalIdentity,
    FailedAttempts,
    IdempotentRequest,
    Organization,
    OrganizationKind,
)
from connections.directory import list_organizations_with_visible_name
from entitlements.actions.growth import write_channel_growth
from entitlements.actions.portfolio_months import count_all_portfolio_months
from marketplace.models import Offer
from notifications.actions import sealing
from notifications.actions.recording import record_event
from notifications.actions.secret_mails import queue_secret_mail
from notifications.models import InboxMark, Notice, NoticeRead
from notifications.registry import list_notice_kinds_hidden_from
from partnerportal.lib import tenancy
from partnerportal.lib.actors import ANONYMOUS, Actor
from partnerportal.lib.days import today
from partnerportal.lib.scopes import Scope
from partnerportal.lib.visible_rows import TenantQuerySet
from tests.world import KINDS
from tests.world_offers import sell

# Without tenants: catalogues that are the same for everyone, and the framework's own. tests/house/test_grants.py says
# what the web role may do to them.
OPEN = {
    "accounts_program",
    "entitlements_sku",
    "account_emailconfirmation",
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_content_type",
    "django_migrations",
    "django_session",
    "partnerportal_taskrun",
    "portal_cache",
}
# Catalogues that are the same for everyone, which the vendor's Admins edit (tests/house/test_admins_alone.py).
EDITED = {
    "accounts_competency",
    "accounts_skill",
    "marketplace_market",
    "marketplace_marketcurrency",
    "marketplace_marketcountry",
    "marketplace_category",
}
# What people sign in with: read by all who sign somebody in, written by the person alone (tests/house/test_sign_in.py).
SIGN_IN = {
    "accounts_person",
    "account_emailaddress",
    "mfa_authenticator",
    "usersessions_usersession",
}
# Under row-level security by person or by process, not by organisation: their models have no `rows_for`.
PERSONAL = {
    "notifications_noticeread",
    "notifications_inboxmark",
    "notifications_delivery",
    "notifications_secretmail",
    "notifications_unsealedevent",
    "accounts_failedattempts",
    "accounts_operatorinvitationtoken",
    "accounts_externalidentity",
    "accounts_erasedaddress",
    "entitlements_ingesttoken",
    "entitlements_ingestupload",
    "entitlements_renewalalert",
    "imports_importbatch",
}

COLUMN = dict.fromkeys(
    (f"entitlements_{name}" for name in ("usageday", "usagemonth", "customerusage", "customerpace")), "customer_id"
)

COLUMN["marketplace_marketcountry"] = "country"
COLUMN |= {"notifications_eventseal": "position", "notifications_unsealedevent": "event_id"}
COLUMN["entitlements_partnerlisting"] = "organization_id"
COLUMN["accounts_adminvacancy"], COLUMN["entitlements_channelmonth"] = "organization_id", "month"

KEPT_BY_A_PERSON = (
    "accounts_savedview",
    "accounts_listsettings",
    "entitlements_calendarfeed",
    "exports_export",
    "imports_import",
    "notifications_noticepreference",
)

TENANT_MODELS = [
    m for m in apps.get_models() if m._meta.managed and isinstance(m._default_manager.all(), TenantQuerySet)
]
TENANT_TABLES = {m._meta.db_table for m in TENANT_MODELS}
ACTORS = [f"{name}.{role}" for name in KINDS for role in ("admin", "reader")] + ["many@partner", "many@customer"]


def rows_of(sql, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def test_every_table_is_on_one_of_the_lists(db):
    tables = {
        t
        for (t,) in rows_of(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace"
        )
    }
    assert tables == TENANT_TABLES | PERSONAL | SIGN_IN | EDITED | OPEN


def test_every_tenant_table_has_forced_security_and_a_policy(db):
    forced = rows_of(
        """SELECT c.relname FROM pg_class c WHERE c.relrowsecurity AND c.relforcerowsecurity
           AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive)"""
    )
    assert {t for (t,) in forced} == TENANT_TABLES | PERSONAL | SIGN_IN | EDITED


def test_what_is_seen_of_a_table_stands_in_one_policy(db):
    """PostgreSQL promises no order among several, and what is quick must be asked first. Of what people sign in with,
    one policy says true."""
    several = rows_of(
        """SELECT tablename FROM pg_policies WHERE permissive = 'PERMISSIVE' AND cmd IN ('ALL', 'SELECT')
           GROUP BY tablename HAVING count(*) > 1"""
    )
    assert {table for (table,) in several} <= SIGN_IN


@pytest.fixture
def something_personal(world):
    """In what the world leaves empty."""
    person = world.person("partner.reader")
    NoticeRead.objects.create(notice=Notice.objects.earliest("pk"), person_id=person.pk)
    InboxMark.objects.create(person_id=person.pk, organization_id=world.partner.pk, read_up_to=1)
    FailedAttempts.objects.create(person=person, kind="code", day=today(), failures=1)
    ExternalIdentity.objects.create(person=person, source="old_portal", external_id="1")
    ErasedAddress.objects.remember(["gone@example.com"])
    IdempotentRequest.objects.create(person_id=person.pk, organization=world.partner, key="one", digest="")
    AdminVacancy.objects.create(organization=world.stranger)
    write_channel_growth()
    count_all_portfolio_months()
    queue_secret_mail(EmailMessage("s", "b", to=[person.email]))
    sealing.seal_next_events()
    record_event("x", actor=Actor.system(), subject=world.partner)  # it still waits for its seal


@pytest.mark.parametrize("table", sorted(TENANT_TABLES | PERSONAL))
def test_nothing_without_a_tenant(table, something_personal, actor_for, as_tenant):
    assert rows_of(f"SELECT count(*) FROM {table}") > [(0,)], "there is nothing to be seen"
    strangers = [ANONYMOUS, *([actor_for("publisher.admin")] if table in PERSONAL else [])]
    for stranger in strangers:
        with as_tenant(stranger):
            assert rows_of(f"SELECT count(*) FROM {table}") == [(0,)], stranger


@pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda m: m.__name__)
def test_nobody_without_an_organisation_sees_anything(model, actor_for):
    assert not model.objects.visible_to(ANONYMOUS).exists()
    assert not model.objects.visible_to(actor_for("nobody")).exists()


@pytest.mark.promise("E-7")
@pytest.mark.parametrize("who", ACTORS)
def test_both_locks_agree(who, world, actor_for, as_tenant):
    """All that `visible_to` grants, the policies let through; what they let through beyond it is listed here.

    Both together take nothing away: a join would, that leads through rows which the actor does not see.
    """
    sell(world, Offer.objects.get(code="backup"), external_id="unseen", buyer=world.lapsed, reseller=None)
    while sealing.seal_next_events():
        pass
    actor = actor_for(who)
    known = set(list_organizations_with_visible_name(actor).values_list("pk", flat=True))
    beyond = {
        "Organization": Q(pk__in=known),
        "ProgramMembership": Q(organization__in=known),
        "Operator": Q(person=actor.person_id),
        # the badge and the roles are the first lock's business
        "Notice": Q(recipient_id=actor.organization_id)
        & (Q(about_id__in=actor.reach(Scope.ACCOUNT)) | Q(kind__in=list_notice_kinds_hidden_from(actor.roles))),
    }
    beyond |= dict.fromkeys(["OrganizationCompetency", "OrganizationSkill"], beyond["ProgramMembership"])
    for model in TENANT_MODELS:
        granted = set(model.objects.visible_to(actor).values_list("pk", flat=True))
        extra = set()
        if model.__name__ in beyond:
            extra = set(model.objects.filter(beyond[model.__name__]).values_list("pk", flat=True))
        with as_tenant(actor):
            passed = set(model.objects.values_list("pk", flat=True))
            both = set(model.objects.visible_to(actor).values_list("pk", flat=True))
        assert granted <= passed <= granted | extra, model.__name__
        assert both == granted, f"{model.__name__}: what the first lock joins, the second hides"
        assert model is not Organization or passed == known


@pytest.mark.parametrize("table", sorted(TENANT_TABLES | PERSONAL | EDITED))
@pytest.mark.parametrize("who", ["stranger.admin", "partner.admin", "distributor.admin", "ended.admin"])
def test_a_tenant_writes_into_no_other(table, who, world, actor_for):
    """UPDATE and DELETE without any WHERE, as the tenant, leave every row alone that is not its own."""
    actor = actor_for(who)
    for statement in (
        f"DELETE FROM {table}",
        f"UPDATE {table} SET {COLUMN.get(table, 'id')} = {COLUMN.get(table, 'id')}",
    ):
        try:
            with transaction.atomic():
                tenancy.enter_tenant(organization_id=actor.organization_id, person_id=actor.person_id)
                with connection.cursor() as cursor:
                    cursor.execute(statement)
                    touched = cursor.rowcount
                raise _Undo(touched)
        except DatabaseError as error:
            assert "permission denied" in str(error) or "violates" in str(error)
        except _Undo as undo:
            own = {"accounts_operator": 5}  # its own staff, "many" among them
            own |= dict.fromkeys((*KEPT_BY_A_PERSON, "accounts_organizationdomain"), 1)
            assert undo.rows <= own.get(table, 0), f"{who} changed rows by {statement}"


@pytest.mark.parametrize("who", ["customer.admin", "partner.admin", "distributor.admin", "publisher.admin"])
@pytest.mark.parametrize("column", ["name", "name_folded"])
def test_only_a_customer_renames_itself(column, who, world, actor_for, as_tenant):
    """A rule of the database, beside that of the action."""
    actor = actor_for(who)
    own = Organization.objects.filter(pk=actor.organization_id)
    if actor.organization_kind == OrganizationKind.CUSTOMER:
        with as_tenant(actor):
            assert own.update(**{column: "another"}) == 1
    else:
        with pytest.raises(IntegrityError, match="only vendor staff change this of an organisation"), as_tenant(actor):
            own.update(**{column: "another"})
        with as_tenant(actor):
            assert own.update(city="Ulm") == 1
        assert own.update(**{column: "another"}) == 1  # vendor staff


class _Undo(Exception):
    def __init__(self, rows: int) -> None:
        self.rows = rows


def test_open_tables_name_no_organisation(db):
    """A column that leads to an organisation makes a table tenant-owned."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.db_table in OPEN | SIGN_IN:
            fields = [f for f in model._meta.fields if isinstance(f, models.ForeignKey)]
            assert not [f.name for f in fields if f.related_model._meta.label == "accounts.Organization"]

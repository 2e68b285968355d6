"""What the database lets each role call and write, by the catalogue: nothing is open that no migration opened."""

import pytest
from django.db import DatabaseError, connection, transaction

from entitlements.models import Entitlement, LicenseAssignment
from tests.house.test_tables import OPEN

SETTINGS = {
    "portal_org()", "portal_person()", "portal_secret()", "portal_admitted()", "portal_lock(text, bigint)",
    "portal_enterable(bigint)",
}  # fmt: skip
DIGESTS = {  # of every event that is stored
    "event_digest(uuid, text, timestamp with time zone, text, text, uuid, jsonb, bytea)",
    "event_rest(uuid, bigint, text, bigint, bigint, bigint, bigint, smallint, jsonb, text)",
}
CALLED_BY = {
    # by the policies on what tenants ask for, and by two actions
    "portal_app": SETTINGS
    | {
        "knows_organization(bigint)",
        "may_tell(bigint)",
        "portal_is_vendor()",
        "portal_is_admin()",
        "portal_sees_finance()",
        "portal_is_new()",
        "portal_unused_org_id()",  # which the database gives to whoever founds an organisation
        "portal_is_invited(character varying[], boolean)",
        "accounts_operatorinvitation_is_held(bigint)",
        "portal_organizations_to_join(text)",  # of which a person sees the name alone
        "entitlements_activationlink_is_held(bigint)",
        "sends_activation_links()",
        "may_be_activated(text, bigint)",
        "introduce_activation_link()",  # to whoever holds a link's token, like the next five
        "note_activation_sign_in()",
        "note_activation_problem(text)",
        "activate_organization()",
        "decline_activated_partner(bigint, text)",
        "founds_invited_partner(bigint, text, text)",
        "partner_name_is_taken(text, text)",
        "mark_release(text, boolean)",
        "log_tells(uuid, text[], bigint, bigint)",  # whether the log tells of an object whose random id one knows
        "note_failed_attempt(bigint, text)",  # of who is not signed in: nobody's row may be seen
        "failed_attempts(bigint, text)",
        "queue_secret_mail(text, boolean)",
        "portal_lacks_admin(bigint)",  # the vendor's staff see a first Admin's invitation for as long as there is none
        "portal_operators_of(bigint)",  # in numbers, for the vendor's staff and the distributor above a partner
        "portal_connected_customers(bigint)",  # in numbers, for the vendor's staff
        "portal_waiting()",  # numbers for /metrics
        *DIGESTS,
        "portal_is_reseller()",
        "portal_is_publisher()",
        "portal_price_places()",
        "portal_partner_sums(bigint[])",  # of partners whose figures are not merged yet, which they alone see
        "portal_customers_of(bigint)",  # for its distributor and the vendor, who see no connections
        "portal_priced_plans(bigint, text, date, bigint[])",
        "portal_plans_with_stopped_terms(bigint, text, date)",
    },
    # by jobs that bring in facts and rebuild what is derived
    "portal_worker": SETTINGS
    | {
        "usage_partition(date)",
        *DIGESTS,
        "prune_log(timestamp with time zone, bigint)",
        "erase_from_log(bigint, uuid, text[], text[], text)",
        "whole_words(text[])",
        "listing_refresh(bigint[])",
        "listing_numbers(bigint[])",
        "listing_content(bigint[])",
        "listing_expected(bigint[])",
        "listing_sold(bigint[])",
        "listing_figures(entitlements_customerlisting)",
        "partner_badges(bigint)",
        "partner_facts(bigint[])",
        "partner_sums(bigint[])",
        "partner_listing_refresh(bigint[])",
        "partner_listing_sum(bigint)",
        "usage_moved(entitlements_customerusage)",
        "usage_full_on(entitlements_customerusage)",
    },
}
# What the web role may do to tables that no policy holds; to every other of them nothing.
WRITTEN = {
    "django_session": {"SELECT", "INSERT", "UPDATE", "DELETE"},
    "portal_cache": {"SELECT", "INSERT", "UPDATE", "DELETE"},
    "account_emailconfirmation": {"SELECT", "DELETE"},  # never holds a row
    "accounts_program": {"SELECT"},
    "entitlements_sku": {"SELECT"},
    "partnerportal_taskrun": {"SELECT"},  # for /metrics
}
HAS = dict.fromkeys(("SELECT", "INSERT", "UPDATE", "REFERENCES"), "has_any_column")  # also of one column alone


def rows_of(sql, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def functions(condition):
    found = rows_of(
        f"SELECT oid::regprocedure::text FROM pg_proc p WHERE pronamespace = 'public'::regnamespace AND {condition}"
    )
    return {name.replace(",", ", ") for (name,) in found}


def test_no_function_is_everybodys(db):
    everybodys = "EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee = 0)"
    assert functions("true") and not functions(everybodys)


@pytest.mark.parametrize("role", CALLED_BY)
def test_each_role_calls_what_it_needs(role, db):
    granted = f"EXISTS (SELECT FROM aclexplode(proacl) a WHERE a.grantee = '{role}'::regrole)"
    assert functions(granted) == CALLED_BY[role]


def test_who_runs_with_the_owners_rights_finds_only_what_is_meant(db):
    """A search path that the caller sets would have the owner run the caller's functions."""
    meant = "proconfig @> '{\"search_path=public, pg_temp\"}'"
    assert functions("prosecdef") and not functions(f"prosecdef AND NOT coalesce({meant}, false)")


def test_all_of_it_belongs_to_one_owner(db):
    owners = rows_of(
        """SELECT DISTINCT pg_get_userbyid(owner) FROM (
               SELECT proowner AS owner FROM pg_proc WHERE pronamespace = 'public'::regnamespace
               UNION SELECT relowner FROM pg_class WHERE relnamespace = 'public'::regnamespace) a"""
    )
    assert owners == [(connection.settings_dict["USER"],)]


def test_what_is_made_from_now_on_is_closed(db):
    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE FUNCTION of_tomorrow() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
               CREATE TABLE tomorrow (id int)"""
        )
    for statement in ("SELECT of_tomorrow()", "SELECT * FROM tomorrow", "INSERT INTO tomorrow VALUES (1)"):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            rows_of(f"SET LOCAL ROLE portal_app; {statement}")


def test_the_web_role_writes_no_table_without_a_policy(db):
    for table in sorted(OPEN):
        rights = {
            right
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
            if rows_of(f"SELECT {HAS.get(right, 'has_table')}_privilege('portal_app', %s, %s)", table, right)
            == [(True,)]
        }
        assert rights == WRITTEN.get(table, set()), table


def test_a_function_says_to_each_what_concerns_them(world, actor_for, as_tenant):
    trying = Entitlement.objects.filter(kind="trial", customer=world.customer).values_list("customer_id", flat=True)[0]
    asked = LicenseAssignment.objects.filter(release_asked_at__isnull=False, released_at=None).earliest("pk")
    questions = {
        "knows_organization": ("SELECT knows_organization(%s)", trying),
        "may_tell": ("SELECT may_tell(%s)", trying),
        "mark_release": ("SELECT count(*) > 0 FROM mark_release(%s, true)", asked.external_id),
    }

    def says(who):
        with as_tenant(actor_for(who)):
            return {name for name, question in questions.items() if rows_of(*question) == [(True,)]}

    assert says("stranger.admin") == says("publisher.admin") == says("anonymous") == set()
    assert says("vendor.admin") == {"may_tell", "mark_release"}, "the policy itself names staff"

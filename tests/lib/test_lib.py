"""The small pieces that know no app."""

from dataclasses import replace

import pytest
from django.db import connection, transaction
from django.db.models import Q
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Organization
from partnerportal.lib import tenancy
from partnerportal.lib.actors import ANONYMOUS, Actor
from partnerportal.lib.errors import ActionRefused
from partnerportal.lib.keyset import fetch_keyset_page
from partnerportal.lib.policies import ActionDenied, PermissionRule, authorize
from partnerportal.lib.spreadsheet_safety import escape_spreadsheet_cell
from partnerportal.lib.text import make_search_key
from partnerportal.lib.tokens import generate_token
from partnerportal.lib.visible_rows import TenantQuerySet

FULL = Actor(
    person_id=1,
    organization_id=1,
    organization_kind="partner",
    roles=frozenset({"admin", "reader"}),
    features=frozenset({"badge"}),
)


def rule(**values):
    return PermissionRule(label="", **{k: frozenset(v) if isinstance(v, set) else v for k, v in values.items()})


@pytest.mark.parametrize(
    ("given_rule", "actor", "code"),
    [
        (rule(), FULL, None),
        (rule(), ANONYMOUS, "no_organization"),
        (rule(feature="badge", kinds={"partner"}, roles={"admin"}), FULL, None),
        (rule(feature="other"), FULL, "no_badge"),
        (rule(kinds={"customer"}), FULL, "wrong_kind"),
        (rule(kinds={"customer"}, feature="other"), FULL, "wrong_kind"),  # a membership would not help
        (rule(roles={"sales_agent"}), FULL, "wrong_role"),
        (rule(kinds={"customer"}, roles={"sales_agent"}, feature="other"), Actor.system(), None),
    ],
)
def test_rules_answer_with_a_reason(given_rule, actor, code):
    answer = given_rule.check_actor(actor)
    assert bool(answer) is (code is None)
    if code:
        with pytest.raises(ActionRefused) as refused:
            authorize(actor, {"action": given_rule}, "action")
        assert refused.value.code == code == answer.code
    else:
        authorize(actor, {"action": given_rule}, "action")


@pytest.mark.parametrize(
    ("roles", "kind", "language", "text"),
    [
        ({"admin"}, "partner", "en", "Only Admins can do this."),
        ({"admin_agent", "admin"}, "partner", "en", "Only Admins and Admin agents can do this."),
        ({"admin", "admin_agent", "sales_agent"}, "distributor", "en",
         "Only Admins, Admin agents and Sales agents can do this."),
        ({"admin", "admin_agent"}, "customer", "en", "Only Admins can do this."),  # whose kind has no agents
        ({"admin", "admin_agent"}, "partner", "fr",
         "Seuls les Admins et les Agents d’administration peuvent effectuer cette action."),
        ({"admin", "admin_agent"}, "partner", "ja", "この操作は、管理者と管理エージェントだけが行えます。"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_roles_that_may(roles, kind, language, text):
    with translation.override(language):
        answer = rule(roles=roles).check_actor(replace(FULL, organization_kind=kind, roles=frozenset({"reader"})))
        assert (answer.code, str(answer.message)) == ("wrong_role", text)


def test_a_rule_looks_at_the_object():
    own = rule(when=lambda actor, on: ActionDenied("own", "No") if on == actor.person_id else None)
    assert own.check_actor(FULL) and own.check_actor(FULL, 2) and not own.check_actor(FULL, 1)
    assert own.check_actor(Actor.system(), 1)
    authorize(FULL, {"action": own}, "action", on=2)
    with pytest.raises(ActionRefused, match="own"):
        authorize(FULL, {"action": own}, "action", on=1)


def test_a_model_that_does_not_say_whose_rows_are_seen_fails_closed():
    with pytest.raises(NotImplementedError):
        TenantQuerySet(Organization).visible_to(FULL)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("ＡＢＣ  Société", "abc societe"),
        ("Straße", "strasse"),
        ("ﾊﾞﾅﾅ", "バナナ"),
        ("ハナ", "ハナ"),
        ("", ""),
    ],
)
def test_fold(text, key):
    assert make_search_key(text) == key


@given(st.text())
def test_folding_twice_is_folding_once(text):
    assert make_search_key(make_search_key(text)) == make_search_key(text)


@given(st.one_of(st.text(), st.sampled_from("=+-@\t\r\n＝＋－＠").flatmap(lambda c: st.text().map(lambda t: c + t))))
def test_cells_never_start_a_formula(text):
    assert escape_spreadsheet_cell(text)[:1] not in "=+-@＝＋－＠\t\r\n" or not text


def test_tokens_are_long_and_new():
    assert len({generate_token() for _ in range(100)}) == 100
    assert len(generate_token()) == 43


@pytest.mark.parametrize("any_of", [(), (Q(),), (Q(kind="customer"), ~Q(kind="customer"))])
@pytest.mark.parametrize("descending", [False, True])
def test_pages_lead_through_all_rows_and_back(world, descending, any_of):
    options = {"sort": "country", "descending": descending, "size": 5, "any_of": any_of}
    everything = Organization.objects.order_by(*(("-country", "-pk") if descending else ("country", "pk")))
    names, cursor, pages = [], "", []
    while cursor is not None:
        page = fetch_keyset_page(Organization.objects.all(), cursor=cursor, **options)
        names += page.rows
        pages.append(page)
        cursor = page.next_cursor
    assert names == list(everything)
    assert [(p.first, p.last) for p in pages] == [(1, 5), (6, 10), (11, 12)]
    back = fetch_keyset_page(Organization.objects.all(), cursor=pages[2].previous_cursor, **options)
    assert (back.rows, back.first) == (pages[1].rows, 6)
    assert pages[0].previous_cursor is None


@given(st.text(max_size=80))
def test_a_broken_cursor_is_the_first_page(cursor):
    rows = Organization.objects.none()
    assert fetch_keyset_page(rows, sort="country", descending=False, size=5, cursor=cursor).first == 1


def settings():
    with connection.cursor() as cursor:
        # A connection that never had the setting says null, one that had it says ''.
        cursor.execute("SELECT current_setting('role'), coalesce(current_setting('portal.org_id', true), '')")
        return cursor.fetchone()


def test_a_tenant_ends_with_its_block_and_blocks_nest(world):
    before = settings()
    with tenancy.as_tenant(organization_id=1):
        with tenancy.as_tenant(organization_id=2, secret="token"):
            assert settings() == ("portal_app", "2")
        assert settings() == ("portal_app", "1")
    assert settings() == before


def test_a_tenant_ends_with_its_transaction(own_database):
    with transaction.atomic():
        tenancy.enter_tenant(organization_id=1)
        assert settings() == ("portal_app", "1")
    assert settings() == ("none", "")


def test_a_tenant_needs_a_transaction(own_database):
    with pytest.raises(AssertionError, match="transaction"):
        tenancy.enter_tenant(organization_id=1)


def test_a_transaction_that_failed_is_left_alone(world):
    """Leaving the tenant must not hide the error that ended it."""
    with pytest.raises(ZeroDivisionError), transaction.atomic(), tenancy.as_tenant(organization_id=1):
        transaction.set_rollback(True)
        raise ZeroDivisionError

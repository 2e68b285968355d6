"""What people sign in with is written by the person alone, whatever a request of theirs is made to say."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import make_password
from django.db import DatabaseError, connection, transaction

from accounts.models import Person
from partnerportal.lib import tenancy
from tests.accounts.test_sign_in import PASSWORD, is_signed_in, sign_in
from tests.conftest import PageClient

# Table: the column of the person, and what is written there by somebody who wants in.
WRITES = {
    "accounts_person": ("id", ["password = 'mine'", "last_login = NULL", "email = 'me@example.com'"]),
    "account_emailaddress": ("user_id", ["verified = true", "email = 'me@example.com'"]),
    "mfa_authenticator": ("user_id", ["""data = '{"secret": "mine"}'"""]),
    "usersessions_usersession": ("user_id", ["ip = '127.0.0.1'"]),
}
OUTSIDE = (
    "is_active = true",
    "locked_at = NULL",
    "origin = 'registered'",
    "public_id = gen_random_uuid()",
    "date_joined = now()",
)


@pytest.fixture
def people(world):
    """Two persons of one organisation, each with everything there is to sign in with."""
    found = [world.person("customer.admin"), world.person("customer.reader")]
    for number, person in enumerate(found):
        Authenticator.objects.create(user=person, type="totp", data={"secret": "x"})
        UserSession.objects.create(user=person, ip="10.0.0.1", session_key=f"key{number}", user_agent="")
    return found


def changed(sql):
    """How many rows, or which right is missing; undone in either case."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
            raise _Undo(cursor.rowcount)
    except _Undo as undo:
        return undo.rows
    except DatabaseError as error:
        assert "row-level security" in str(error) or "permission denied" in str(error), error
        return -1


class _Undo(Exception):
    def __init__(self, rows):
        self.rows = rows


@pytest.mark.promise("S-10")
@pytest.mark.parametrize("table", WRITES)
def test_one_writes_ones_own(table, people, world, actor_for, as_tenant):
    column, changes = WRITES[table]
    me, other = people
    with as_tenant(actor_for("customer.admin")):
        for change in changes:
            assert changed(f"UPDATE {table} SET {change} WHERE {column} = {other.pk}") == 0, change
            assert changed(f"UPDATE {table} SET {change} WHERE {column} = {me.pk}") == 1, change
        assert changed(f"DELETE FROM {table} WHERE {column} = {other.pk}") <= 0
        assert changed(f"UPDATE {table} SET {column} = {other.pk} WHERE {column} = {me.pk}") == -1


def test_nobody_lets_themselves_in_again(people, actor_for, as_tenant):
    """Whether a person is locked is staff's to say."""
    with as_tenant(actor_for("customer.admin")):
        for change in OUTSIDE:
            assert changed(f"UPDATE accounts_person SET {change} WHERE id = {people[0].pk}") == -1, change


def test_nothing_is_given_to_another(people, actor_for, as_tenant):
    other = people[1].pk
    with as_tenant(actor_for("customer.admin")):
        for sql in (
            f"""INSERT INTO account_emailaddress (user_id, email, verified, "primary")
                VALUES ({other}, 'me@example.com', true, false)""",
            f"""INSERT INTO mfa_authenticator (user_id, type, data, created_at)
                VALUES ({other}, 'webauthn', '{{}}', now())""",
            f"""INSERT INTO usersessions_usersession
                    (user_id, ip, session_key, user_agent, data, created_at, last_seen_at)
                VALUES ({other}, '10.0.0.1', 'another', '', '{{}}', now(), now())""",
        ):
            assert changed(sql) == -1, sql


def test_who_has_proved_who_they_are_writes_their_own_and_sees_no_more(people, world):
    me, other = people
    own = f"UPDATE accounts_person SET password = 'x' WHERE id = {me.pk}"
    with transaction.atomic():
        tenancy.enter_tenant(organization_id=None)
        assert changed(own) == 0
        tenancy.allow_credential_writes(me.pk)
        assert changed(own) == 1
        assert changed(own.replace(str(me.pk), str(other.pk))) == 0
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM accounts_operator")
            assert cursor.fetchone() == (0,)
        tenancy.enter_tenant(organization_id=None)  # whoever comes next in this transaction
        assert changed(own) == 0
        transaction.set_rollback(True)


def test_a_password_is_hashed_anew_at_sign_in(world):
    """A release may bring a stricter hasher: here, the salt is too short by now. The web role writes the hash then, and
    only then."""
    person = world.person("customer.admin")
    Person.objects.filter(pk=person.pk).update(password=make_password(PASSWORD, salt="short"))
    weak = world.person("customer.admin").password
    client = PageClient()
    sign_in(client, password="not it at all")
    assert world.person("customer.admin").password == weak
    assert sign_in(client).status_code == 302 and is_signed_in(client)
    fresh = world.person("customer.admin")
    assert fresh.password != weak and fresh.check_password(PASSWORD) and fresh.last_login is not None


def test_somebody_without_an_address_on_record_gets_one_at_sign_in(world):
    EmailAddress.objects.filter(user=world.person("customer.admin")).delete()
    Person.objects.filter(pk=world.person("customer.admin").pk).update(password=make_password(PASSWORD))
    client = PageClient()
    assert sign_in(client)["Location"] == "/sign-in/confirm-email/"
    assert EmailAddress.objects.filter(user=world.person("customer.admin"), verified=False).count() == 1


def test_who_was_admitted_is_forgotten_with_the_transaction(own_database):
    """The connection goes to the next who asks."""
    with transaction.atomic():
        tenancy.enter_tenant(organization_id=1, person_id=2, secret="x")
        tenancy.allow_credential_writes(3)
    with connection.cursor() as cursor:
        cursor.execute(tenancy._CURRENT)
        assert cursor.fetchone() == ("none", "", "", "", "")

"""What the database counts of failed attempts, whoever calls its function by SQL."""

import datetime as dt

import pytest
from django.db import DatabaseError, connection

from accounts.models import FailedAttempts
from partnerportal.lib.actors import ANONYMOUS


def count(sql, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone()[0]


NOTE = "SELECT note_failed_attempt(%s, %s)"


def test_attempts_of_somebody_are_counted_before_they_are_signed_in(world, as_tenant):
    person = world.person("customer.admin").pk
    with as_tenant(ANONYMOUS):
        assert [count(NOTE, person, "password") for _ in range(3)] == [1, 2, 3]
        assert count(NOTE, person, "code") == 1
        assert count("SELECT failed_attempts(%s, 'password')", person) == 3
    assert {row.day for row in FailedAttempts.objects.all()} == {dt.datetime.now(dt.UTC).date()}


def test_one_statement_counts_once_for_each_person(world, as_tenant):
    """Else a thousand made-up failures of everybody are a thousand mails, and everybody asked for a code."""
    with as_tenant(ANONYMOUS):
        count(
            """SELECT count(note_failed_attempt(p.id, 'password')) FROM accounts_person p, generate_series(1, 60);
               SELECT count(note_failed_attempt(p.id, 'password')) FROM accounts_person p"""
        )
    assert set(FailedAttempts.objects.values_list("failures", flat=True)) == {1}


def test_who_is_signed_in_fails_as_themselves_alone(world, actor_for, as_tenant):
    actor, other = actor_for("customer.admin"), world.person("partner.admin").pk
    with as_tenant(actor):
        assert count(NOTE, other, "password") is None
        assert count(NOTE, actor.person_id, "password") == 1
    assert not FailedAttempts.objects.filter(person=other).exists()


@pytest.mark.parametrize("kind", ["", "mail", "PASSWORD", "' OR"])
def test_only_kinds_that_there_are(kind, world, as_tenant):
    with pytest.raises(DatabaseError, match="failed_attempts_kind"), as_tenant(ANONYMOUS):
        count(NOTE, world.person("customer.admin").pk, kind)

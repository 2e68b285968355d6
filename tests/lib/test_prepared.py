"""A prepared statement gives what its queryset gives, whatever the values, and says when it could not."""

import datetime as dt
from threading import Thread
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from accounts.models import Organization
from accounts.queries.operators import list_current_operators_of_person, list_operators_of_person
from partnerportal.lib.prepared import PreparedQuery
from partnerportal.lib.sessions import SessionStore
from tests.threads import join_all
from tests.world import World

pytestmark = pytest.mark.django_db


def test_the_rows_are_those_of_the_queryset(world: World, django_assert_num_queries: Any) -> None:
    people = [world.person(who).pk for who in ("many", "nobody", "partner.admin", "distributor.admin")]
    for person_id in [*people, 0]:
        expected = [
            (o.pk, o.organization.name, o.person.email, o.active_programs) for o in list_operators_of_person(person_id)
        ]
        with django_assert_num_queries(1):
            found = [
                (o.pk, o.organization.name, o.person.email, o.active_programs)
                for o in list_current_operators_of_person(person_id)
            ]
        assert found == expected


def test_a_value_is_only_a_value() -> None:
    named = PreparedQuery(lambda name: Organization.objects.filter(name=name), "-")
    assert named("' OR true --") == named("%s") == []


def test_an_example_that_the_statement_does_not_hold_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="example"):
        PreparedQuery(lambda _name: Organization.objects.all(), "-")("x")


def test_each_thread_asks_on_its_own_connection(django_assert_num_queries: Any) -> None:
    numbered = PreparedQuery(lambda pk: Organization.objects.filter(pk=pk), -1)
    assert numbered(0) == []
    found: list[object] = ["nothing"]

    def ask() -> None:
        found[:] = numbered(0)
        connection.close()

    thread = Thread(target=ask, daemon=True)
    with django_assert_num_queries(0):  # here
        thread.start()
        join_all([thread])
    assert found == []


def test_a_session_is_found_until_it_expires() -> None:
    session = SessionStore()
    session["about"] = "something"
    session.save()
    assert SessionStore(session.session_key)["about"] == "something"
    Session.objects.update(expire_date=timezone.now() - dt.timedelta(seconds=1))
    expired = SessionStore(session.session_key)
    assert "about" not in expired
    assert expired.session_key is None

"""Sessions: what one request writes, another does not undo."""

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session

from partnerportal.lib.sessions import SessionStore

pytestmark = pytest.mark.django_db


@pytest.fixture
def key() -> str:
    session = SessionStore()
    session.update({"kept": 1, "changed": 1, "gone": 1})
    session.save()
    return str(session.session_key)


def test_two_requests_of_one_session_each_write_what_they_changed(key):
    first, second = SessionStore(key), SessionStore(key)
    assert first["kept"] == second["kept"] == 1  # both have read it
    first["changed"], first["first"] = 2, {"own": 1}
    del first["gone"]
    first.save()
    second["second"] = None
    second.save()
    assert dict(SessionStore(key).items()) == {"kept": 1, "changed": 2, "first": {"own": 1}, "second": None}
    assert dict(second.items()) == dict(SessionStore(key).items())


def test_of_two_values_for_one_key_the_later_counts(key):
    first, second = SessionStore(key), SessionStore(key)
    assert first["kept"] == second["kept"]
    first["changed"], second["changed"] = 2, 3
    first.save()
    second.save()
    assert SessionStore(key)["changed"] == 3


def test_what_lies_within_a_value_is_noticed(key):
    session = SessionStore(key)
    session["state"] = {"tries": 1}
    session.save()
    session["state"]["tries"] += 1
    session.save()
    assert SessionStore(key)["state"] == {"tries": 2}


def test_nothing_is_written_when_nothing_has_changed(key, django_assert_num_queries):
    session = SessionStore(key)
    session["kept"] = 1
    with django_assert_num_queries(0):
        session.save()


def test_a_session_that_was_cleared_is_empty(key):
    session = SessionStore(key)
    session.clear()
    session["new"] = 1
    session.save()
    assert dict(SessionStore(key).items()) == {"new": 1}


def test_a_session_that_has_been_deleted_is_not_made_again(key):
    session = SessionStore(key)
    session["kept"] = 2
    Session.objects.all().delete()
    with pytest.raises(UpdateError):
        session.save()
    session.lock_session()
    assert (session.session_key, dict(session.items())) == (None, {})


def test_who_has_the_turn_reads_what_was_written_before(key):
    session, other = SessionStore(key), SessionStore(key)
    assert session["changed"] == other["changed"] == 1
    other["changed"] = 2
    other.save()
    session.lock_session()
    assert session["changed"] == 2

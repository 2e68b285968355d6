"""Django's sessions in the database. Every request reads one: its statement is prepared."""

import datetime as dt

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.db.models import QuerySet
from django.utils import timezone

from partnerportal.lib.prepared import Prepared


def _live(session_key: str, now: dt.datetime) -> QuerySet[Session]:
    return Session.objects.filter(session_key=session_key, expire_date__gt=now)


_LIVE = Prepared(_live, "-", dt.datetime.min.replace(tzinfo=dt.UTC))


class SessionStore(db.SessionStore):
    def _get_session_from_db(self) -> Session | None:
        found = _LIVE(self.session_key, timezone.now())
        if not found:
            self._session_key = None
        return found[0] if found else None

    def save(self, must_create: bool = False) -> None:
        """A database that has gone is said to be away, not the session to be deleted."""
        try:
            super().save(must_create)
        except UpdateError as error:
            raise error.__context__ if isinstance(error.__context__, OperationalError) else error from None

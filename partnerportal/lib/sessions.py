"""Sessions in the database, of which nobody who reads or copies a row can use one.

The cookie carries a key, the row its digest: that is the `session_key` everywhere else, in the list of a person's
sessions too. The content is encrypted for its row, because it holds the codes that are mailed, and because the content
of somebody else's session would else be theirs in one's own.
"""

import base64
import datetime as dt
import logging
from copy import deepcopy
from typing import Any, cast

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions import middleware
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.db import OperationalError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from partnerportal.lib.prepared import Prepared
from partnerportal.lib.tokens import digest_of, new_token

log = logging.getLogger(__name__)

DIGITS = 40  # of the digest, 160 bits: as many as the tables of both libraries hold


def _live(session_key: str, now: dt.datetime) -> QuerySet[Session]:
    return Session.objects.filter(session_key=session_key, expire_date__gt=now)


_LIVE = Prepared(_live, "-", dt.datetime.min.replace(tzinfo=dt.UTC))


class SessionStore(db.SessionStore):
    """The session of a row. `cookie_key` is known of those that a cookie led to and of new ones.

    Two requests of one session do not undo each other: each writes only what it has changed itself.
    """

    cookie_key: str | None = None
    has_turn = False
    was_ended = False  # by this very request
    _session: dict[str, Any]  # Django's property: reads the row when it is first asked for
    _before: dict[str, Any]  # what the row held when it was last read or written here

    @classmethod
    def of_cookie(cls, key: str | None) -> "SessionStore":
        """Return the session that a cookie leads to; a new one without a cookie."""
        session = cls(digest_of(key)[:DIGITS] if key else None)
        session.cookie_key = key
        return session

    def _get_new_session_key(self) -> str:
        self.cookie_key = new_token()
        return digest_of(self.cookie_key)[:DIGITS]

    def encode(self, session_dict: dict[str, Any]) -> str:
        return self._box().encrypt(self.serializer().dumps(session_dict)).decode()

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """Return what the row of this session holds: nothing, if it was written for another or by another key."""
        try:
            content = self._box().decrypt(session_data)
        except InvalidToken:
            log.warning("The content of a session could not be opened: SECRET_KEY is another, or it is not its own")
            return {}
        found: dict[str, Any] = self.serializer().loads(content)
        return found

    def _box(self) -> MultiFernet:
        secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        keys = (
            salted_hmac(__name__, self.session_key or "", secret, algorithm="sha256").digest() for secret in secrets
        )
        return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])

    def _get_session_from_db(self) -> Session | None:
        found = _LIVE(self.session_key, timezone.now())
        if not found:
            self._session_key = None
        return found[0] if found else None

    def load(self) -> dict[str, Any]:
        found: dict[str, Any] = super().load()
        self._before = deepcopy(found)
        return found

    def cycle_key(self) -> None:
        """Give the session another key, for who signs in. One that is signed in keeps its own: the framework would
        change it when SECRET_KEY is another; each of many requests at once would get one, and the list of a person's
        sessions knows none of those, so nobody could end them. Another password ends every session."""
        if SESSION_KEY not in self:
            super().cycle_key()

    def take_turn(self) -> None:
        """Keep the session to this transaction until it ends, and read what other requests have left in it.

        Waits for whoever has the turn; raises OperationalError after lock_timeout. A session that has ended meanwhile,
        because it went on under another key for one, is empty.
        """
        row = _live(self.session_key or "", timezone.now()).select_for_update().first()
        self._session_cache = self.decode(row.session_data) if row else {}
        if row is None:
            self._session_key = None
        self._before = deepcopy(self._session_cache)
        self.has_turn = True

    def clear(self) -> None:
        self.keys()  # reads the row: else nothing would be known to have gone
        super().clear()

    def flush(self) -> None:
        super().flush()
        self.was_ended = True

    def save(self, must_create: bool = False) -> None:
        """Write what was changed since the session was read; nothing else, and not at all if nothing was.

        Raises UpdateError when the session has been deleted. A database that has gone is said to be away, not the
        session to be deleted.
        """
        try:
            if must_create or self.session_key is None:
                super().save(must_create)
            elif self._session != self._before:
                with transaction.atomic():
                    self._take_over_changes_of_others()
                    super().save()
        except UpdateError as error:
            raise error.__context__ if isinstance(error.__context__, OperationalError) else error from None
        self._before = deepcopy(self._session)

    def _take_over_changes_of_others(self) -> None:
        row = Session.objects.select_for_update().filter(session_key=self.session_key).first()
        if row is None:
            raise UpdateError
        mine, before, stored = self._session, self._before, self.decode(row.session_data)
        gone = before.keys() - mine.keys()
        kept = {name: value for name, value in stored.items() if name not in gone}
        own = {name: value for name, value in mine.items() if name not in before or value != before[name]}
        self._session_cache = kept | own


class SessionMiddleware(middleware.SessionMiddleware):
    """Django's, which would put the `session_key` into the cookie, and have the browser drop one that leads nowhere: it
    may have got a new one meanwhile, by another request that it sent at the same moment."""

    def process_request(self, request: HttpRequest) -> None:
        request.session = SessionStore.of_cookie(request.COOKIES.get(settings.SESSION_COOKIE_NAME))

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().process_response(request, response)
        name, session = settings.SESSION_COOKIE_NAME, cast(SessionStore, request.session)
        cookie = response.cookies.get(name)
        if cookie and cookie.value:  # one that is deleted is empty
            response.cookies[name] = session.cookie_key or ""
        elif cookie and not session.was_ended:
            del response.cookies[name]
        return response

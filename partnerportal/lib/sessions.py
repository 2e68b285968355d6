"""Sessions in the database. Nobody who reads or copies their rows can use one.

The cookie carries a key and the row only its digest, which is the `session_key` everywhere else, also in the list of a
person's sessions. The content is encrypted for its row, because it holds the codes that are mailed, and because whoever
copied the content of another's session into their own would otherwise be signed in as the other.
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

from partnerportal.lib.prepared import PreparedQuery, build_model_instance, list_column_names
from partnerportal.lib.tokens import digest_secret, generate_token

log = logging.getLogger(__name__)

DIGITS = 40  # hex digits of the digest that are kept, 160 bits: as many as the tables of both libraries hold


def _live(session_key: str, now: dt.datetime) -> QuerySet[Session]:
    return Session.objects.filter(session_key=session_key, expire_date__gt=now)


_LIVE = PreparedQuery(
    lambda session_key, now: _live(session_key, now).values_list(*list_column_names(Session)),
    "-",
    dt.datetime.min.replace(tzinfo=dt.UTC),
)


class SessionStore(db.SessionStore):
    """A login session that is stored, encrypted, as a row in the database.

    Each save writes only what its own request has changed, so that two requests of one session do not undo each other's
    changes. `cookie_key`, the key in the browser's cookie, is known only if a cookie led here or if the session is new.
    """

    cookie_key: str | None = None
    holds_session_lock = False  # whether this transaction keeps the session to itself, by `lock_session`
    was_ended = False  # whether this very request ended the session
    _session: dict[str, Any]  # Django's property, which reads the row at its first use
    _before: dict[str, Any]  # the content of the row when it was last read or written here

    @classmethod
    def from_cookie(cls, key: str | None) -> "SessionStore":
        """Return the session to which the key in a cookie leads, or a new session if there was no cookie."""
        session = cls(digest_secret(key)[:DIGITS] if key else None)
        session.cookie_key = key
        return session

    def _get_new_session_key(self) -> str:
        self.cookie_key = generate_token()
        return digest_secret(self.cookie_key)[:DIGITS]

    def encode(self, session_dict: dict[str, Any]) -> str:
        """Return the session's content as encrypted text for the database, which no other session can decrypt."""
        return self._box().encrypt(self.serializer().dumps(session_dict)).decode()

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """Return the decrypted content of this session as a dict.

        It is empty if it was encrypted for another session or with another SECRET_KEY.
        """
        try:
            content = self._box().decrypt(session_data)
        except InvalidToken:
            log.warning("The content of a session could not be opened: SECRET_KEY is another, or it is not its own")
            return {}
        values: dict[str, Any] = self.serializer().loads(content)
        return values

    def _box(self) -> MultiFernet:
        secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        keys = (
            salted_hmac(__name__, self.session_key or "", secret, algorithm="sha256").digest() for secret in secrets
        )
        return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])

    def _get_session_from_db(self) -> Session | None:
        rows = _LIVE(self.session_key, timezone.now())
        if not rows:
            self._session_key = None
        return build_model_instance(Session, rows[0]) if rows else None

    def load(self) -> dict[str, Any]:
        """Read the session's content from the database and return it as a dict.

        A copy is kept, with which `save` compares to find what has changed.
        """
        values: dict[str, Any] = super().load()
        self._before = deepcopy(values)
        return values

    def cycle_key(self) -> None:
        """Give the session a new key when somebody signs in. A session that is signed in already keeps its key.

        Django would change the key also after a change of SECRET_KEY. Of many requests at once each would then get
        another one, and the list of a person's sessions would know none of them, so that nobody could end them. A
        change of the password ends every session.
        """
        if SESSION_KEY not in self:
            super().cycle_key()

    def lock_session(self) -> None:
        """Lock the session until this transaction ends, and read what other requests have written in it.

        It waits for a request that holds the lock, and raises OperationalError after lock_timeout. A session that ended
        meanwhile, for example because it goes on under another key, is then empty.
        """
        row = _live(self.session_key or "", timezone.now()).select_for_update().first()
        self._session_cache = self.decode(row.session_data) if row else {}
        if row is None:
            self._session_key = None
        self._before = deepcopy(self._session_cache)
        self.holds_session_lock = True

    def clear(self) -> None:
        self.keys()  # reads the row first, so that `save` knows what has been taken out of it
        super().clear()

    def flush(self) -> None:
        """End the session and delete its row, and remember that this request did so."""
        super().flush()
        self.was_ended = True

    def save(self, must_create: bool = False) -> None:
        """Store the changes that this request has made to the session. Without changes, nothing is written.

        Raises UpdateError when the session has been deleted, but OperationalError when the database is away.
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
    """Django's session middleware, with a cookie that carries `cookie_key` in place of `session_key`.

    Unlike Django's, it does not delete a cookie that leads to no session: another request, sent at the same moment, may
    just have given the browser a new one.
    """

    def process_request(self, request: HttpRequest) -> None:
        request.session = SessionStore.from_cookie(request.COOKIES.get(settings.SESSION_COOKIE_NAME))

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().process_response(request, response)
        name, session = settings.SESSION_COOKIE_NAME, cast(SessionStore, request.session)
        cookie = response.cookies.get(name)
        if cookie and cookie.value:  # a cookie that Django deletes is empty
            response.cookies[name] = session.cookie_key or ""
        elif cookie and not session.was_ended:
            del response.cookies[name]
        return response

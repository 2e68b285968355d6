"""Unguessable tokens, and the base of models for the tokens of machines."""

import datetime as dt
import hashlib
import re
import secrets

from django.db import models
from django.utils import timezone

from partnerportal.lib.actors import Actor

NOTED_EVERY = dt.timedelta(minutes=5)  # the least time between two writes of when a token was last used

_SHAPE = re.compile(r"[A-Za-z0-9_-]{20,64}")


def new_token() -> str:
    """Return a token of 256 random bits: 43 characters that are safe in a URL."""
    return secrets.token_urlsafe(32)


def is_token(text: str) -> bool:
    """Return whether the text could be a token. No other text is looked up: the database raises an error for NUL."""
    return bool(_SHAPE.fullmatch(text))


def digest_secret(secret: str) -> str:
    """Return the SHA-256 digest in hex of a secret that is shown once. Only the digest is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Token(models.Model):
    """The base of models of a machine's credential (`lib.authentication`), of whose secret only the digest is kept.

    The row of a revoked token stays, and opens nothing.
    """

    digest = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=12)  # to recognise it by
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def as_actor(self) -> Actor:
        """Return the client that holds the token as an actor. Each model says what its clients may do."""
        raise NotImplementedError

    def log_fields(self) -> dict[str, str]:
        """Return what a request's log line says of the token, by which staff find it."""
        return {"token_prefix": self.prefix}


def note_token_use(token: Token) -> None:
    """Write that the token is used now, unless that was written in the last five minutes or another request does so.

    All requests of a machine share the token's row. Its lock lasts as long as the transaction, which should be short.
    """
    now = timezone.now()
    if token.last_used_at and now - token.last_used_at < NOTED_EVERY:
        return
    rows = type(token)._default_manager.filter(pk=token.pk)
    if rows.select_for_update(skip_locked=True, no_key=True).first():
        rows.update(last_used_at=now)

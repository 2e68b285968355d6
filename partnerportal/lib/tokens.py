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


def generate_token() -> str:
    """Return a new random token of 256 bits, as 43 characters that are safe in a URL."""
    return secrets.token_urlsafe(32)


def has_token_shape(text: str) -> bool:
    """Return whether the text has the length and characters of a token.

    Any other text must not be looked up, because the database raises an error for NUL.
    """
    return bool(_SHAPE.fullmatch(text))


def digest_secret(secret: str) -> str:
    """Return the SHA-256 digest of a secret in hex. The database stores only the digest."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Token(models.Model):
    """The base of models for a token with which a program signs in (`lib.authentication`).

    Only the digest of the token is stored. The row of a revoked token is kept, but lets nobody in.
    """

    digest = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=12)  # to recognise it by
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def as_actor(self) -> Actor:
        """Return the actor for a request with this token: a client, with the permissions of this kind of token."""
        raise NotImplementedError

    def list_log_fields(self) -> dict[str, str]:
        """Return the fields by which a request's log line names the token, as a dict. Staff find the token by them."""
        return {"token_prefix": self.prefix}


def record_token_use(token: Token) -> None:
    """Set the token's `last_used_at` to now, at most once in five minutes.

    It is skipped while another request does the same. The token's row then stays locked until the transaction ends, so
    that should be short.
    """
    now = timezone.now()
    if token.last_used_at and now - token.last_used_at < NOTED_EVERY:
        return
    rows = type(token)._default_manager.filter(pk=token.pk)
    if rows.select_for_update(skip_locked=True, no_key=True).first():
        rows.update(last_used_at=now)

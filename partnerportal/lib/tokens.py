"""Unguessable tokens."""

import datetime as dt
import hashlib
import re
import secrets

from django.db import models
from django.utils import timezone

NOTED_EVERY = dt.timedelta(minutes=5)  # between two writes of when a token was last used

_SHAPE = re.compile(r"[A-Za-z0-9_-]{20,64}")


def new_token() -> str:
    """256 random bits, safe in a URL, 43 characters."""
    return secrets.token_urlsafe(32)


def is_token(text: str) -> bool:
    """Whether it could be one. What could not is not asked of the database, which refuses NUL with an error."""
    return bool(_SHAPE.fullmatch(text))


def digest_of(secret: str) -> str:
    """What is kept of a secret that is shown once."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Token(models.Model):
    """A credential of a machine. Only the digest of its secret is kept; a revoked one stays, and opens nothing."""

    digest = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=12)  # to recognise it by
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


def note_use(token: Token) -> None:
    """Write that the token is used now: every five minutes at most, and never while another request writes it, for all
    of a machine's requests share its row. The lock lasts as long as the transaction, which should be a short one."""
    now = timezone.now()
    if token.last_used_at and now - token.last_used_at < NOTED_EVERY:
        return
    rows = type(token)._default_manager.filter(pk=token.pk)
    if rows.select_for_update(skip_locked=True, no_key=True).first():
        rows.update(last_used_at=now)

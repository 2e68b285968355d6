"""Unguessable tokens."""

import hashlib
import re
import secrets

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

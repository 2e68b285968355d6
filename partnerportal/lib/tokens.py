"""Unguessable tokens."""

import secrets


def new_token() -> str:
    """256 random bits, safe in a URL, 43 characters."""
    return secrets.token_urlsafe(32)

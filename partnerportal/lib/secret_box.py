"""Encryption of secrets that lie in the database, with keys that do not lie there."""

from collections.abc import Callable

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def encrypt(text: str) -> str:
    """Return a text encrypted with the first key of SECRETS_KEYS."""
    return _box().encrypt(text.encode()).decode()


def decrypt(encrypted_text: str) -> str:
    """Return the decrypted text.

    Raises ImproperlyConfigured when no key of SECRETS_KEYS opens it, or somebody has changed it.
    """
    return _open(encrypted_text, _box().decrypt)


def encrypt_anew(encrypted_text: str) -> str:
    """Return an encrypted secret, encrypted with the first key of SECRETS_KEYS instead.

    Raises ImproperlyConfigured when no key opens it.
    """
    return _open(encrypted_text, _box().rotate)


def _box() -> MultiFernet:
    """Return the box of all keys: the first encrypts, and every one of them decrypts."""
    return MultiFernet([Fernet(key) for key in settings.SECRETS_KEYS])


def _open(encrypted_text: str, how: Callable[[bytes], bytes]) -> str:
    try:
        return how(encrypted_text.encode()).decode()
    except InvalidToken:
        raise ImproperlyConfigured(
            "No key of SECRETS_KEYS opens a secret of the database: give back the key that it was encrypted with."
        ) from None

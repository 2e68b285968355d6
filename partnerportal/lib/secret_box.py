"""Encryption of secrets that lie in the database, with keys that do not lie there."""

from collections.abc import Callable

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def encrypt_secret(text: str) -> str:
    """Return the text encrypted with the first key of the setting SECRETS_KEYS."""
    return _box().encrypt(text.encode()).decode()


def decrypt_secret(encrypted_text: str) -> str:
    """Return the plain text of what `encrypt_secret` returned.

    Raises ImproperlyConfigured when no key of SECRETS_KEYS fits, or when the encrypted text was changed.
    """
    return _open(encrypted_text, _box().decrypt)


def reencrypt_secret(encrypted_text: str) -> str:
    """Decrypt a secret with whichever key fits, and return it encrypted with the first key of SECRETS_KEYS.

    Raises ImproperlyConfigured when no key fits.
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

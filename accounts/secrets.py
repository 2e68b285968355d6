"""Secrets of authenticators as they lie in the database: encrypted, with a key that does not lie there."""

from collections.abc import Callable

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import InvalidToken
from django.core.exceptions import ImproperlyConfigured

from partnerportal.lib.secret_box import secret_box


class MFAAdapter(DefaultMFAAdapter):
    """The library asks it for the secret of each authenticator app and for the seed of recovery codes."""

    def encrypt(self, text: str) -> str:
        return secret_box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Raises ImproperlyConfigured where no key of SECRETS_KEYS opens it."""
        return _open(encrypted_text, secret_box().decrypt)


def encrypt_anew(encrypted_text: str) -> str:
    """Return the same secret under the first key. Raises ImproperlyConfigured where no key opens it."""
    return _open(encrypted_text, secret_box().rotate)


def _open(encrypted_text: str, how: Callable[[bytes], bytes]) -> str:
    try:
        return how(encrypted_text.encode()).decode()
    except InvalidToken:
        raise ImproperlyConfigured(
            "No key of SECRETS_KEYS opens a secret of the database: give back the key that it was encrypted with."
        ) from None

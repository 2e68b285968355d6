"""Secrets of authenticators as they lie in the database: encrypted, with a key that does not lie there."""

from allauth.mfa.adapter import DefaultMFAAdapter

from partnerportal.lib import secret_box


class MFAAdapter(DefaultMFAAdapter):
    """The library asks it for the secret of each authenticator app and for the seed of recovery codes."""

    def encrypt(self, text: str) -> str:
        return secret_box.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Raises ImproperlyConfigured where no key of SECRETS_KEYS opens it."""
        return secret_box.decrypt(encrypted_text)

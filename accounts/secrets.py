"""Encryption of the secrets of authenticators: they are stored under a key that is not in the database."""

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.utils.translation import gettext

from accounts.models import Person
from partnerportal.lib import secret_box


class MFAAdapter(DefaultMFAAdapter):
    """The adapter by which allauth stores the secret of each authenticator app and the seed of recovery codes."""

    def generate_authenticator_name(self, user: Person, type: Authenticator.Type) -> str:
        """Return the name that the form of a new passkey suggests: "Passkey", from the second on with its number."""
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return gettext("Passkey") if number == 1 else gettext("Passkey %(number)s") % {"number": number}

    def encrypt(self, text: str) -> str:
        """Return the secret in the encrypted form in which it is stored."""
        return secret_box.encrypt_secret(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret from its stored form. Raises ImproperlyConfigured if no key of SECRETS_KEYS opens it."""
        return secret_box.decrypt_secret(encrypted_text)

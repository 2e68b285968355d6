"""Encrypts what lies in the database, with keys that do not lie there."""

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def secret_box() -> MultiFernet:
    """The first key of SECRETS_KEYS encrypts, every one of them decrypts."""
    return MultiFernet([Fernet(key) for key in settings.SECRETS_KEYS])

"""The settings of a developer's machine and `make demo`: plain HTTP on localhost, all else as in production."""

import os

from django.core.exceptions import ImproperlyConfigured

from partnerportal.lib.environment import exit_with_setting_error, is_secret_set

DEFAULTS = {
    "SECRET_KEY": "development-only-not-a-secret",
    "SECRETS_KEYS": "ZGV2ZWxvcG1lbnQtb25seS1ub3QtYS1zZWNyZXQtMTI=",  # base64 of the same words, made up to 32 bytes
    "PORTAL_ORIGIN": "http://localhost:8000",
    "SECURITY_CONTACT": "security@example.com",
    "EMAIL_URL": "consolemail://",
}
os.environ |= {name: value for name, value in DEFAULTS.items() if not is_secret_set(name)}

try:
    from partnerportal.settings.base import *  # noqa: F403
except ImproperlyConfigured as error:
    exit_with_setting_error(error)

ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
SESSION_COOKIE_NAME = "portal-sid"
CSRF_COOKIE_NAME = "portal-csrf"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
PORTAL_UI_KIT = True

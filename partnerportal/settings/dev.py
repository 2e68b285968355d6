"""A developer's machine and `make demo`: plain HTTP on localhost, everything else as in production."""

import os

os.environ.setdefault("SECRET_KEY", "development-only-not-a-secret")
os.environ.setdefault("PORTAL_ORIGIN", "http://localhost:8000")

from partnerportal.settings.base import *  # noqa: F403

ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
SESSION_COOKIE_NAME = "portal-sid"
CSRF_COOKIE_NAME = "portal-csrf"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
PORTAL_UI_KIT = True

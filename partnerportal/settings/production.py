"""The settings of a real server, behind a proxy that ends TLS. A wrong variable ends the process with one sentence."""

import os

from django.core.exceptions import ImproperlyConfigured

from partnerportal.lib.environment import exit_with_setting_error

os.environ.setdefault("LOG_FORMAT", "json")

try:
    from partnerportal.settings.base import *  # noqa: F403
    from partnerportal.settings.base import EMAIL_BACKEND, METRICS_TOKEN, PORTAL_ORIGIN, SECRET_KEY

    if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5:
        raise ImproperlyConfigured(
            "SECRET_KEY is too short: it needs 50 random characters, as of openssl rand -hex 40."
        )
    if not PORTAL_ORIGIN.startswith("https://"):
        raise ImproperlyConfigured(
            f"PORTAL_ORIGIN is {PORTAL_ORIGIN!r}: it must begin with https://, for cookies need it."
        )
    if not EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        raise ImproperlyConfigured("EMAIL_URL must name a mail server, such as smtp+tls://user:password@host:587.")
    if METRICS_TOKEN and len(METRICS_TOKEN) < 20:
        raise ImproperlyConfigured(
            "METRICS_TOKEN is too short: it needs 20 random characters, as of openssl rand -hex 20."
        )
except ImproperlyConfigured as error:
    exit_with_setting_error(error)

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-sid"
CSRF_COOKIE_NAME = "__Host-csrf"

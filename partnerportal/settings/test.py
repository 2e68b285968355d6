"""The settings of tests: those of development, with a cheap password hash and no manifest for static files.

This module starts the test servers itself, because pytest and mypy read the settings before any code of ours could.
"""

import os

from partnerportal import embedded

os.environ |= embedded.environment(embedded.TEST_ROOT, durable=False)
os.environ["PORTAL_PROCESS"] = "owner"  # it may create databases; requests step down to the web role by themselves

from partnerportal.settings.dev import *  # noqa: F403

SECRET_KEY = "tests"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = STORAGES | {  # noqa: F405
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
# No statement of a test takes a tenth of that. One that hangs says which it was, before the test's own limit ends all.
DATABASES["default"]["OPTIONS"]["options"] += " -c statement_timeout=300s"  # noqa: F405

"""A real server behind a real proxy, with static files that nobody has collected and a migration of its own to come."""

from partnerportal.settings.production import *  # noqa: F403

SECRET_KEY = "tests"  # the sessions are made by the test
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
INSTALLED_APPS += ["tests.operations.upgrade"]  # noqa: F405

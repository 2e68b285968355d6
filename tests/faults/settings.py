"""The processes of the fault tests: as in development, with static files that nobody has collected."""

from partnerportal.settings.dev import *  # noqa: F403

CELERY_BROKER_TRANSPORT_OPTIONS["socket_timeout"] = min(3, CELERY_BROKER_TRANSPORT_OPTIONS["socket_timeout"])  # noqa: F405
SECRET_KEY = "tests"  # the sessions are made by the test
STORAGES = STORAGES | {  # noqa: F405
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

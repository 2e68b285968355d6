"""The apps of the project, as the settings install them: no test has a list of its own."""

from django.conf import settings

OURS = tuple(app for app in settings.INSTALLED_APPS if (settings.BASE_DIR / app).is_dir())
APPS = tuple(app for app in OURS if app != "partnerportal")  # without the composition root and `lib`

"""The WSGI application of the web process.

It refuses to start with a database role that row-level security does not hold.
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partnerportal.settings.production")
os.environ.setdefault("PORTAL_PROCESS", "web")

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from partnerportal.lib.requests import Utf8Request  # noqa: E402
from partnerportal.lib.tenancy import bypasses_row_security  # noqa: E402

application.request_class = Utf8Request

if bypasses_row_security():
    raise ImproperlyConfigured(
        "The web process signs in to PostgreSQL with a role that bypasses row-level security. "
        "Use the web role that `manage.py setup_database` creates."
    )

from django.db import connection  # noqa: E402

connection.close()  # each worker opens its own after the fork

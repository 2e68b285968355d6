"""The portal's day. Last days of use, memberships and expiry are judged in UTC, whatever the reader's time zone."""

import datetime as dt

from django.utils import timezone


def today() -> dt.date:
    return timezone.now().date()

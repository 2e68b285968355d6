"""The portal's day: last days of use, memberships and expiry are judged in UTC, whatever the reader's time zone."""

import datetime as dt

from django.utils import timezone

SOON = dt.timedelta(days=30)  # a last day of use within it is near
URGENT = dt.timedelta(days=7)  # and within it has a colour, because a list of a month would be all colour


def today() -> dt.date:
    """Return today's date in UTC, the day that the portal counts by."""
    return timezone.now().date()

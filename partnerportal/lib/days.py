"""The portal's day: last days of use, memberships and expiry are judged in UTC, whatever the reader's time zone."""

import datetime as dt

from django.utils import timezone

SOON = dt.timedelta(days=30)  # a last day of use within it is near
URGENT = dt.timedelta(days=7)  # and within it has a colour, because a list of a month would be all colour
EARLIEST, LATEST = dt.date(1900, 1, 1), dt.date(9000, 1, 1)  # the first and last day of filters, safe in each time zone


def today() -> dt.date:
    """Return today's date in UTC, the day that the portal counts by."""
    return timezone.now().date()


def make_beginning_of_day(day: dt.date, zone: dt.tzinfo | None = None) -> dt.datetime:
    """Return the moment at which a day begins in a time zone, by default the reader's.

    A day before EARLIEST or after LATEST is taken for that one.
    """
    near = min(max(day, EARLIEST), LATEST)
    return dt.datetime.combine(near, dt.time.min, zone or timezone.get_current_timezone())


def make_end_of_day(day: dt.date, zone: dt.tzinfo | None = None) -> dt.datetime:
    """Return the moment at which a day has ended, likewise: the one at which the next begins."""
    return make_beginning_of_day(min(day, LATEST) + dt.timedelta(days=1), zone)

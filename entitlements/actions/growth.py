"""The nightly count of the vendor's channel: organisations, connections and licences at the end of each month."""

import datetime as dt

from django.db import connection, transaction

from entitlements.models import ChannelMonth, get_first_day_of_month
from partnerportal.lib.days import today

MONTHS = 13  # the present month and twelve before it: a year's growth has both its ends

# All of it as of the last moment of a day (UTC). Paid seats are counted by the dates of entitlements and their present
# quantity, because what a quantity was before is not kept; a month that has been written stays as it was.
COUNT = """
INSERT INTO entitlements_channelmonth
    (month, distributors, partners, customers, publishers, connections, seats, written_at)
SELECT %(month)s, count(*) FILTER (WHERE kind = 'distributor'), count(*) FILTER (WHERE kind = 'partner'),
       count(*) FILTER (WHERE kind = 'customer'), count(*) FILTER (WHERE kind = 'publisher'),
       (SELECT count(*) FROM connections_connection
        WHERE connected_at < %(end)s AND (ended_at IS NULL OR ended_at >= %(end)s)),
       (SELECT coalesce(sum(quantity), 0) FROM entitlements_entitlement
        WHERE state IN ('active', 'expired') AND kind = 'production'
          AND coalesce(starts_on, created_at::date) <= %(day)s AND (ends_on IS NULL OR ends_on >= %(day)s)),
       now()
FROM accounts_organization WHERE created_at < %(end)s
ON CONFLICT (month) DO UPDATE SET distributors = excluded.distributors, partners = excluded.partners,
    customers = excluded.customers, publishers = excluded.publishers, connections = excluded.connections,
    seats = excluded.seats, written_at = excluded.written_at
"""


@transaction.atomic
def write_channel_growth() -> int:
    """Write how large the channel is today, and at the end of each of the last MONTHS that was not written at its end.

    Return how many months were written: all of them at first, and then the present one, and the one before in the first
    night of a month.
    """
    day = today()
    months = _list_last_months(day)
    finished = set(ChannelMonth.objects.filter(month__in=months).values_list("month", "written_at"))
    done = {month for month, written_at in finished if written_at.date() >= _next_month(month)}
    due = [month for month in months if month not in done]
    with connection.cursor() as cursor:
        for month in due:
            last = min(day, _next_month(month) - dt.timedelta(days=1))
            end = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), dt.UTC)
            cursor.execute(COUNT, {"month": month, "day": last, "end": end})
    ChannelMonth.objects.filter(month__lt=months[0]).delete()
    return len(due)


def _list_last_months(day: dt.date) -> list[dt.date]:
    """Return the first days of the last MONTHS, the present one last."""
    months = [get_first_day_of_month(day)]
    while len(months) < MONTHS:
        months.append(get_first_day_of_month(months[-1] - dt.timedelta(days=1)))
    return months[::-1]


def _next_month(month: dt.date) -> dt.date:
    return get_first_day_of_month(month + dt.timedelta(days=31))

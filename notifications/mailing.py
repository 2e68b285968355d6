"""Who gets which notice by e-mail, and when: what the kind says, unless the person chose otherwise."""

import datetime as dt
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from notifications import registry
from notifications.models import Mail, Notice, NoticePreference
from notifications.models.notice import CUSTOMER_NEWS_FEATURE
from notifications.registry import Addressee, NoticeKind

MORNING = dt.time(7)  # where the person is
MARGIN = dt.timedelta(minutes=15)  # what is queued later than that before the morning goes with the next one
SPREAD = 600  # seconds over which the summaries of one time zone go out

Chosen = dict[tuple[int, int], Mail]  # by organisation and person


def usual(kind: NoticeKind, roles: frozenset[str], *, is_own: bool) -> Mail:
    """What somebody in these roles gets without a choice of their own. `is_own`: news of their own organisation."""
    if not roles & kind.email_roles or (kind.email_own_only and not is_own):
        return Mail.OFF
    return Mail(kind.email_default)


def chosen(kind: NoticeKind, organization_ids: Iterable[int]) -> Chosen:
    rows = NoticePreference.objects.filter(kind=kind.code, organization_id__in=organization_ids).exclude(mail="")
    return {(row.organization_id, row.person_id): Mail(row.mail) for row in rows}


def wanted(kind: NoticeKind, notices: list[Notice]) -> Iterator[tuple[Notice, Addressee, Mail]]:
    """Each of these notices, of that kind, with everybody who is to get it by e-mail."""
    recipients = {notice.recipient_id for notice in notices}
    choices = chosen(kind, recipients)
    if not kind.email_roles:  # nobody, but for those who asked
        recipients = {organization_id for organization_id, _person in choices}
    people = registry.people(recipients) if recipients else {}
    for notice in notices:
        for person in people.get(notice.recipient_id, []):
            mail = wanted_by(kind, notice, person, choices)
            if mail is not Mail.OFF:
                yield notice, person, mail


def wanted_by(kind: NoticeKind, notice: Notice, person: Addressee, choices: Chosen) -> Mail:
    """News of somebody else goes with the dashboard, and some are for some roles, as in the inbox (CC-5, CC-54)."""
    is_own = notice.about_id in (None, notice.recipient_id)
    if not kind.is_for(person.roles) or (not is_own and CUSTOMER_NEWS_FEATURE not in person.features):
        return Mail.OFF
    return choices.get((notice.recipient_id, person.person_id)) or usual(kind, person.roles, is_own=is_own)


def next_summary(person: Addressee, now: dt.datetime) -> tuple[dt.date, dt.datetime]:
    """The day, in the person's time zone, of the next daily summary, and when it goes out."""
    zone = ZoneInfo(person.time_zone)
    day = now.astimezone(zone).date()
    if dt.datetime.combine(day, MORNING, zone) - now < MARGIN:
        day += dt.timedelta(days=1)
    return day, dt.datetime.combine(day, MORNING, zone) + dt.timedelta(seconds=person.person_id % SPREAD)

"""Who gets which notice by e-mail, and when: as the kind of notice says, unless the person has chosen otherwise."""

import datetime as dt
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from notifications import registry
from notifications.models import MailMode, Notice, NoticePreference
from notifications.registry import MailAddressee, NoticeKind

MORNING = dt.time(7)  # when daily summaries begin to go out, in the person's time zone
MARGIN = dt.timedelta(minutes=15)  # notices that are queued later than this before MORNING go with the next summary
SPREAD = 600  # seconds over which the summaries of one time zone go out

MailChoices = dict[tuple[int, int], MailMode]  # choices for one kind of notice, by (organisation id, person id)


def get_default_mail_mode(kind: NoticeKind, roles: frozenset[str], *, is_own_news: bool) -> MailMode:
    """Return how people in these roles get a kind of notice by e-mail, unless they have chosen otherwise.

    `is_own_news` says that the notice is news of their own organisation.
    """
    if not roles & kind.email_roles or (kind.email_own_only and not is_own_news):
        return MailMode.OFF
    return MailMode(kind.email_default)


def get_mail_mode_choices(kind: NoticeKind, organization_ids: Iterable[int]) -> MailChoices:
    """Return what people have chosen for e-mails of this kind of notice, by (organisation id, person id).

    Only people of these organisations are looked up. Those who have chosen nothing are left out.
    """
    rows = NoticePreference.objects.filter(kind=kind.code, organization_id__in=organization_ids).exclude(mail="")
    return {(row.organization_id, row.person_id): MailMode(row.mail) for row in rows}


def list_mail_recipients(kind: NoticeKind, notices: list[Notice]) -> Iterator[tuple[Notice, MailAddressee, MailMode]]:
    """Yield (notice, person, way of mailing) for everybody who is to get one of the notices by e-mail.

    All notices must be of this kind.
    """
    recipients = {notice.recipient_id for notice in notices}
    choices = get_mail_mode_choices(kind, recipients)
    if not (
        kind.email_roles or kind.is_always_mailed
    ):  # by default nobody is mailed, so only those who chose it need to be looked up
        recipients = {organization_id for organization_id, _person in choices}
    people = registry.get_addressees_by_organization(recipients, with_suspended=kind.is_always_mailed)
    for notice in notices:
        for person in people.get(notice.recipient_id, []):
            mail = choose_mail_mode(kind, notice, person, choices)
            if mail is not MailMode.OFF and person.person_id != notice.hidden_from_id:
                yield notice, person, mail


def choose_mail_mode(kind: NoticeKind, notice: Notice, person: MailAddressee, choices: MailChoices) -> MailMode:
    """Return how a person is to get a notice by e-mail: as they have chosen, or else the default of its kind.

    `choices` are those of `get_mail_mode_choices`. As in the inbox, it is OFF for news of another organisation without
    the feature that the kind asks for, and for kinds that are for other roles (CC-5, CC-54). Of a kind that is always
    mailed nobody has a choice.
    """
    if kind.is_always_mailed:
        return MailMode.EACH
    is_own = notice.about_id in (None, notice.recipient_id)
    if not kind.is_for_roles(person.roles) or not (is_own or kind.is_granted_by_features(person.features)):
        return MailMode.OFF
    return choices.get((notice.recipient_id, person.person_id)) or get_default_mail_mode(
        kind, person.roles, is_own_news=is_own
    )


def find_next_daily_summary_time(person: MailAddressee, now: dt.datetime) -> tuple[dt.date, dt.datetime]:
    """Return the day of a person's next daily summary, and the moment at which it is sent.

    Both are in the person's time zone.
    """
    zone = ZoneInfo(person.time_zone)
    day = now.astimezone(zone).date()
    if dt.datetime.combine(day, MORNING, zone) - now < MARGIN:
        day += dt.timedelta(days=1)
    return day, dt.datetime.combine(day, MORNING, zone) + dt.timedelta(seconds=person.person_id % SPREAD)

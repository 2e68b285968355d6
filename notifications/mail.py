"""E-mails with notices, as HTML and as text, in the reader's language."""

import datetime as dt
from dataclasses import dataclass
from email.utils import formataddr
from itertools import islice
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import ngettext

from notifications import registry
from notifications.mailing import choose_mail_mode, get_mail_mode_choices
from notifications.models import MailMode, Notice
from notifications.registry import MailAddressee
from partnerportal.lib import formats, tenancy
from partnerportal.lib.text import make_plain_lines, make_single_line

LINES = 40  # notices that one summary lists; the others are in the inbox


def compose_notice_mail(*, notice: Notice, person_id: int) -> EmailMultiAlternatives | None:
    """Return the e-mail with one notice for one person, or None if the person is not to get it any more.

    That is so when they no longer act for the notice's recipient, or have switched off such mails. The Message-ID is
    made of the notice's and the person's ids, so a repeated delivery is recognisable as the same message.
    """
    person = _addressee(notice, person_id)
    if person is None:
        return None
    with translation.override(person.language), timezone.override(person.time_zone):
        line = _Line.for_notice(notice)
        context = {name: getattr(line, name) for name in ("subject", "about", "body", "action", "url")}
        return _mail("notice", f"{notice.public_id}.{person_id}", person, line.subject, context)


def compose_daily_summary_mail(*, person_id: int, day: dt.date, notice_ids: list[int]) -> EmailMultiAlternatives | None:
    """Return the e-mail with all notices of a person's day, by organisation.

    Return None when the person may be told of none of them any more. The Message-ID is made of the person's id and the
    day.
    """
    entries = _entries(person_id, notice_ids)
    if not entries:
        return None
    person = entries[0][1]
    with translation.override(person.language), timezone.override(person.time_zone):
        count = len(entries)
        subject = ngettext(
            "Your daily summary: %(count)s notification", "Your daily summary: %(count)s notifications", count
        )
        groups: dict[str, list[_Line]] = {}
        for notice, _person, organization in islice(entries, LINES):
            groups.setdefault(organization, []).append(_Line.for_notice(notice))
        context = {
            "day": formats.format_date(day),
            "groups": [{"organization": name, "lines": lines} for name, lines in groups.items()],
            "left_out": max(count - LINES, 0),
            "url": f"{settings.PORTAL_ORIGIN}{reverse('inbox')}",
        }
        return _mail("summary", f"summary.{person_id}.{day}", person, subject % {"count": count}, context)


@dataclass(frozen=True)
class _Line:
    subject: str
    body: str
    action: str
    url: str
    about: str

    @classmethod
    def for_notice(cls, notice: Notice) -> "_Line":
        kind = registry.get_notice_kinds()[notice.kind]
        path = kind.get_link_path(notice)
        is_own = notice.about_id in (None, notice.recipient_id)
        return cls(
            subject=str(kind.get_subject(notice)),
            body=make_plain_lines(str(kind.get_body(notice))),
            action=str(kind.get_link_label(notice)),
            url=f"{settings.PORTAL_ORIGIN}{path}" if path else "",
            about="" if is_own else notice.about_label,
        )


def _entries(person_id: int, notice_ids: list[int]) -> list[tuple[Notice, MailAddressee, str]]:
    """Return each notice that the person may still see and still wants, with the person and the organisation's name.

    That is asked at the last moment, under row-level security as the person.
    """
    organizations = set(Notice.objects.filter(pk__in=notice_ids).values_list("recipient_id", flat=True))
    entries = []
    for organization_id in sorted(organizations):
        with transaction.atomic(), tenancy.as_tenant(organization_id=organization_id, person_id=person_id):
            mine = Notice.objects.filter(pk__in=notice_ids, recipient_id=organization_id).order_by("pk")
            for notice in mine:
                person = _addressee(notice, person_id)
                if person:
                    entries.append((notice, person, person.organization_name))
    return entries


def _addressee(notice: Notice, person_id: int) -> MailAddressee | None:
    """Return the person as they act for the notice's recipient, or None when they are not to get it by e-mail.

    The caller must have entered the recipient as tenant, unless the notice is of a kind that is always mailed.
    """
    kind = registry.get_notice_kinds()[notice.kind]
    addressees = registry.get_addressees_by_organization([notice.recipient_id], with_suspended=kind.is_always_mailed)
    people = {person.person_id: person for person in addressees.get(notice.recipient_id, [])}
    person = people.get(person_id)
    if (
        person is None
        or choose_mail_mode(kind, notice, person, get_mail_mode_choices(kind, [notice.recipient_id])) is MailMode.OFF
    ):
        return None
    return person


def _mail(
    template: str, message_id: str, person: MailAddressee, subject: str, more: dict[str, Any]
) -> EmailMultiAlternatives:
    preferences = f"{settings.PORTAL_ORIGIN}{reverse('notice_preferences')}"
    context = {"subject": subject, "person": person, "language": person.language, "preferences": preferences, **more}
    mail = EmailMultiAlternatives(
        subject=make_single_line(subject),
        body=render_to_string(f"notifications/emails/{template}.txt", context),
        to=[formataddr((make_single_line(person.name), person.email))],
        headers={"Message-ID": f"<{message_id}@{settings.PORTAL_HOST}>"},
    )
    mail.attach_alternative(render_to_string(f"notifications/emails/{template}.html", context), "text/html")
    return mail

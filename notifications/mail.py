"""Notices by e-mail: HTML and text, in the reader's language."""

from email.utils import formataddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone, translation

from notifications import registry
from notifications.models import Notice
from partnerportal.lib.text import one_line


def compose(*, notice: Notice, person_id: int) -> EmailMultiAlternatives | None:
    """One notice for one person, or None when they no longer act for the recipient.

    The Message-ID is the notice's and the person's, so a repeated delivery is recognisable as the same message.
    """
    kind = registry.kinds()[notice.kind]
    told = registry.people([notice.recipient_id], kind.email_roles).get(notice.recipient_id, [])
    people = {person.person_id: person for person in told}
    if person_id not in people:
        return None
    person = people[person_id]
    with translation.override(person.language), timezone.override(person.time_zone):
        path = kind.path(notice)
        context = {
            "notice": notice,
            "subject": kind.subject(notice),
            "body": kind.body(notice),
            "action": kind.action(notice),
            "url": f"{settings.PORTAL_ORIGIN}{path}" if path else "",
            "person": person,
            "origin": settings.PORTAL_ORIGIN,
            "language": person.language,
        }
        mail = EmailMultiAlternatives(
            subject=one_line(str(context["subject"])),
            body=render_to_string("notifications/emails/notice.txt", context),
            to=[formataddr((one_line(person.name), person.email))],
            headers={"Message-ID": f"<{notice.public_id}.{person_id}@{settings.PORTAL_HOST}>"},
        )
        mail.attach_alternative(render_to_string("notifications/emails/notice.html", context), "text/html")
    return mail

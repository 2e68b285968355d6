"""The mails of activation links, in the language that the sender chose. They are queued encrypted: links are secret."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from entitlements.models import ActivationLink
from entitlements.notices.news import describe_licence_count
from notifications.actions.secret_mails import queue_secret_mail
from partnerportal.lib import formats
from partnerportal.lib.text import make_single_line


def build_activation_url(token: str) -> str:
    """Return the URL of the page of an activation link, which whoever has it may open, and its addressee accept."""
    return f"{settings.PORTAL_ORIGIN}{reverse('activation', args=[token])}"


def queue_activation_mail(link: ActivationLink, token: str, *, is_reminder: bool = False) -> None:
    """Queue the mail of an activation link, with a URL that holds this token.

    If the mail server refuses it for good, the link is marked (`record_undelivered_activation`).
    """
    with translation.override(link.language):
        subject = _compose_subject(link, is_reminder=is_reminder)
        body = render_to_string(f"entitlements/emails/activation_{link.kind}.txt", _context(link, token, is_reminder))
    queue_secret_mail(EmailMessage(make_single_line(subject), body, to=[link.email]), about=link)


def _compose_subject(link: ActivationLink, *, is_reminder: bool) -> str:
    names = {"sender": link.sender_name, "name": link.name}
    if is_reminder:
        return _("Reminder: activate %(name)s in the partner portal") % names
    return _("%(sender)s invites you to activate %(name)s in the partner portal") % names


def _context(link: ActivationLink, token: str, is_reminder: bool) -> dict[str, Any]:
    return {
        "link": link,
        "service": link.sku.name if link.sku else "",
        "program": link.program.name if link.program else "",
        "days": settings.PORTAL_TRIAL_TIME.days,
        "licences": describe_licence_count(link.seats) if link.is_for_customer else "",
        "url": build_activation_url(token),
        "ends": formats.format_date(link.expires_at),
        "is_reminder": is_reminder,
        "is_at_once": not link.is_for_customer and link.organization.onboards_partners_at_once,
    }

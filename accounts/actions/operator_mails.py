"""Mails about acting for an organisation: the invitation with its link, and what has changed for whom it concerns.

They are queued encrypted, like codes of the sign-in: an invitation holds a secret, and of what has changed a person is
told even when they act for the organisation no more and so get none of its notices.
"""

from collections.abc import Iterable
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Operator, OperatorInvitation, Organization, Person, Role
from notifications.actions.secret_mails import queue_secret_mail
from partnerportal.lib import formats
from partnerportal.lib.text import make_single_line

TEMPLATES = "accounts/emails"


def build_invitation_url(token: str) -> str:
    """Return the URL of the page of an invitation, which whoever has it may open and accept."""
    return f"{settings.PORTAL_ORIGIN}{reverse('operator_invitation', args=[token])}"


def queue_invitation_mail(
    invitation: OperatorInvitation, organization: Organization, token: str, *, is_reminder: bool = False
) -> None:
    """Queue the mail of an invitation, with a link that holds this token, in the invitation's language.

    If the mail server refuses it for good, the invitation is marked (`accounts.actions.invitations`).
    """
    with translation.override(invitation.language):
        words = (
            _("Reminder: %(organization)s invites you to the partner portal")
            if is_reminder
            else _("%(organization)s invites you to the partner portal")
        )
        context = {
            "organization": organization,
            "roles": name_roles(invitation.roles),
            "url": build_invitation_url(token),
            "ends": formats.format_date(invitation.expires_at),
            "email": invitation.email,
            "is_reminder": is_reminder,
        }
        mail = _make_mail("operator_invitation", words % {"organization": organization}, invitation.email, context)
    queue_secret_mail(mail, about=invitation)


def queue_operator_mail(what: str, operator: Operator) -> None:
    """Queue the mail that tells a person what has changed for them in an organisation: added, roles or removed.

    `what` is one of these three words, and `operator` is as it was stored, or as it was before its removal.
    """
    person, organization = operator.person, operator.organization
    with translation.override(person.language):
        words = {
            "added": _("You now act for %(organization)s"),
            "roles": _("Your roles in %(organization)s have changed"),
            "removed": _("You no longer act for %(organization)s"),
        }[what]
        context = {
            "organization": organization,
            "roles": name_roles(operator.roles),
            "has_finance": operator.finance_granted,
            "url": settings.PORTAL_ORIGIN + reverse("operators"),
            "sign_in_url": "" if _has_credentials(person) else settings.PORTAL_ORIGIN + reverse("account_login"),
        }
        mail = _make_mail(f"operator_{what}", words % {"organization": organization}, person.email, context)
    queue_secret_mail(mail, can_wait=True)


def _has_credentials(person: Person) -> bool:
    """Return whether a person has anything to sign in with: a password, or a device such as a passkey."""
    return person.has_usable_password() or Authenticator.objects.filter(user=person).exists()


def name_roles(roles: Iterable[str]) -> str:
    """Return the names of roles as one text in the reader's language, such as "Reader and Sales agent"."""
    return formats.join_names(Role(role).label for role in roles)


def _make_mail(template: str, subject: str, email: str, context: dict[str, Any]) -> EmailMessage:
    body = render_to_string(f"{TEMPLATES}/{template}.txt", context)
    return EmailMessage(make_single_line(subject), body, to=[email])

"""allauth's sign-in with our limits and our addresses."""

import ipaddress
import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core import context as current
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from django.utils.crypto import get_random_string
from django.utils.translation import get_language, gettext

from accounts.models import Person
from partnerportal.lib import tenancy
from partnerportal.lib.errors import Unavailable
from partnerportal.lib.mail_server import MAIL_SERVER
from partnerportal.lib.pages import is_own_path

log = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    def save_user(self, request: HttpRequest, user: Person, form: Any, commit: bool = True) -> Person:
        """A new person keeps the language in which they signed up."""
        user.name = form.cleaned_data.get("name", "")
        user.language = get_language() or settings.LANGUAGE_CODE
        saved = super().save_user(request, user, form, commit)
        tenancy.admit(saved.pk)
        return saved

    # allauth calls these when a person has proved who they are; the database lets them write their own from then on.

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Person | None:
        person: Person | None = super().authenticate(request, **credentials)
        if person:
            tenancy.admit(person.pk)
        return person

    def login(self, request: HttpRequest, user: Person) -> None:
        tenancy.admit(user.pk)
        super().login(request, user)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        tenancy.admit(email_address.user_id)
        return super().confirm_email(request, email_address)

    def set_password(self, user: Person, password: str) -> None:
        """By a link that was mailed, or by the person, who has just given the old one. Writes nothing else of them."""
        tenancy.admit(user.pk)
        user.set_password(password)
        user.save(update_fields=["password"])

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Failed sign-ins count per account AND client network, so that a stranger who guesses cannot lock the owner
        out from elsewhere. allauth keys on the account alone; this private hook is covered by a test."""
        address = ipaddress.ip_address(self.get_client_ip(request))
        network = ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 64}", strict=False)
        return f"{super()._get_login_attempts_cache_key(request, **credentials)}:{network}"

    def is_safe_url(self, url: str | None) -> bool:
        """allauth's own fails on an address that cannot be parsed, and follows one that is no path."""
        return is_own_path(current.request, url or "")

    def send_account_already_exists_mail(self, email: str) -> None:
        """Takes the time that a new account takes, most of it for the password: else the time tells who has one."""
        make_password(get_random_string(12))
        super().send_account_already_exists_mail(email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Names and links come from the settings, never from the request's host header.

        Raises Unavailable when the mail server takes nothing, or has just failed: what the mail was to tell is not done
        then. Waits for EMAIL_TIMEOUT seconds at most.
        """
        given = {"request": current.request, "email": email, "origin": settings.PORTAL_ORIGIN}
        site = {"name": gettext("Partner portal"), "domain": settings.PORTAL_HOST}
        message = self.render_mail(template_prefix, email, {**given, **context, "current_site": site})
        try:
            MAIL_SERVER.call(message.send)
        except OSError as error:  # smtplib's errors are OSErrors
            log.warning("The mail server did not take a mail: %s: %s", template_prefix, error)
            words = gettext("The mail could not be sent just now. Nothing was changed; try again in a few minutes.")
            raise Unavailable("mail_not_sent", words) from error

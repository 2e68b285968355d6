"""The adapter that gives allauth's sign-in the portal's limits, checks and mails."""

import ipaddress
import re
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.stagekit import clear_login
from allauth.account.internal.userkit import filter_users_by_email
from allauth.account.models import EmailAddress, Login
from allauth.core import context as current
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.hashers import make_password
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.crypto import constant_time_compare, get_random_string
from django.utils.translation import get_language

from accounts.actions.attempts import Attempt, needs_mailed_sign_in_code, record_failed_sign_in
from accounts.models import Person
from accounts.work_addresses import check_new_main_address
from notifications.actions.secret_mails import queue_secret_mail
from partnerportal.lib import tenancy
from partnerportal.lib.errors import InvalidInput
from partnerportal.lib.formats import format_date_and_time
from partnerportal.lib.pages import is_local_path
from partnerportal.lib.text import make_single_line

SIGNING_IN_WITH = "signing_in_with"  # session key of the password's hash, from a sign-in's first step to its last


class AccountAdapter(DefaultAccountAdapter):
    """The adapter by which allauth asks the portal what to do when somebody signs up, signs in or sets a password."""

    def save_user(self, request: HttpRequest, user: Person, form: Any, commit: bool = True) -> Person:
        """Store a person who signs up; return the person.

        Their language is the page's, and their `origin` is SIGNED_UP.
        """
        user.origin = Person.Origin.SIGNED_UP
        user.name = form.cleaned_data.get("name", "")
        user.language = get_language() or settings.LANGUAGE_CODE
        saved = super().save_user(request, user, form, commit)
        tenancy.allow_credential_writes(saved.pk)
        return saved

    # allauth calls the next three methods when a person has just proved who they are. From then on the database lets
    # the request write what that person signs in with.

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Person | None:
        """Return the person with these credentials, or None for wrong ones.

        After right ones, the database lets the request change what that person signs in with, such as the password.
        """
        person: Person | None = super().authenticate(request, **credentials)
        if person:
            tenancy.allow_credential_writes(person.pk)
        return person

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Mark an e-mail address as verified; return False if that is impossible, as when another account has it.

        A new main address is checked again, because an organisation may have proved its domain meanwhile.
        """
        person = email_address.user
        if email_address.email != person.email:
            try:
                with transaction.atomic():
                    check_new_main_address(person, email_address.email)
            except InvalidInput as error:
                messages.error(request, str(error.message))
                return False
        tenancy.allow_credential_writes(email_address.user_id)
        return super().confirm_email(request, email_address)

    def set_password(self, user: Person, password: str) -> None:
        """Store a person's new password and nothing else of them.

        allauth calls this after a reset link that was mailed, or when the person has just given the old password.
        """
        tenancy.allow_credential_writes(user.pk)
        user.set_password(password)
        user.save(update_fields=["password"])

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Return the key under which failed sign-ins are counted: one for each account and client network.

        allauth's own key is the account alone, so a stranger who guesses could lock the owner out. A test covers this
        private hook.
        """
        return f"{super()._get_login_attempts_cache_key(request, **credentials)}:{self.get_client_network(request)}"

    def get_client_network(self, request: HttpRequest) -> str:
        """Return the network of the client's IP address: the /24 of an IPv4 address, the /64 of an IPv6 address."""
        address = ipaddress.ip_address(self.get_client_ip(request))
        return str(ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 64}", strict=False))

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Count a wrong password against the account for which it was typed.

        It counts from whatever network it came, because many may guess together.
        """
        for person in filter_users_by_email(credentials.get("email", ""), prefer_verified=True, for_login=True):
            record_failed_sign_in(person.pk, Attempt.PASSWORD)

    def is_login_by_code_required(self, login: Login) -> bool:
        """Return whether this sign-in also needs a code that is mailed to the person.

        It does if it is by password and the account is being guessed (`needs_mailed_sign_in_code`). A sign-in by
        passkey never does.
        """
        methods = [record["method"] for record in get_authentication_records(self.request, login.user)]
        return methods[-1:] == ["password"] and needs_mailed_sign_in_code(login.user.pk)

    def pre_login(self, request: HttpRequest, user: Person, **hook: Any) -> HttpResponse | None:
        """Keep a hash of the person's password in the session, by which `login` sees whether it was changed meanwhile.

        Return a response that stops the sign-in, or None.
        """
        request.session[SIGNING_IN_WITH] = user.get_session_auth_hash()
        return super().pre_login(request, user, **hook)

    def login(self, request: HttpRequest, user: Person) -> None:
        """Sign a person in, unless their account was locked or got another password since this sign-in began.

        Between the password and this last step may lie a quarter of an hour. Raises ImmediateHttpResponse with the
        page to show instead.
        """
        if not user.is_active:
            clear_login(request)
            raise ImmediateHttpResponse(self.respond_user_inactive(request, user))
        begun_with = request.session.pop(SIGNING_IN_WITH, "")
        if not constant_time_compare(begun_with, user.get_session_auth_hash()):
            clear_login(request)
            raise ImmediateHttpResponse(redirect("account_login"))
        tenancy.allow_credential_writes(user.pk)
        super().login(request, user)

    def is_safe_url(self, url: str | None) -> bool:
        """Return whether a redirect may go to this URL: only a path of this site.

        allauth's own check fails on a URL that cannot be parsed, and allows one that is no path.
        """
        return is_local_path(current.request, url or "")

    def send_account_already_exists_mail(self, email: str) -> None:
        """Tell the owner of an address, by mail, that their account exists already.

        This takes as long as creating an account, most of which goes into hashing a password. A quicker answer would
        tell a stranger who has an account.
        """
        make_password(get_random_string(12))
        super().send_account_already_exists_mail(email)

    def render_mail(
        self, template_prefix: str, email: str | list[str], context: dict[str, Any], headers: Any = None
    ) -> EmailMultiAlternatives:
        """Return a mail as text and as HTML, both from one template, in the language of the page."""
        subject = make_single_line(_render(template_prefix, "subject", context))
        context = {**context, "subject": subject, "language": get_language() or settings.LANGUAGE_CODE}
        if "timestamp" in context:  # of a change to the account, which allauth tells with its time, browser and address
            context["when"] = format_date_and_time(context["timestamp"])
            context["sessions_url"] = settings.PORTAL_ORIGIN + reverse("usersessions_list")
        body, html = (
            _render(
                template_prefix,
                "message",
                context | {"layout": f"account/email/letter.{ending}", "link_template": f"account/email/link.{ending}"},
            )
            for ending in ("txt", "html")
        )
        text = re.sub(r"\n{3,}", "\n\n", body).strip() + "\n"
        mail = EmailMultiAlternatives(subject, text, to=[email] if isinstance(email, str) else email, headers=headers)
        mail.attach_alternative(html, "text/html")
        return mail

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue a mail made from a template, so that no page waits for a mail server.

        The links in the mail come from the settings, never from the request's host header.
        """
        queue_secret_mail(self.render_mail(template_prefix, email, {**context, "email": email}))


def _render(template_prefix: str, part: str, context: dict[str, Any]) -> str:
    """Return one part of a mail, its subject or its message, from the template that allauth has named."""
    return str(render_to_string(f"{template_prefix}_{part}.txt", context))

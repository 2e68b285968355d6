"""allauth's sign-in with our limits and our addresses."""

import ipaddress
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.stagekit import clear_login
from allauth.account.internal.userkit import filter_users_by_email
from allauth.account.models import EmailAddress, Login
from allauth.core import context as current
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.crypto import constant_time_compare, get_random_string
from django.utils.translation import get_language, gettext

from accounts import actions
from accounts.models import Person
from notifications.actions import queue_secret_mail
from partnerportal.lib import tenancy
from partnerportal.lib.pages import is_own_path

SIGNING_IN_WITH = "signing_in_with"  # in the session, from the first step of a sign-in to its last


class AccountAdapter(DefaultAccountAdapter):
    def save_user(self, request: HttpRequest, user: Person, form: Any, commit: bool = True) -> Person:
        """A new person keeps the language in which they signed up, and that they did so."""
        user.origin = Person.Origin.SIGNED_UP
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
        return f"{super()._get_login_attempts_cache_key(request, **credentials)}:{self.client_network(request)}"

    def client_network(self, request: HttpRequest) -> str:
        """The /24 or, of IPv6, the /64 in which the client is."""
        address = ipaddress.ip_address(self.get_client_ip(request))
        return str(ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 64}", strict=False))

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """A wrong password counts for its account too, from wherever it came: many networks may guess together."""
        for person in filter_users_by_email(credentials.get("email", ""), prefer_verified=True, for_login=True):
            actions.note_failed_attempt(person.pk, actions.Attempt.PASSWORD)

    def is_login_by_code_required(self, login: Login) -> bool:
        """While an account is being guessed, whoever gives its password also gives a code that is mailed. A passkey is
        enough as always."""
        methods = [record["method"] for record in get_authentication_records(self.request, login.user)]
        return methods[-1:] == ["password"] and actions.asks_for_mailed_code(login.user.pk)

    def pre_login(self, request: HttpRequest, user: Person, **hook: Any) -> HttpResponse | None:
        """Remembers the password with which this sign-in begins: see `login`."""
        request.session[SIGNING_IN_WITH] = user.get_session_auth_hash()
        return super().pre_login(request, user, **hook)

    def login(self, request: HttpRequest, user: Person) -> None:
        """Steps may lie between the password and this, of a quarter of an hour: an account that was locked meanwhile,
        or that has another password now, is not entered by what was true before."""
        if not user.is_active:
            clear_login(request)
            raise ImmediateHttpResponse(self.respond_user_inactive(request, user))
        begun_with = request.session.pop(SIGNING_IN_WITH, "")
        if not constant_time_compare(begun_with, user.get_session_auth_hash()):
            clear_login(request)
            raise ImmediateHttpResponse(redirect("account_login"))
        tenancy.admit(user.pk)
        super().login(request, user)

    def is_safe_url(self, url: str | None) -> bool:
        """allauth's own fails on an address that cannot be parsed, and follows one that is no path."""
        return is_own_path(current.request, url or "")

    def send_account_already_exists_mail(self, email: str) -> None:
        """Takes the time that a new account takes, most of it for the password: else the time tells who has one."""
        make_password(get_random_string(12))
        super().send_account_already_exists_mail(email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue it, so that no page waits for a mail server. Names and links come from the settings, never from the
        request's host header."""
        given = {"request": current.request, "email": email, "origin": settings.PORTAL_ORIGIN}
        site = {"name": gettext("Partner portal"), "domain": settings.PORTAL_HOST}
        queue_secret_mail(self.render_mail(template_prefix, email, {**given, **context, "current_site": site}))

"""The library's forms of the sign-in, where ours differ. Not in `forms`: the library imports that while it loads."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.forms import LoginForm as BaseLoginForm
from allauth.account.forms import ResetPasswordForm as BaseResetPasswordForm
from allauth.account.forms import ResetPasswordKeyForm as BaseResetPasswordKeyForm
from allauth.account.forms import UserTokenForm as BaseUserTokenForm
from allauth.account.internal.flows.login import is_login_rate_limited
from allauth.account.internal.userkit import filter_users_by_email
from allauth.account.models import EmailAddress, Login
from allauth.core import context, ratelimit
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as mfa_forms
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm as BaseActivateTOTPForm
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.utils import is_mfa_enabled
from allauth.mfa.webauthn import forms as webauthn_forms
from allauth.mfa.webauthn.internal import auth as webauthn
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import actions
from accounts.models import Person
from partnerportal.lib import tenancy
from partnerportal.lib.turns import take_turn

CODE_ON_ITS_WAY = _(
    "A code is on its way to your mailbox. Wait a few seconds and sign in again: then a new one is sent."
)
TOO_MANY_CODES = _(
    "Too many wrong codes were given for this account today. Sign in again: a code is mailed to you first."
)
TOO_MANY_CODES_CONFIRM = _(
    "Too many wrong codes were given for this account today. Use your password or a passkey instead."
)


class LoginForm(BaseLoginForm):
    def _clean_with_password(self, credentials: dict[str, str]) -> dict[str, Any]:
        """The library's, but one who gives the right password while a code was just mailed is told so, and not that the
        password was wrong too often. This private hook is covered by a test."""
        person = get_account_adapter(self.request).authenticate(self.request, **credentials)
        if person is None:
            raise get_account_adapter().validation_error("email_password_mismatch")
        self.user, self._login = person, Login(user=person, email=credentials.get("email"))
        if is_login_rate_limited(context.request, self._login):
            raise forms.ValidationError(CODE_ON_ITS_WAY, code="code_on_its_way")
        return self.cleaned_data


class ResetPasswordForm(BaseResetPasswordForm):
    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """A locked person is told that they are locked, in the mail alone: the page is the same for everybody."""
        email = self.cleaned_data["email"]
        if not self.users and filter_users_by_email(email, is_active=False, for_login=True):
            get_account_adapter().send_mail("account/email/account_locked", email, {})
            return email
        return super().save(request, **kwargs)


class UserTokenForm(BaseUserTokenForm):
    def _get_user(self, uidb36: str) -> Person | None:
        """A link that was sent before its person was locked opens nothing, and one that is followed many times at once
        sets one password. Covered by a test, as it is private."""
        person = super()._get_user(uidb36)
        if person is None:
            return None
        take_turn("proof", person.pk)
        person.refresh_from_db()
        return person if person.is_active else None


class ResetPasswordKeyForm(BaseResetPasswordKeyForm):
    def save(self) -> None:
        """Whoever opened the link reads the mailbox that it was sent to, so the next sign-in asks for no code. An
        account with several addresses proves none of them so: the link does not say to which it went."""
        super().save()
        addresses = list(EmailAddress.objects.filter(user=self.user))
        if [address.email for address in addresses] == [self.user.email]:
            addresses[0].set_verified()


class SecondStep(mfa_forms.BaseAuthenticateForm):
    """A code of an authenticator app, or a recovery code. Wrong ones count as wrong passwords do: by account and client
    network, so that a stranger locks nobody out elsewhere, and by account and day, which the owner is told."""

    too_many = TOO_MANY_CODES

    def clean_code(self) -> str:
        person, request = self.user, context.request
        take_turn("proof", person.pk)  # so that each of many that come at once is counted before the next
        if actions.asks_for_mailed_code(person.pk) and not self.has_given_a_mailed_code(request):
            raise forms.ValidationError(self.too_many, code="too_many_codes")
        key = f"mfa-auth-user-{person.pk}:{get_account_adapter().client_network(request)}"
        if not ratelimit.consume(request, action="login_failed", key=key):
            raise get_account_adapter().validation_error("too_many_login_attempts")
        code = self.cleaned_data["code"]
        for authenticator in Authenticator.objects.filter(user=person).exclude(type=Authenticator.Type.WEBAUTHN):
            if authenticator.wrap().validate_code(code):
                authenticator.user = person
                self.authenticator = authenticator
                ratelimit.clear(request, action="login_failed", key=key)
                return code
        actions.note_failed_attempt(person.pk, actions.Attempt.CODE)
        raise get_adapter().validation_error("incorrect_code")

    def has_given_a_mailed_code(self, request: HttpRequest) -> bool:
        return any(record["method"] == "code" for record in get_authentication_records(request, self.user))


class AuthenticateForm(SecondStep, mfa_forms.AuthenticateForm):
    pass


class ReauthenticateForm(SecondStep, mfa_forms.ReauthenticateForm):
    too_many = TOO_MANY_CODES_CONFIRM


@contextmanager
def refuse_malformed() -> Iterator[None]:
    """Answer a credential that no device makes as a wrong one; the library reads it as if the shape were right."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError):
        raise get_adapter().validation_error("incorrect_code") from None


class WellFormed:
    def clean_credential(self) -> Any:
        with refuse_malformed():
            return super().clean_credential()  # type: ignore[misc]


class Unlimited:
    """What a device signs cannot be guessed, so there is no limit that a stranger could use up for the owner."""

    user: Person
    cleaned_data: dict[str, Any]

    def clean_credential(self) -> Authenticator:
        credential = self.cleaned_data["credential"]
        webauthn.parse_authentication_response(credential)
        return webauthn.complete_authentication(self.user, credential)


class AuthenticateWebAuthnForm(WellFormed, Unlimited, webauthn_forms.AuthenticateWebAuthnForm):
    pass


class ReauthenticateWebAuthnForm(WellFormed, Unlimited, webauthn_forms.ReauthenticateWebAuthnForm):
    pass


class LoginWebAuthnForm(WellFormed, webauthn_forms.LoginWebAuthnForm):
    """Signing in by a passkey alone."""

    def clean_credential(self) -> Authenticator:
        authenticator: Authenticator = super().clean_credential()  # raises unless the signature is right
        tenancy.admit(authenticator.user_id)
        return authenticator


class AddWebAuthnForm(webauthn_forms.AddWebAuthnForm):
    def clean(self) -> dict[str, Any]:
        with refuse_malformed():
            return super().clean()


class ActivateTOTPForm(BaseActivateTOTPForm):
    def clean_code(self) -> str:
        """The code that activates an app is used by that: whoever saw it does not sign in with it. Of two browsers in
        which somebody adds an app at once, the second is refused."""
        take_turn("proof", self.user.pk)
        if is_mfa_enabled(self.user, [Authenticator.Type.TOTP]):
            raise get_adapter().validation_error("incorrect_code")
        code = super().clean_code()
        TOTP(Authenticator(user=self.user))._mark_code_used(code)
        return code

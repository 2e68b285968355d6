"""The forms of the sign-in where they differ from allauth's.

They do not stand in `forms`, because allauth imports that module while it loads its own forms.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.forms import AddEmailForm as BaseAddEmailForm
from allauth.account.forms import ChangePasswordForm as BaseChangePasswordForm
from allauth.account.forms import ConfirmEmailVerificationCodeForm, ConfirmLoginCodeForm
from allauth.account.forms import LoginForm as BaseLoginForm
from allauth.account.forms import ResetPasswordForm as BaseResetPasswordForm
from allauth.account.forms import ResetPasswordKeyForm as BaseResetPasswordKeyForm
from allauth.account.forms import SetPasswordForm as BaseSetPasswordForm
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
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.actions.attempts import Attempt, needs_mailed_sign_in_code, record_failed_sign_in
from accounts.models import Person
from accounts.work_addresses import check_new_main_address
from partnerportal.lib import tenancy
from partnerportal.lib.errors import InvalidInput
from partnerportal.lib.formats import join_names
from partnerportal.lib.locks import AdvisoryLock, acquire_lock

FOREIGN_ADDRESS = _(
    "%(email)s is not a work address at %(organizations)s. You’ll remain an operator there, and the activity log "
    "will record the change."
)
CODE_ON_ITS_WAY = _("We have just sent you a code by email. To get a new one, wait a few seconds and sign in again.")
TOO_MANY_CODES = _(
    "Too many wrong codes were entered for this account today. Sign in again: we’ll send you a code by email first."
)
TOO_MANY_CODES_CONFIRM = _(
    "Too many wrong codes were entered for this account today. Use your password or a passkey instead."
)


EMAIL_INPUT = {"inputmode": "email", "autocapitalize": "none", "spellcheck": "false"}
MAILED_CODE_INPUT = {"inputmode": "text", "autocapitalize": "characters", "spellcheck": "false"}  # letters and digits


class AddEmailForm(BaseAddEmailForm):
    """The form of a new main address. It has to be a work address of the organisations that have proved their domain.

    Of the others in which it is none, the person is told.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].widget.attrs |= EMAIL_INPUT | {"autocomplete": "email"}

    def clean_email(self) -> str:
        """Return the address. Raises ValidationError for one that an organisation of the person does not accept."""
        email: str = super().clean_email()
        try:
            with transaction.atomic():
                self.foreign_to = check_new_main_address(self.user, email)
        except InvalidInput as error:
            raise forms.ValidationError(str(error.message), code=error.code) from None
        return email

    def save(self, request: HttpRequest) -> EmailAddress:
        """Mail a code to the address, and say in which organisations it is no work address."""
        if self.foreign_to:
            names = join_names(organization.name for organization in self.foreign_to)
            values = {"email": self.cleaned_data["email"], "organizations": names}
            messages.warning(request, str(FOREIGN_ADDRESS) % values)
        return super().save(request)


class ConfirmEmailCodeForm(ConfirmEmailVerificationCodeForm):
    """The form of the mailed code that proves an address."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= MAILED_CODE_INPUT


class ConfirmSignInCodeForm(ConfirmLoginCodeForm):
    """The form of the mailed code that a sign-in by password needs while the account is guessed at."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= MAILED_CODE_INPUT


class LoginForm(BaseLoginForm):
    """The form for signing in by password.

    A person who gives the right password again, shortly after a code was mailed, is told that the code is on its way.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # With "webauthn" the browser offers passkeys beside addresses, whatever is typed.
        self.fields["login"].widget.attrs |= EMAIL_INPUT | {"autocomplete": "username webauthn"}

    def _clean_with_password(self, credentials: dict[str, str]) -> dict[str, Any]:
        """Check the password and return the cleaned data. Raises ValidationError.

        Whoever gives the right password while a code was just mailed is told so; allauth's own form would say that the
        password was wrong too often. A test covers this private hook.
        """
        person = get_account_adapter(self.request).authenticate(self.request, **credentials)
        if person is None:
            raise get_account_adapter().validation_error("email_password_mismatch")
        self.user, self._login = person, Login(user=person, email=credentials.get("email"))
        if is_login_rate_limited(context.request, self._login):
            raise forms.ValidationError(CODE_ON_ITS_WAY, code="code_on_its_way")
        return self.cleaned_data


class ResetPasswordForm(BaseResetPasswordForm):
    """The form of "Forgot your password?", by which a locked person is told by mail that they are locked."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].widget.attrs |= EMAIL_INPUT | {"autocomplete": "username"}

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Mail a link that sets a password; return the address that was typed.

        A locked person is told by mail that they are locked. The page is the same in both cases, so it reveals nothing.
        """
        email = self.cleaned_data["email"]
        if not self.users and filter_users_by_email(email, is_active=False, for_login=True):
            get_account_adapter().send_mail("account/email/account_locked", email, {})
            return email
        return super().save(request, **kwargs)


class PasswordResetTokenForm(BaseUserTokenForm):
    """The form that checks a link for setting a password; a locked person's link is refused."""

    def _get_user(self, uidb36: str) -> Person | None:
        """Return the person of a link that sets a password, or None for an unknown or locked person.

        Requests of one person take turns here, so that a link that is followed many times at once sets one password.
        A test covers this, as it is private.
        """
        person = super()._get_user(uidb36)
        if person is None:
            return None
        acquire_lock(AdvisoryLock.PROOFS, person.pk)
        person.refresh_from_db()
        return person if person.is_active else None


class ChangePasswordForm(BaseChangePasswordForm):
    """The form that changes the password of whoever is signed in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = _("Current password")
        _label_new_password_fields(self)


class SetPasswordForm(BaseSetPasswordForm):
    """The form that sets the first password of whoever is signed in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _label_new_password_fields(self)


def _label_new_password_fields(form: forms.Form) -> None:
    """Label the fields of a new password. Allauth writes the labels in title case, and once more into the fields."""
    form.fields["password1"].label = _("New password")
    form.fields["password2"].label = _("New password again")
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)


class ResetPasswordKeyForm(BaseResetPasswordKeyForm):
    """The form that sets a new password by a mailed link.

    It also verifies the address of a person who has only one.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _label_new_password_fields(self)

    def save(self) -> None:
        """Store the new password, and mark the person's address as verified if it is their only one.

        Whoever opened the link reads the mailbox that it was sent to, so the next sign-in asks for no code. If there
        are several addresses, none is marked, because the link does not say to which of them it was sent.
        """
        super().save()
        addresses = list(EmailAddress.objects.filter(user=self.user))
        if [address.email for address in addresses] == [self.user.email]:
            addresses[0].set_verified()


class SecondFactorForm(mfa_forms.BaseAuthenticateForm):
    """The base of forms that take a code of an authenticator app or a recovery code.

    Wrong codes are limited like wrong passwords: by account and client network, so that a stranger cannot lock the
    owner out elsewhere, and by account and day, of which the owner is told.
    """

    too_many = TOO_MANY_CODES

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= {"inputmode": "numeric"}  # of an app, and recovery codes are digits too

    def clean_code(self) -> str:
        """Return the code if it is right for one of the person's authenticators, and set `authenticator` to that one.

        Raises ValidationError for a wrong code, after too many of them from one client network, and after too many in a
        day unless the person has given a mailed code first.
        """
        person, request = self.user, context.request
        # of many codes that come at once, each is counted before the next is tried
        acquire_lock(AdvisoryLock.PROOFS, person.pk)
        if needs_mailed_sign_in_code(person.pk) and not self.has_given_mailed_code(request):
            raise forms.ValidationError(self.too_many, code="too_many_codes")
        key = f"mfa-auth-user-{person.pk}:{get_account_adapter().get_client_network(request)}"
        if not ratelimit.consume(request, action="login_failed", key=key):
            raise get_account_adapter().validation_error("too_many_login_attempts")
        code = self.cleaned_data["code"]
        for authenticator in Authenticator.objects.filter(user=person).exclude(type=Authenticator.Type.WEBAUTHN):
            if authenticator.wrap().validate_code(code):
                authenticator.user = person
                self.authenticator = authenticator
                ratelimit.clear(request, action="login_failed", key=key)
                return code
        record_failed_sign_in(person.pk, Attempt.CODE)
        raise get_adapter().validation_error("incorrect_code")

    def has_given_mailed_code(self, request: HttpRequest) -> bool:
        """Return whether the person has typed a mailed code in this sign-in.

        That lifts the daily limit on wrong codes.
        """
        return any(record["method"] == "code" for record in get_authentication_records(request, self.user))


class AuthenticateSecondFactorForm(SecondFactorForm, mfa_forms.AuthenticateForm):
    """The form of the second step of a sign-in."""

    @property
    def has_app(self) -> bool:
        """Whether the person has an authenticator app. Whoever has none can enter only a recovery code."""
        return is_mfa_enabled(self.user, [Authenticator.Type.TOTP])


class ReauthenticateSecondFactorForm(SecondFactorForm, mfa_forms.ReauthenticateForm):
    too_many = TOO_MANY_CODES_CONFIRM


@contextmanager
def catch_malformed_credential_errors() -> Iterator[None]:
    """Turn errors that a malformed credential causes in the `with` block into ValidationError("incorrect_code").

    allauth reads a credential as if its shape were always right, and would answer with an error page.
    """
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError):
        raise get_adapter().validation_error("incorrect_code") from None


class WellFormedCredentialMixin:
    """A mixin for forms that take a device's credential: it answers a malformed one like a wrong one.

    Without it allauth's forms fail on JSON that is not shaped as a browser would send it.
    """

    def clean_credential(self) -> Any:
        """Return the credential as the form's other classes check it. Raises ValidationError for a malformed one."""
        with catch_malformed_credential_errors():
            return super().clean_credential()  # type: ignore[misc]


class UnlimitedSignatureAttemptsMixin:
    """A mixin for forms that check a device's signature without a limit on wrong ones.

    A signature cannot be guessed, and a limit could be used up by a stranger, to the owner's harm.
    """

    user: Person
    cleaned_data: dict[str, Any]

    def clean_credential(self) -> Authenticator:
        """Return the authenticator whose signature the credential holds. Raises ValidationError for a wrong one."""
        credential = self.cleaned_data["credential"]
        webauthn.parse_authentication_response(credential)
        return webauthn.complete_authentication(self.user, credential)


class AuthenticateWebAuthnForm(
    WellFormedCredentialMixin, UnlimitedSignatureAttemptsMixin, webauthn_forms.AuthenticateWebAuthnForm
):
    pass


class ReauthenticateWebAuthnForm(
    WellFormedCredentialMixin, UnlimitedSignatureAttemptsMixin, webauthn_forms.ReauthenticateWebAuthnForm
):
    pass


class LoginWebAuthnForm(WellFormedCredentialMixin, webauthn_forms.LoginWebAuthnForm):
    """The form that signs a person in by a passkey alone."""

    def clean_credential(self) -> Authenticator:
        """Return the passkey that signed the challenge.

        From then on the database lets the request change what the passkey's owner signs in with.
        """
        authenticator: Authenticator = super().clean_credential()  # raises unless the signature is right
        tenancy.allow_credential_writes(authenticator.user_id)
        return authenticator


class AddWebAuthnForm(webauthn_forms.AddWebAuthnForm):
    def clean(self) -> dict[str, Any]:
        with catch_malformed_credential_errors():
            return super().clean()


class ActivateTOTPForm(BaseActivateTOTPForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= {"inputmode": "numeric"}

    def clean_code(self) -> str:
        """Return the code that activates an authenticator app, and mark it as used, so that it signs nobody in.

        Raises ValidationError for a wrong code, and for the second of two browsers in which an app is added at once.
        """
        acquire_lock(AdvisoryLock.PROOFS, self.user.pk)
        if is_mfa_enabled(self.user, [Authenticator.Type.TOTP]):
            raise get_adapter().validation_error("incorrect_code")
        code = super().clean_code()
        TOTP(Authenticator(user=self.user))._mark_code_used(code)
        return code

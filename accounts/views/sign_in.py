"""The pages of sign-in and sign-up where they differ from allauth's: their mails, their purpose, a new code."""

import math
import time
from collections.abc import Callable
from typing import Any

from allauth.account import views as account_views
from django.contrib import messages
from django.forms import BaseForm, Form
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.pages import read_next_url
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.sign_up_purposes import describe_sign_up_purpose

RESEND_WAIT = 30  # seconds after a code was mailed in which no new one can be requested
_COMES_FROM = "comes_from"  # session key of the path to which a sign-in leads back, for the pages that come after it


class MailQueuingFormViewMixin:
    """A mixin for views of allauth whose form queues a mail.

    When that fails, the form shows the error, and what the request wrote to the database and the session is undone.
    """

    request: PortalRequest
    form_invalid: Callable[[BaseForm], HttpResponse]

    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Answer a valid form as allauth does, or with the form and the error that stopped it."""
        before = dict(self.request.session.items())
        with show_errors_in_form(form):
            return super().form_valid(form)  # type: ignore[misc]
        self.request.session.clear()
        self.request.session.update(before)
        return self.form_invalid(form)


class PurposeMixin:
    """A mixin for views of allauth: the page says what it is for, if an invitation led there.

    `step` is which step of the sign-up the page is, 0 for none. Templates find the line as `purpose`.
    """

    request: PortalRequest
    step = 0

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return allauth's context with the line `purpose`, which is "" without an invitation."""
        path = read_next_url(self.request, self.request.session.get(_COMES_FROM, ""))
        purpose = describe_sign_up_purpose(self.request.actor, path, self.step)
        return {**super().get_context_data(**kwargs), "purpose": purpose}  # type: ignore[misc]


class EntranceMixin(PurposeMixin, MailQueuingFormViewMixin):
    """A mixin for the forms of sign-up and sign-in, which keep for the next pages where the person comes from."""

    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Answer a valid form, and remember the path to which it leads back.

        It is in the session because allauth's next page has it only for an account that is new, and must not tell.
        """
        self.request.session[_COMES_FROM] = read_next_url(self.request, "")
        return super().form_valid(form)


class SignupView(EntranceMixin, account_views.SignupView):
    step = 1


class LoginView(EntranceMixin, account_views.LoginView):
    """The sign-in page, which mails a code to people who have not verified their address."""


class PasswordResetView(MailQueuingFormViewMixin, account_views.PasswordResetView):
    pass


class CodePageMixin(PurposeMixin):
    """A mixin for pages that ask for a mailed code: a new one is sent on request, but not before RESEND_WAIT.

    Templates find the seconds that are left as `seconds_left`.
    """

    _process: (
        Any  # allauth's, whose state in the session has the time of the last mail, at which the code's time begins
    )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the context with the seconds until a new code can be requested."""
        return {**super().get_context_data(**kwargs), "seconds_left": self._count_seconds_left()}

    def _count_seconds_left(self) -> int:
        return max(0, math.ceil(self._process.state["at"] + RESEND_WAIT - time.time()))

    def _resend_form_valid(self, form: Form) -> HttpResponse:
        """Mail a new code, or say how long to wait for one. allauth calls this private hook; tests cover it."""
        if seconds := self._count_seconds_left():
            words = ngettext(
                "You can get a new code in %(seconds)s second.",
                "You can get a new code in %(seconds)s seconds.",
                seconds,
            )
            messages.warning(self.request, words % {"seconds": seconds})
            return HttpResponseRedirect(self.request.get_full_path())
        self._process.state["at"] = time.time()
        response: HttpResponse = super()._resend_form_valid(form)  # type: ignore[misc]
        messages.success(self.request, _("A new code is on its way. The earlier one no longer works."))
        return response


class ConfirmEmailCodeView(CodePageMixin, account_views.ConfirmEmailVerificationCodeView):
    """The page for the code that proves an e-mail address, at sign-up or after a change of the address."""

    step = 2


class ConfirmSignInCodeView(CodePageMixin, account_views.ConfirmLoginCodeView):
    """The page for the code that a sign-in by password needs while somebody guesses the password."""

"""The routes of sign-in, sign-up, second factors and sessions: allauth's views, drawn by our templates.

The views that send mail, ask for a mailed code or show sessions are our own. They stand first, so that they win over
allauth's.
"""

from django.contrib.auth.decorators import login_required
from django.urls import include, path

from accounts.views import sessions
from accounts.views import sign_in as views

urlpatterns = [
    path("signup/", views.SignupView.as_view(), name="account_signup"),
    path("login/", views.LoginView.as_view(), name="account_login"),
    path("password/reset/", views.PasswordResetView.as_view(), name="account_reset_password"),
    path("confirm-email/", views.ConfirmEmailCodeView.as_view(), name="account_email_verification_sent"),
    path("login/code/confirm/", views.ConfirmSignInCodeView.as_view(), name="account_confirm_login_code"),
    path("", include("allauth.account.urls")),
    path("two-factor/", include("allauth.mfa.urls")),
    path("sessions/", login_required(sessions.SessionsView.as_view()), name="usersessions_list"),
]

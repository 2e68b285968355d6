"""The routes of sign-in, sign-up, second factors and sessions: allauth's views, drawn by our templates.

The views that send mail are our own. They stand first, so that they win over allauth's.
"""

from django.urls import include, path

from accounts.views import account as views

urlpatterns = [
    path("signup/", views.SignupView.as_view(), name="account_signup"),
    path("login/", views.LoginView.as_view(), name="account_login"),
    path("password/reset/", views.PasswordResetView.as_view(), name="account_reset_password"),
    path("", include("allauth.account.urls")),
    path("two-factor/", include("allauth.mfa.urls")),
    path("sessions/", include("allauth.usersessions.urls")),
]

"""The routes of every page. Those of the API are in `api_urls`."""

from django.conf import settings
from django.urls import include, path, re_path
from django.views.i18n import set_language

from partnerportal import uikit, views

urlpatterns = [
    path("", views.start_page, name="overview"),
    path("", include("exports.urls")),
    path("", include("imports.urls")),
    path("", include("marketplace.urls")),
    path("", include("entitlements.urls")),
    path("", include("support.urls")),
    path("", include("connections.urls")),
    path("", include("accounts.urls")),
    path("", include("notifications.urls")),
    path(".well-known/security.txt", views.security_txt, name="security_txt"),
    re_path(r"^robots\.txt$", views.robots_txt, name="robots_txt"),
    path("search/", views.search_page, name="search"),
    path("help/", views.help_page, name="help"),
    path("help/roles/", views.roles_help, name="roles_help"),
    path("language/", set_language, name="set_language"),
    path("sign-in/", include("partnerportal.auth_urls")),
    path("api/", include("partnerportal.api_urls")),
]

handler400 = "partnerportal.views.bad_request"
handler403 = "partnerportal.views.permission_denied"
handler404 = "partnerportal.views.not_found"
handler500 = "partnerportal.views.server_error"

if settings.DEBUG or settings.PORTAL_UI_KIT:
    urlpatterns += [
        path("ui-kit/", uikit.ui_kit, name="ui_kit"),
        path("ui-kit/dialog/", uikit.ui_kit_dialog, name="ui_kit_dialog"),
    ]

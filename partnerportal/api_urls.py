"""The routes of the API, version 1, and of its schema and its reference."""

from csp.decorators import csp_update
from django.urls import include, path, register_converter
from django.urls.converters import PathConverter
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.views import APIView

from partnerportal.lib.pages import require_sign_in

app_name = "api"


class AnyPathConverter(PathConverter):
    """A converter for URL paths that also matches line breaks.

    Django's own `path` does not match them, so a URL with one would get a 404 page in place of the API's answer.
    """

    regex = "(?s:.+)"


register_converter(AnyPathConverter, "anything")


@extend_schema(exclude=True)
class UnmatchedURLView(APIView):
    """The view for every URL below the API that matches no other route.

    It answers 404 in the API's format, whatever the method.
    """

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        raise NotFound(_("There is nothing at this address. API addresses end with a slash."))


reference = SpectacularSwaggerSplitView.as_view(url_name="api:schema", template_name="api/reference.html")
with_its_icons = csp_update({"img-src": ["data:"]})  # the style sheet of the reference holds its icons as data: URLs

urlpatterns = [
    path("v1/", include("accounts.api.urls")),
    path("v1/", include("connections.api.urls")),
    path("v1/", include("entitlements.api.urls")),
    path("v1/", include("exports.api.urls")),
    path("v1/", include("imports.api.urls")),
    path("v1/", include("marketplace.api.urls")),
    path("v1/", include("notifications.api.urls")),
    path("v1/", include("support.api.urls")),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", with_its_icons(require_sign_in(reference)), name="docs"),
    path("<anything:rest>", UnmatchedURLView.as_view(), name="nothing"),
]

"""The floor: the least that Django can do with the same rows, in one file without tenants, sign-in or shell."""

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import Context, Engine
from django.urls import path

from partnerportal.settings import dev

# All apps are installed, because they import one another in `ready()`. The only middleware is allauth's, without which
# allauth refuses to start.
PORTAL = {name: getattr(dev, name) for name in dir(dev) if name.isupper()}
BARE = {
    "ROOT_URLCONF": __name__,
    "MIDDLEWARE": ["allauth.account.middleware.AccountMiddleware"],
    "ALLOWED_HOSTS": ["*"],
}
if not settings.configured:
    settings.configure(**PORTAL | BARE)

application = get_wsgi_application()

from entitlements.models import CustomerListing  # noqa: E402

TEMPLATE = Engine().from_string(
    """<!doctype html><title>Customers</title><table>{% for row in rows %}<tr><td>{{ row.name }}<td>{{ row.org_id }}
    <td>{{ row.country }}<td>{{ row.assigned }} / {{ row.seats }}<td>{{ row.next_expiry_on|date }}
    <td>{{ row.connected_at|date }}{% endfor %}</table>{{ count }}"""
)
FIELDS = ("public_id", "name", "org_id", "country", "seats", "assigned", "next_expiry_on", "connected_at")


def page(request: HttpRequest, viewer: int) -> HttpResponse:
    """Show the first fifty customers of a viewer, and how many there are."""
    rows = CustomerListing.objects.filter(viewer=viewer)
    context = {"rows": rows.order_by("name_folded", "pk")[:50], "count": rows.count()}
    return HttpResponse(TEMPLATE.render(Context(context)))


def api_list(request: HttpRequest, viewer: int) -> HttpResponse:
    """Return the first fifty customers of a viewer as JSON, and how many there are."""
    rows = CustomerListing.objects.filter(viewer=viewer)
    items = list(rows.order_by("name_folded", "pk").values(*FIELDS)[:50])
    return JsonResponse({"totalCount": rows.count(), "items": items})


def api_detail(request: HttpRequest, viewer: int) -> HttpResponse:
    """Return one customer of a viewer as JSON."""
    row = CustomerListing.objects.filter(viewer=viewer).values(*FIELDS)[0]
    return JsonResponse(row)


urlpatterns = [
    path("page/<int:viewer>/", page),
    path("list/<int:viewer>/", api_list),
    path("detail/<int:viewer>/", api_detail),
]

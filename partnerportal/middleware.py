"""Who acts, in which tenant, in one transaction."""

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.db import OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from partnerportal import errors
from partnerportal.actors import actor_for
from partnerportal.lib import tenancy
from partnerportal.lib.actors import ANONYMOUS
from partnerportal.lib.errors import DomainError

GetResponse = Callable[[HttpRequest], HttpResponse]
SEEN_EVERY = 300  # seconds between two writes of "last seen" into the session


class HealthMiddleware:
    """`/healthz`: the process answers. `/readyz`: the database does too. Before the host check, for load balancers."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return HttpResponse("ok", content_type="text/plain")
        if request.path == "/readyz":
            return self._ready()
        return self.get_response(request)

    def _ready(self) -> JsonResponse:
        """Redis is not asked: without it every page works, and the sweep catches up."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except OperationalError:
            return JsonResponse({"database": "down"}, status=503)
        return JsonResponse({"database": "up"})


class ActorMiddleware:
    """Opens the transaction of the request, enters the tenant and sets `request.actor` and `request.operators`.

    Any error rolls the whole request back. Domain errors become pages here; the API maps them itself.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with transaction.atomic():
            self._enter(request)
            response = self.get_response(request)
            if getattr(request, "failed", False):
                transaction.set_rollback(True)
            return response

    def _enter(self, request: HttpRequest) -> None:
        timezone.deactivate()
        request.actor, request.operators = ANONYMOUS, []  # type: ignore[attr-defined]
        if request.user.is_authenticated and self._timed_out(request):
            logout(request)
            messages.info(request, _("You were signed out after a long pause. Sign in again to go on."))
        if not request.user.is_authenticated:
            tenancy.enter(organization_id=None)
            return
        person = request.user
        wanted = request.session.get("organization")
        tenancy.enter(organization_id=wanted, person_id=person.pk)
        request.actor, request.operators = actor_for(person, wanted)  # type: ignore[attr-defined]
        if request.actor.organization_id != wanted:  # type: ignore[attr-defined]
            tenancy.enter(organization_id=request.actor.organization_id, person_id=person.pk)  # type: ignore[attr-defined]
        translation.activate(person.language)
        request.LANGUAGE_CODE = person.language
        timezone.activate(person.time_zone)

    def _timed_out(self, request: HttpRequest) -> bool:
        now = int(time.time())
        seen = request.session.get("seen_at", now)
        if now - seen > settings.PORTAL_IDLE_SECONDS:
            return True
        if now - seen > SEEN_EVERY or "seen_at" not in request.session:
            request.session["seen_at"] = now
        return False

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The rollback comes last: the page that tells of the error still reads the database for its shell."""
        request.failed = True  # type: ignore[attr-defined]
        return errors.page(request, exception) if isinstance(exception, DomainError) else None

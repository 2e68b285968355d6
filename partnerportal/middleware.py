"""Who acts, in which tenant, in one transaction."""

import time
from collections.abc import Callable
from functools import partial

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.backends import awaits_proof, half_signed_in
from accounts.models import Operator
from accounts.queries import operators_of
from connections.actors import actor_for
from partnerportal import errors
from partnerportal.lib import logs, tenancy
from partnerportal.lib.actors import ANONYMOUS
from partnerportal.lib.breaker import Away, Breaker
from partnerportal.lib.errors import DomainError, NotFound
from partnerportal.lib.requests import PortalRequest

GetResponse = Callable[[HttpRequest], HttpResponse]
SEEN_EVERY = 300  # seconds between two writes of "last seen" into the session
DATABASE = Breaker("The database", within=2, pause=0)  # who asks for readiness gives up after a few seconds


class PermissionsPolicyMiddleware:
    """Tells the browser, with every answer, that no page or frame of ours may use what the portal never asks for."""

    POLICY = ", ".join(
        f"{feature}=()"
        for feature in (
            "accelerometer", "browsing-topics", "camera", "display-capture", "encrypted-media", "geolocation",
            "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "screen-wake-lock", "serial", "usb",
            "xr-spatial-tracking",
        )
    )  # fmt: skip

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: PortalRequest) -> HttpResponse:
        response = self.get_response(request)
        response["Permissions-Policy"] = self.POLICY
        return response


class HealthMiddleware:
    """`/healthz`: the process answers. `/readyz`: the database does too, and the process stays.

    Before the host check, for load balancers.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: PortalRequest) -> HttpResponse:
        if request.path == "/healthz":
            response = HttpResponse("ok", content_type="text/plain")
        elif request.path == "/readyz":
            response = self._ready(request)
        else:
            return self.get_response(request)
        response["Content-Length"] = len(response.content)
        response["X-Content-Type-Options"] = "nosniff"
        response["Cache-Control"] = "no-store"
        return response

    def _ready(self, request: PortalRequest) -> JsonResponse:
        """Ask the database, and take it for down when it does not answer within two seconds. Redis is not asked:
        without it every page works, and the sweep catches up."""
        if request.META.get("portal.leaves"):  # partnerportal/server tells it
            return JsonResponse({"process": "leaving"}, status=503)
        try:
            if not DATABASE.is_open:
                DATABASE.call(partial(_ask, connections[DEFAULT_DB_ALIAS]))
                return JsonResponse({"database": "up"})
        except Away:
            del connections[DEFAULT_DB_ALIAS]  # it is asked still, and to close it would be to wait for the answer
        except (InterfaceError, OperationalError):
            pass
        return JsonResponse({"database": "down"}, status=503)


def _ask(database: BaseDatabaseWrapper) -> None:
    """Connect, if need be, and ask, in another thread than the connection's own, which waits meanwhile."""
    database.inc_thread_sharing()
    try:
        database.close_if_health_check_failed()
        with database.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        database.dec_thread_sharing()


class SecretAddressMiddleware:
    """An address that holds a secret is neither stored by anybody nor named to the next page; errors included."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: PortalRequest) -> HttpResponse:
        response = self.get_response(request)
        match = request.resolver_match
        if match and match.kwargs.keys() & {"token", "key"}:
            response["Cache-Control"] = "no-store"
            response["Referrer-Policy"] = "no-referrer"
        return response


class ActorMiddleware:
    """Opens the transaction of the request, enters the tenant and says who acts.

    `request.actor`, `request.operators` (every organisation the person may act for), `request.operator` (the one acted
    for, or None) and `request.act_for(public_id)`, the one way to act for another. Any error rolls all of it back.
    Domain errors become pages here; the API maps them itself. Of a request by token nobody is the actor, and no
    transaction is open: its view opens its own (`lib/api_tokens.py`).
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: PortalRequest) -> HttpResponse:
        if _is_by_token(request):
            self._enter_nobody(request)
            return self.get_response(request)
        with transaction.atomic():
            self._enter(request)
            response = self.get_response(request)
            if getattr(request, "failed", False):
                transaction.set_rollback(True)
            elif request.session.has_turn and request.session.session_key:
                request.session.save()  # before the next in turn reads it
            if isinstance(response, HttpResponseNotAllowed):  # has no words of its own
                response.content = render_to_string("problem.html", request=request)
        if not request.actor.is_anonymous and not response.has_header("Cache-Control"):
            # Nor does Back show it, after signing out, to the next person at the machine.
            response["Cache-Control"] = "private, no-store"
        return response

    def _enter_nobody(self, request: PortalRequest) -> None:
        timezone.deactivate()
        request.actor, request.operators, request.operator = ANONYMOUS, [], None
        request.act_for = partial(self._act_for, request)

    def _enter(self, request: PortalRequest) -> None:
        self._enter_nobody(request)
        if request.method == "POST" and awaits_proof(request.session):
            request.session.take_turn()
        wanted, person_id = request.session.get("organization"), request.session.get(SESSION_KEY)
        # The session names them, the first use of request.user checks it; the policies must know before that.
        tenancy.enter(organization_id=wanted if person_id else None, person_id=person_id)
        if request.user.is_authenticated and self._timed_out(request):
            logout(request)
            messages.info(request, _("Your session has ended. Sign in again to go on."))
        if not request.user.is_authenticated:
            if person_id:
                tenancy.enter(organization_id=None)
            if pending := half_signed_in(request.session):
                tenancy.admit(pending)
            return
        person = request.user
        self._act(request, wanted, person.acting_for)
        if request.actor.organization_id != wanted:
            request.session["organization"] = request.actor.organization_id  # so that the next request enters at once
            tenancy.enter(organization_id=request.actor.organization_id, person_id=person.pk)
        translation.activate(person.language)
        request.LANGUAGE_CODE = person.language
        timezone.activate(person.time_zone)

    def _act(self, request: PortalRequest, organization_id: int | None, operators: list[Operator]) -> None:
        actor = actor_for(request.user, organization_id, operators)  # type: ignore[arg-type]
        request.actor, request.operators = actor, operators
        request.operator = next((o for o in operators if o.organization_id == actor.organization_id), None)
        logs.add_fields(person=str(request.user.public_id), organization=actor.organization_public_id)  # type: ignore[union-attr]

    def _act_for(self, request: PortalRequest, public_id: object) -> None:
        """From now on, act for that organisation of the person's own. Raises NotFound for any other."""
        operators = [] if request.actor.is_anonymous else list(operators_of(request.user.pk))  # type: ignore[arg-type]
        chosen = next((o for o in operators if str(o.organization.public_id) == str(public_id)), None)
        if chosen is None:
            raise NotFound("not_found", "")
        request.session["organization"] = chosen.organization_id
        tenancy.enter(organization_id=chosen.organization_id, person_id=chosen.person_id)
        self._act(request, chosen.organization_id, operators)

    def _timed_out(self, request: PortalRequest) -> bool:
        """After a long pause, and in any case when the session is old: every write of it moves its own expiry on."""
        now = int(time.time())
        seen, since = request.session.get("seen_at", now), request.session.setdefault("signed_in_at", now)
        if now - seen > settings.PORTAL_IDLE_SECONDS or now - since > settings.SESSION_COOKIE_AGE:
            return True
        if now - seen > SEEN_EVERY or "seen_at" not in request.session:
            request.session["seen_at"] = now
        return False

    def process_exception(self, request: PortalRequest, exception: Exception) -> HttpResponse | None:
        """The rollback comes last: the page that tells of the error still reads the database for its shell."""
        request.failed = True
        return errors.page(request, exception) if isinstance(exception, DomainError) else None


def _is_by_token(request: PortalRequest) -> bool:
    """Whether a token is shown to a view that knows no sessions. Other views pass over it."""
    if "Authorization" not in request.headers:
        return False
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return False
    return not getattr(getattr(view, "cls", None), "has_session", True)

"""Middleware for health checks and headers, and the one that says who acts, in which tenant, in one transaction."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

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

from accounts.backends import get_half_signed_in_person_id, is_sign_in_proof_pending
from accounts.models import Operator
from accounts.queries.operators import list_operators_of_person
from connections.actors import PersonSession, is_kept_out
from partnerportal import errors
from partnerportal.lib import tenancy
from partnerportal.lib.authentication import set_request_actor
from partnerportal.lib.breaker import CircuitBreaker, ServiceUnavailable
from partnerportal.lib.errors import DomainError, NotFound
from partnerportal.lib.requests import PortalRequest

GetResponse = Callable[[HttpRequest], HttpResponse]
# What the people of a suspended organisation may still do: sign out, act for another of theirs, or for one that invites
# them, choose a language.
STAYS_OPEN = {
    "account_logout", "organization_switch", "set_language", "security_txt", "robots_txt", "operator_invitation",
    "operator_invitation_open", "operator_invitation_accept", "operator_invitation_leave",
}  # fmt: skip
# What else people may do whose organisation requires a second factor that they have not set up: set one up.
SETS_UP_SECOND_FACTOR = {
    "mfa_index", "mfa_activate_totp", "mfa_add_webauthn", "mfa_list_webauthn", "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes", "mfa_download_recovery_codes", "mfa_reauthenticate", "mfa_reauthenticate_webauthn",
    "account_reauthenticate", "account_set_password", "account_change_password",
}  # fmt: skip
SEEN_EVERY = 300  # seconds between two writes of "last seen" into the session
DATABASE = CircuitBreaker(
    "The database", within=2, pause=0
)  # load balancers that ask for readiness wait a few seconds only


class PermissionsPolicyMiddleware:
    """Middleware that forbids pages to use browser features such as the camera, because none needs them."""

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


class HealthCheckMiddleware:
    """Middleware that answers the health checks of load balancers, before the host check.

    `/healthz` says that the process answers. `/readyz` says that the database does too and the process is not leaving.
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
        """Return 200 when the process stays and the database answers within two seconds, else 503.

        Redis is not asked: without it every page works, and the sweeps catch up later.
        """
        if request.META.get("portal.leaves"):  # set by partnerportal/server
            return JsonResponse({"process": "leaving"}, status=503)
        try:
            if not DATABASE.is_open:
                DATABASE.call(partial(_ask, connections[DEFAULT_DB_ALIAS]))
                return JsonResponse({"database": "up"})
        except ServiceUnavailable:
            del connections[DEFAULT_DB_ALIAS]  # not closed: a thread still uses it, and closing would wait for that
        except (InterfaceError, OperationalError):
            pass
        return JsonResponse({"database": "down"}, status=503)


def _ask(database: BaseDatabaseWrapper) -> None:
    """Run a statement on a connection of another thread, which waits meanwhile. Connect first if need be."""
    database.inc_thread_sharing()
    try:
        database.close_if_health_check_failed()
        with database.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        database.dec_thread_sharing()


class SecretURLMiddleware:
    """Middleware that keeps URLs with a secret out of caches and of the Referer header.

    It does so for failed requests too.
    """

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
    """Middleware that opens the request's transaction and finds out who acts for which organisation.

    It enters the tenant, and sets `request.actor`, `request.operators` (one for every organisation that the person may
    act for), `request.operator` (that of the present organisation, or None) and `request.act_for(public_id)`, the one
    way to act for another organisation. If the present organisation is suspended (`request.suspended`), a page that
    says so replaces all others but those of STAYS_OPEN; if it requires a second factor that the person has not set up
    (`request.unprotected`), one that says so replaces all but these and those of SETS_UP_SECOND_FACTOR. Any error rolls
    the transaction back. Domain errors become pages here; the API maps them itself. A request with a token has nobody
    as its actor and no open transaction: its view opens its own (`lib/api_tokens.py`).
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
            elif request.session.holds_session_lock and request.session.session_key:
                request.session.save()  # within the transaction, because the next in turn reads it right after
            if isinstance(response, HttpResponseNotAllowed):  # Django gives this answer no text
                response.content = render_to_string("problem.html", request=request)
        if not request.actor.is_anonymous and not response.has_header("Cache-Control"):
            # Nobody stores the page, so that after signing out Back does not show it to the next person at the machine.
            response["Cache-Control"] = "private, no-store"
        return response

    def _enter_nobody(self, request: PortalRequest) -> None:
        timezone.deactivate()
        set_request_actor(request, None)
        request.operators, request.operator, request.suspended, request.unprotected = [], None, None, None
        request.act_for = partial(self._act_for, request)

    def _enter(self, request: PortalRequest) -> None:
        self._enter_nobody(request)
        if request.method == "POST" and is_sign_in_proof_pending(request.session):
            request.session.lock_session()
        wanted, person_id = request.session.get("organization"), request.session.get(SESSION_KEY)
        # The first use of request.user checks the session. Reading the user needs the policies' tenant already, so the
        # tenant that the unchecked session names is entered first.
        tenancy.enter_tenant(organization_id=wanted if person_id else None, person_id=person_id)
        if request.user.is_authenticated and self._timed_out(request):
            logout(request)
            messages.info(request, _("Your session has ended. Sign in again to continue."))
        if not request.user.is_authenticated:
            if person_id:
                tenancy.enter_tenant(organization_id=None)
            if pending := get_half_signed_in_person_id(request.session):
                tenancy.allow_credential_writes(pending)
            return
        person = request.user
        self._act(request, wanted, person.acting_for)
        closed = request.suspended or request.unprotected
        chosen = closed.pk if closed else request.actor.organization_id
        if chosen != wanted:
            request.session["organization"] = chosen  # so that the next request enters at once
        if chosen != wanted or request.unprotected:
            tenancy.enter_tenant(organization_id=request.actor.organization_id, person_id=person.pk)
        translation.activate(person.language)
        request.LANGUAGE_CODE = person.language
        timezone.activate(person.time_zone)

    def _act(self, request: PortalRequest, organization_id: int | None, operators: list[Operator]) -> None:
        session = PersonSession(request.user, organization_id, operators)  # type: ignore[arg-type]
        set_request_actor(request, session)
        operator, request.operators = session.operator, operators
        request.operator = operator if operator and not is_kept_out(operator) else None
        closed = operator.organization if operator and request.operator is None else None
        is_suspended = closed is not None and closed.is_suspended
        request.suspended, request.unprotected = (closed, None) if is_suspended else (None, closed)

    def _act_for(self, request: PortalRequest, public_id: object) -> None:
        """Act for another of the person's own organisations from now on. Raises NotFound for any other."""
        operators = [] if request.actor.is_anonymous else list(list_operators_of_person(request.user.pk))  # type: ignore[arg-type]
        operator = next((o for o in operators if str(o.organization.public_id) == str(public_id)), None)
        if operator is None:
            raise NotFound("not_found", "")
        request.session["organization"] = operator.organization_id
        self._act(request, operator.organization_id, operators)
        tenancy.enter_tenant(organization_id=request.actor.organization_id, person_id=operator.person_id)

    def _timed_out(self, request: PortalRequest) -> bool:
        """Return whether the session must end: after a long pause, or when the sign-in is too long ago.

        The session's own expiry does not tell, because every write of the session moves it on.
        """
        now = int(time.time())
        seen, since = request.session.get("seen_at", now), request.session.setdefault("signed_in_at", now)
        if now - seen > settings.PORTAL_IDLE_SECONDS or now - since > settings.SESSION_COOKIE_AGE:
            return True
        if now - seen > SEEN_EVERY or "seen_at" not in request.session:
            request.session["seen_at"] = now
        return False

    def process_view(self, request: PortalRequest, view: Any, *arguments: Any) -> HttpResponse | None:
        """Return a page that says why the person is kept out in place of the view's, or None to go on to the view."""
        name = request.resolver_match.url_name if request.resolver_match else None
        if request.suspended and name not in STAYS_OPEN:
            return errors.build_suspended_response(request, request.suspended)
        if request.unprotected and name not in STAYS_OPEN | SETS_UP_SECOND_FACTOR:
            return errors.build_second_factor_response(request, request.unprotected)
        return None

    def process_exception(self, request: PortalRequest, exception: Exception) -> HttpResponse | None:
        """Mark the request as failed, and return the page for a domain error; None for any other error.

        The rollback comes later, in `__call__`, because that page still reads the database for its shell.
        """
        request.failed = True
        return errors.render_error_page(request, exception) if isinstance(exception, DomainError) else None


def _is_by_token(request: PortalRequest) -> bool:
    """Return whether the request shows a token to a view that knows no sessions. Other views ignore the header."""
    if "Authorization" not in request.headers:
        return False
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return False
    return not getattr(getattr(view, "cls", None), "has_session", True)

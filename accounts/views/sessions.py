"""The page of a person's sessions, where each can be ended."""

import datetime as dt
from dataclasses import dataclass

from allauth.usersessions.internal.flows.sessions import end_sessions
from allauth.usersessions.models import UserSession
from allauth.usersessions.views import ListUserSessionsView
from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from partnerportal.lib.errors import NotFound
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.sessions import SessionStore


@dataclass(frozen=True)
class SessionRow:
    """A session as its page shows it. `number` names it in the form that ends it."""

    number: int
    user_agent: str
    ip: str
    signed_in_at: dt.datetime
    last_active_at: dt.datetime
    is_current: bool


class SessionsView(ListUserSessionsView):
    """The page of where the person is signed in: ends one session, or all others.

    The present one comes first, then those that were active last.
    """

    request: PortalRequest

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        """Return the context with a SessionRow for each session that lives."""
        rows = [_make_row(session) for session in UserSession.objects.purge_and_list(self.request.user)]
        rows.sort(key=lambda row: (not row.is_current, -row.last_active_at.timestamp()))
        return {"sessions": rows, "form": None, "view": self}

    def form_valid(self, form: BaseForm) -> HttpResponse:
        """End the session that the form names, or all but the present one. Raises NotFound for one of somebody else."""
        sessions = UserSession.objects.filter(user=self.request.user)
        number = self.request.POST.get("session")
        if number is None:
            end_sessions(self.request, [session for session in sessions if not session.is_current()])
            messages.success(self.request, _("You have been signed out everywhere else."))
            return redirect("usersessions_list")
        session = sessions.filter(pk=number).first() if number.isdecimal() and len(number) < 19 else None
        if session is None:
            raise NotFound("not_found", "")
        end_sessions(self.request, [session])
        messages.success(self.request, _("Session signed out."))
        return redirect("usersessions_list")


def _make_row(session: UserSession) -> SessionRow:
    """Return the row of a session. When it was last active stands in the session itself, to the minute or so."""
    seen_at = SessionStore(session.session_key).get("seen_at")
    return SessionRow(
        number=session.pk,
        user_agent=session.user_agent,
        ip=session.ip,
        signed_in_at=session.created_at,
        last_active_at=dt.datetime.fromtimestamp(seen_at, dt.UTC) if seen_at else session.created_at,
        is_current=session.is_current(),
    )

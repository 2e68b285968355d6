"""Who is signed in."""

from collections.abc import Mapping
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.internal.flows.email_verification_by_code import EMAIL_VERIFICATION_CODE_SESSION_KEY
from allauth.account.internal.stagekit import LOGIN_SESSION_KEY
from allauth.account.utils import url_str_to_user_pk
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from allauth.mfa.webauthn.internal.auth import STATE_SESSION_KEY

from accounts.models import Person
from accounts.queries import operators_today


class PortalBackend(AuthenticationBackend):
    """allauth's, but it reads a person together with the organisations they act for: one query less on every request.

    Row-level security shows them only once the tenant's person is entered, as ActorMiddleware does first.
    """

    def get_user(self, user_id: object) -> Person | None:
        operators = operators_today(int(str(user_id)))
        person = operators[0].person if operators else super().get_user(user_id)
        if person is None or not self.user_can_authenticate(person):
            return None
        person.acting_for = operators
        return person


def half_signed_in(session: Mapping[str, Any]) -> int | None:
    """Return the id of the person who has given their password here and still owes a second factor or a mailed code."""
    pending = session.get(LOGIN_SESSION_KEY) or {}
    return url_str_to_user_pk(pending["user_pk"]) if pending.get("user_pk") else None


PROOFS = (LOGIN_SESSION_KEY, EMAIL_VERIFICATION_CODE_SESSION_KEY, STATE_SESSION_KEY, SECRET_SESSION_KEY)


def awaits_proof(session: Mapping[str, Any]) -> bool:
    """Whether a code was mailed to this session, a device was challenged, an app is being added, or a second factor is
    owed: each proof counts once, and how many were wrong is counted in the session."""
    return any(session.get(key) for key in PROOFS)

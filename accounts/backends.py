"""Who is signed in: the authentication backend, and what a session says of a sign-in that is not complete."""

from collections.abc import Mapping
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.internal.flows.email_verification_by_code import EMAIL_VERIFICATION_CODE_SESSION_KEY
from allauth.account.internal.stagekit import LOGIN_SESSION_KEY
from allauth.account.utils import url_str_to_user_pk
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from allauth.mfa.webauthn.internal.auth import STATE_SESSION_KEY

from accounts.models import Person
from accounts.queries.operators import list_current_operators_of_person


class PortalAuthenticationBackend(AuthenticationBackend):
    """The authentication backend of allauth, which also reads the organisations that a person acts for.

    One query reads both on every request. Row-level security shows those organisations only after the person was
    entered as tenant, as ActorMiddleware does.
    """

    def get_user(self, user_id: object) -> Person | None:
        """Return the active person with this id, or None.

        The attribute `acting_for` of the person lists their operators, one for each organisation that they act for.
        """
        operators = list_current_operators_of_person(int(str(user_id)))
        person = operators[0].person if operators else super().get_user(user_id)
        if person is None or not self.user_can_authenticate(person):
            return None
        person.acting_for = operators
        return person


def get_half_signed_in_person_id(session: Mapping[str, Any]) -> int | None:
    """Return the id of the person whose sign-in in this session has begun but is not finished, or None.

    They have given their password and still need a second factor or a mailed code.
    """
    pending = session.get(LOGIN_SESSION_KEY) or {}
    return url_str_to_user_pk(pending["user_pk"]) if pending.get("user_pk") else None


# Keys of a session under which allauth keeps what it needs to check a proof that it waits for.
PROOFS = (LOGIN_SESSION_KEY, EMAIL_VERIFICATION_CODE_SESSION_KEY, STATE_SESSION_KEY, SECRET_SESSION_KEY)


def is_sign_in_proof_pending(session: Mapping[str, Any]) -> bool:
    """Return whether a session waits for a code or for a device's signature.

    It does when a code was mailed, a device was challenged, an authenticator app is being added or a second factor is
    owed. Its requests must be answered one after the other, because each proof counts once and the session itself
    counts how many were wrong.
    """
    return any(session.get(key) for key in PROOFS)

"""The errors that actions raise when they cannot be done. `partnerportal.errors` makes a page or API answer of each."""

from django.utils.functional import Promise

Message = str | Promise


class DomainError(Exception):
    """The base of all errors of actions.

    `code` is stable and machine-readable, `message` is for the reader, and `field` names the input at fault. `path` is
    the path of a URL, which the API gives with the error: of what stands in the way, or of where to go on.
    """

    status = 400

    def __init__(self, code: str, message: Message, *, field: str | None = None, path: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.field = field
        self.path = path


class InvalidInput(DomainError):
    """Raised for input that breaks a rule. Answered by 400."""


class ActionRefused(DomainError):
    """Raised when the actor sees an object but may not do this to it. Answered by 403.

    `roles` are those whose holders may do it; the page names colleagues in them.
    """

    status = 403

    def __init__(self, code: str, message: Message, *, roles: frozenset[str] = frozenset()) -> None:
        super().__init__(code, message)
        self.roles = roles


class NotFound(DomainError):
    """Raised for an object that is absent or not visible to the actor, which look the same. Answered by 404."""

    status = 404


class Conflict(DomainError):
    """Raised when the object's present state does not allow the action. Answered by 409."""

    status = 409


class NoLongerExists(DomainError):
    """Raised for an object that the actor had and that no longer exists. Answered by 410."""

    status = 410


class StaleVersion(DomainError):
    """Raised when the actor has seen an older version of the object than the present one. Answered by 412."""

    status = 412


class ContradictoryInput(DomainError):
    """Raised for input that is well-formed but contradicts what was sent before. Answered by 422."""

    status = 422


class PreconditionRequired(DomainError):
    """Raised for an edit that does not say which version of the object its caller has seen. Answered by 428."""

    status = 428


class TooManyAttempts(DomainError):
    """Raised when an action was done as often as is allowed for now. Later it is allowed again. Answered by 429."""

    status = 429


class TemporarilyUnavailable(DomainError):
    """Raised when an outside service that the action needs does not answer. Answered by 503.

    Nothing was changed, so the action may be repeated.
    """

    status = 503

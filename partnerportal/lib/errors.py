"""What an action raises when it cannot be done. `partnerportal.errors` maps each to a page or an API answer."""

from django.utils.functional import Promise

Message = str | Promise


class DomainError(Exception):
    """Base. `code` is stable and machine-readable, `message` is for the reader, `field` names the input at fault."""

    status = 400

    def __init__(self, code: str, message: Message, *, field: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.field = field


class Invalid(DomainError):
    """The input breaks a rule."""


class Refused(DomainError):
    """The actor sees the thing and may not do this to it."""

    status = 403


class NotFound(DomainError):
    """Absent, or not visible to the actor: the two look the same."""

    status = 404


class Conflict(DomainError):
    """The thing is no longer in a state that allows this."""

    status = 409


class Gone(DomainError):
    """It was the actor's, and is no more."""

    status = 410


class Unprocessable(DomainError):
    """Well-formed, and at odds with what was sent before."""

    status = 422


class TooMany(DomainError):
    """As often as is allowed in a day. Later it works again."""

    status = 429


class Unavailable(DomainError):
    """Something outside that this needs does not answer. Nothing was changed, so it can be repeated."""

    status = 503

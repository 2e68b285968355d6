"""The mail server. Whoever mails asks it through one breaker: the sign-in in its request, the outbox in its worker."""

from smtplib import SMTPConnectError, SMTPException

from django.conf import settings

from partnerportal.lib.breaker import Breaker


def is_away(error: BaseException) -> bool:
    """Whether nobody listens, or nobody speaks. What the server says of one mail or address, such as 550, and that it
    closes a connection after so many mails, are its answers."""
    if isinstance(error, SMTPException):
        return isinstance(error, SMTPConnectError) or isinstance(error.__context__, TimeoutError)
    return isinstance(error, OSError)


MAIL_SERVER = Breaker("The mail server", within=settings.EMAIL_TIMEOUT, is_failure=is_away)

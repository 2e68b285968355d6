"""The breaker of the mail server. All who mail use it: the sign-in in its request, and the outbox in its worker."""

from smtplib import SMTPConnectError, SMTPException

from django.conf import settings

from partnerportal.lib.breaker import CircuitBreaker


def is_mail_server_failure(error: BaseException) -> bool:
    """Return whether the error says that the mail server does not listen or does not speak.

    What the server says of one mail or address, such as 550, and that it closes a connection after some number of
    mails, are answers of a living server.
    """
    if isinstance(error, SMTPException):
        return isinstance(error, SMTPConnectError) or isinstance(error.__context__, TimeoutError)
    return isinstance(error, OSError)


MAIL_SERVER = CircuitBreaker("The mail server", within=settings.EMAIL_TIMEOUT, is_failure=is_mail_server_failure)

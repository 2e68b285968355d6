"""The breaker of the mail server. All who mail use it: the sign-in in its request, and the outbox in its worker."""

from smtplib import SMTPConnectError, SMTPException

from django.conf import settings

from partnerportal.lib.breaker import CircuitBreaker


def is_mail_server_failure(error: BaseException) -> bool:
    """Return whether an exception means that the mail server cannot be reached or does not answer.

    A server that refuses one mail or address, such as by 550, or closes the connection after some mails, does answer.
    """
    if isinstance(error, SMTPException):
        return isinstance(error, SMTPConnectError) or isinstance(error.__context__, TimeoutError)
    return isinstance(error, OSError)


MAIL_SERVER = CircuitBreaker("The mail server", within=settings.EMAIL_TIMEOUT, is_failure=is_mail_server_failure)

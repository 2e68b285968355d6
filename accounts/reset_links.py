"""The tokens in links that set a password.

allauth imports this module by ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR while it imports its own forms, of which the
generator here is a subclass: nothing else may import this module first.
"""

from allauth.account.forms import EmailAwarePasswordResetTokenGenerator
from django.contrib.auth.base_user import AbstractBaseUser


class PasswordResetLinkTokenGenerator(EmailAwarePasswordResetTokenGenerator):
    """The generator of the tokens in links that reset a password.

    As in allauth, a new password, a new address or a sign-in makes a link void. Here a link also becomes void for good
    when its person is locked.
    """

    def _make_hash_value(self, user: AbstractBaseUser, timestamp: int) -> str:
        """Return the text that a token signs: when it changes, links that were sent before are void."""
        return f"{super()._make_hash_value(user, timestamp)}|{user.locked_at}"  # type: ignore[attr-defined]

"""What a link that sets a password is worth. allauth imports this by ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR, while its
own forms, from which this comes, are being imported: nothing else may import it first."""

from allauth.account.forms import EmailAwarePasswordResetTokenGenerator
from django.contrib.auth.base_user import AbstractBaseUser


class ResetLinks(EmailAwarePasswordResetTokenGenerator):
    """Void, as allauth has it, after another password, address or sign-in; and for good once the person is locked."""

    def _make_hash_value(self, user: AbstractBaseUser, timestamp: int) -> str:
        return f"{super()._make_hash_value(user, timestamp)}|{user.locked_at}"  # type: ignore[attr-defined]

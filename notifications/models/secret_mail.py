"""Mails about somebody's account that the mail server has not taken yet."""

from django.db import models
from django.db.models.functions import Now


class SecretMail(models.Model):
    """A queued mail about an account, with a code, a link or a warning, in encrypted form.

    Encryption keeps its code secret, and authentication keeps somebody who can only write to the database from having a
    mail of theirs sent. A request queues a mail in its transaction, by a function of the database
    (migrations/0004_secret_mails.py), and waits for no mail server. A worker sends it under a lease and deletes it.
    """

    sealed = models.CharField(max_length=50_000)  # fifty times a real mail; a larger one could fill a worker's memory
    created_at = models.DateTimeField(db_default=Now())
    leased_until = models.DateTimeField(null=True)
    can_wait = models.BooleanField(db_default=False)  # it has no code or link that expires: those that have go first

    class Meta:
        indexes = (models.Index(fields=["created_at"], name="secret_mails_by_age"),)

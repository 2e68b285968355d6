"""Counts of failed sign-ins, by person and day."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class FailedAttempts(models.Model):
    """The number of wrong passwords, or wrong codes of the second step, given for a person on one day (UTC).

    Failures from all networks count together. The web role writes and reads these rows by functions of the database
    (migrations/0005_attempts.py), because nobody is signed in yet. The owner is mailed once for each row whose
    `failures` reach TOLD_AT of its kind.
    """

    class Kind(models.TextChoices):
        """The kind of what was wrong: a password, or a code of the second step of a sign-in."""

        PASSWORD = "password"
        CODE = "code"  # a wrong code of the second step, given by somebody who knew the password

    person = models.ForeignKey("accounts.Person", models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind)
    day = models.DateField()
    failures = models.PositiveIntegerField()
    counted_at = models.DateTimeField(db_default=Now())  # when the last failure was counted
    told_at = models.DateTimeField(null=True)  # when the mail to the owner was queued; null: not yet

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=["password", "code"]), name="failed_attempts_kind"),
            models.UniqueConstraint(fields=["person", "kind", "day"], name="failed_attempts_once"),
        )
        indexes = (
            models.Index(fields=["day"], name="failed_attempts_by_day"),
            models.Index(fields=["kind", "failures"], name="failed_attempts_untold", condition=Q(told_at=None)),
        )

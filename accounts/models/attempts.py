"""How often somebody failed to sign in as a person, by day."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class FailedAttempts(models.Model):
    """Wrong passwords, or wrong codes of the second step, of one person on one day (UTC), from wherever they came.

    The web role counts and reads by functions of the database (migrations/0005_attempts.py): nobody is signed in yet.
    The owner is mailed once for each row that reaches what its kind allows.
    """

    class Kind(models.TextChoices):
        PASSWORD = "password"
        CODE = "code"  # by somebody who knew the password

    person = models.ForeignKey("accounts.Person", models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind)
    day = models.DateField()
    failures = models.PositiveIntegerField()
    counted_at = models.DateTimeField(db_default=Now())  # the last of them
    told_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=["password", "code"]), name="failed_attempts_kind"),
            models.UniqueConstraint(fields=["person", "kind", "day"], name="failed_attempts_once"),
        )
        indexes = (
            models.Index(fields=["day"], name="failed_attempts_by_day"),
            models.Index(fields=["kind", "failures"], name="failed_attempts_untold", condition=Q(told_at=None)),
        )

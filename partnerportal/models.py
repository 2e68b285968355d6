"""What no app owns."""

from django.db import models


class TaskRun(models.Model):
    """What a background task has done so far: one row for each task, whichever worker ran it, for `/metrics`."""

    task = models.CharField(max_length=200, primary_key=True)
    runs = models.PositiveBigIntegerField()
    failures = models.PositiveBigIntegerField()
    seconds = models.FloatField()  # of all runs together
    last_finished_at = models.DateTimeField()
    last_succeeded_at = models.DateTimeField(null=True)

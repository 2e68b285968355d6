"""Models that belong to no app."""

from django.db import models


class TaskRun(models.Model):
    """The counts of one background task, over all workers that ran it, for `/metrics`."""

    task = models.CharField(max_length=200, primary_key=True)
    runs = models.PositiveBigIntegerField()
    failures = models.PositiveBigIntegerField()
    seconds = models.FloatField()  # of all runs together
    last_finished_at = models.DateTimeField()
    last_succeeded_at = models.DateTimeField(null=True)

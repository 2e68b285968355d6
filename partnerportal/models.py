"""Models that belong to no app."""

from django.db import models


class TaskRun(models.Model):
    """Counts of how often one background task ran and failed, over all worker processes, for `/metrics`."""

    task = models.CharField(max_length=200, primary_key=True)
    runs = models.PositiveBigIntegerField()
    failures = models.PositiveBigIntegerField()
    seconds = models.FloatField()  # of all runs together
    last_finished_at = models.DateTimeField()
    last_succeeded_at = models.DateTimeField(null=True)

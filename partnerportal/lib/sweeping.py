"""Deletion of rows that have been kept long enough."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

BATCH = 2000  # rows that are deleted in one transaction


def delete_in_batches(rows: QuerySet[Any]) -> int:
    """Delete these rows, the oldest first, each batch in a transaction of its own. Return how many were deleted.

    So no lock is held for long, and after a sweep that was cut off the next one goes on where it was.
    """
    deleted = 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            rows.model._default_manager.filter(pk__in=keys).delete()
        deleted += len(keys)
    return deleted

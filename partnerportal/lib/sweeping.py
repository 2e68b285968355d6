"""Deletion of rows that have been kept long enough."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

BATCH = 2000  # rows that are deleted in one transaction


def delete_in_batches(rows: QuerySet[Any]) -> int:
    """Delete all rows of the queryset, oldest first, and return how many were deleted.

    Each batch has a transaction of its own. So no lock is held for long, and after an interruption the next sweep goes
    on where this one ended.
    """
    deleted = 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            rows.model._default_manager.filter(pk__in=keys).delete()
        deleted += len(keys)
    return deleted

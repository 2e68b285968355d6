"""Deleting what has been kept long enough."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

BATCH = 2000


def delete_in_batches(rows: QuerySet[Any]) -> int:
    """Delete these rows, oldest first, each batch in a transaction of its own; return how many.

    So no lock is held for long, and a sweep that is cut off goes on where it was.
    """
    deleted = 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            rows.model._default_manager.filter(pk__in=keys).delete()
        deleted += len(keys)
    return deleted

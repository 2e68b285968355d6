"""The naive way to tell of events, for comparison: one task for each."""

from celery import shared_task
from django.db import transaction

from partnerportal.celery import app

__all__ = ["app", "write_notices_for_one_delivery"]


@shared_task
def write_notices_for_one_delivery(delivery_id: int) -> None:
    """Write the notices of one event, in a transaction of its own."""
    from notifications.actions.outbox import write_notices_for_deliveries
    from notifications.models import Delivery

    with transaction.atomic():
        write_notices_for_deliveries([Delivery.objects.select_related("event").get(pk=delivery_id)])

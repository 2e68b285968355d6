"""Deletion of notices and deliveries that have been kept long enough. Events: `actions.sealing`."""

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from notifications.models import Delivery, Notice
from partnerportal.lib.sweeping import delete_in_batches


def delete_old_notices() -> int:
    """Delete notices older than PORTAL_NOTICES_KEPT; return how many were deleted.

    The marks of who opened them go with them.
    """
    return delete_in_batches(Notice.objects.filter(at__lt=timezone.now() - settings.PORTAL_NOTICES_KEPT))


def delete_old_deliveries() -> int:
    """Delete deliveries that ended longer ago than PORTAL_DELIVERIES_KEPT; return how many were deleted.

    A delivery ends when it is done or given up.
    """
    before = timezone.now() - settings.PORTAL_DELIVERIES_KEPT
    return delete_in_batches(Delivery.objects.filter(Q(done_at__lt=before) | Q(dead_at__lt=before)))

"""What of the facts is not kept for ever: that something was announced, or was unusual once."""

from django.conf import settings

from entitlements.models import Anomaly, RenewalAlert
from partnerportal.lib.days import today
from partnerportal.lib.sweeping import delete_in_batches


def sweep_alerts() -> int:
    """Delete that an end was announced, PORTAL_NOTICES_KEPT after that end; return how many."""
    return delete_in_batches(RenewalAlert.objects.filter(ends_on__lt=today() - settings.PORTAL_NOTICES_KEPT))


def sweep_anomalies() -> int:
    """Delete unusual use that ended longer ago than PORTAL_ANOMALIES_KEPT; return how many. Open use stays."""
    return delete_in_batches(Anomaly.objects.filter(ended_on__lt=today() - settings.PORTAL_ANOMALIES_KEPT))

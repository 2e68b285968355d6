"""Actions that delete what is not kept for ever: that an end was announced, and use that was unusual once."""

from django.conf import settings

from entitlements.models import Anomaly, RenewalAlert
from partnerportal.lib.days import today
from partnerportal.lib.sweeping import delete_in_batches


def delete_old_renewal_alerts() -> int:
    """Delete records of announced renewals that are older than PORTAL_NOTICES_KEPT, and return how many."""
    return delete_in_batches(RenewalAlert.objects.filter(ends_on__lt=today() - settings.PORTAL_NOTICES_KEPT))


def delete_old_anomalies() -> int:
    """Delete anomalies that ended longer ago than PORTAL_ANOMALIES_KEPT, and return how many."""
    return delete_in_batches(Anomaly.objects.filter(ended_on__lt=today() - settings.PORTAL_ANOMALIES_KEPT))

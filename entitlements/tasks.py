"""The periodic tasks of this app."""

from celery import shared_task

from entitlements.actions import (
    activation_jobs,
    anomalies,
    figures,
    growth,
    listing,
    partners,
    portfolio_months,
    renewals,
    trials,
)
from entitlements.actions.sweeping import delete_old_anomalies, delete_old_renewal_alerts
from entitlements.ingest import uploads
from partnerportal.lib.actors import Actor
from partnerportal.lib.batches import repeat_for_a_minute


@shared_task
def refresh_expired_listings() -> None:
    """Recompute, each hour, the rows of customers whose next expiry (UTC) has passed, and partners’ badges of today."""
    listing.refresh_expired_customer_listings()
    partners.refresh_changed_badges()


@shared_task
def merge_portfolio_figure_changes() -> None:
    """Add up the differences that triggers have appended to portfolio figures: every five minutes and after imports.

    The months of those of whose customers others share their usage now are counted anew, too.
    """
    figures.merge_portfolio_figure_changes()
    portfolio_months.count_due_portfolio_months()


@shared_task
def announce_renewals() -> None:
    """Announce, each hour, the entitlements that end soon to their customers and everyone connected to these.

    Each end is announced once for each time ahead, however often the task runs.
    """
    renewals.announce_renewals()


@shared_task
def expire_trials() -> None:
    """Expire, each hour, the portal's trials whose last day (UTC) has passed."""
    trials.expire_trials()


@shared_task
def detect_usage_anomalies() -> None:
    """Find, each night, unusual use by the customers that are due for a check.

    A customer stays due until it was checked.
    """
    anomalies.detect_usage_anomalies(actor=Actor.system("anomalies"))


@shared_task(soft_time_limit=3540, time_limit=3600)  # longer than a message may stay away: uploads are leased
def ingest_uploads() -> None:
    """Import uploaded files that wait, one after the other, for a minute."""
    repeat_for_a_minute(uploads.ingest_next_upload)


@shared_task
def delete_old_uploads() -> None:
    """Delete the stored files of finished uploads, and the rows of uploads that are older than they are kept."""
    uploads.delete_old_uploads()


@shared_task
def delete_old_alerts_and_anomalies() -> None:
    """Delete old records of announced renewals, and anomalies of use that ended long ago."""
    delete_old_renewal_alerts()
    delete_old_anomalies()


@shared_task
def write_channel_growth() -> None:
    """Count, each night, the vendor's channel of the month so far, and the use of all customers of each partner."""
    growth.write_channel_growth()
    partners.refresh_partner_trends()
    portfolio_months.count_all_portfolio_months()


@shared_task
def remind_of_activation_links() -> None:
    """Remind, each hour, those who have not used their activation link, and tell senders of links that have ended."""
    repeat_for_a_minute(lambda: bool(activation_jobs.send_activation_reminders()))
    activation_jobs.tell_ended_activations()


@shared_task
def delete_old_activation_links() -> None:
    """Delete, each night, activation links that ended longer ago than they are kept."""
    activation_jobs.delete_old_activation_links()

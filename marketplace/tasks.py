"""Celery tasks of offers: the deletion of files that no row names."""

from celery import shared_task

from marketplace.models import OfferFile
from partnerportal.lib.attached_files import delete_orphaned_files


@shared_task
def delete_orphaned_offer_files() -> None:
    """Delete the files that are left over from transactions that were rolled back, or from killed processes."""
    delete_orphaned_files(OfferFile)

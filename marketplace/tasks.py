"""Celery tasks of the marketplace: the deletion of files that no row names, and the count of products."""

from celery import shared_task

from marketplace.actions.products import count_products as count
from marketplace.models import OfferFile
from partnerportal.lib.actors import Actor
from partnerportal.lib.attached_files import delete_orphaned_files


@shared_task
def delete_orphaned_offer_files() -> None:
    """Delete the files that are left over from transactions that were rolled back, or from killed processes."""
    delete_orphaned_files(OfferFile)


@shared_task
def count_products() -> None:
    """Count, each night, how publishers' products grow: this month and the one before."""
    count(actor=Actor.system("products"))

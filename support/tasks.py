"""Celery tasks of requests: the deletion of files that no row names."""

from celery import shared_task

from partnerportal.lib.attached_files import delete_orphaned_files
from support.models import RequestFile


@shared_task
def delete_orphaned_request_files() -> None:
    """Delete the files that are left over from transactions that were rolled back, or from killed processes."""
    delete_orphaned_files(RequestFile)

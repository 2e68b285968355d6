"""The deletion of imports that are old, and of their files."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from imports import files
from imports.actions.requests import UNFINISHED
from imports.actions.results import KEPT, WITH_RESULTS
from imports.models import Import, ImportBatch
from partnerportal.lib.private_files import StoredFile, delete_unneeded_files
from partnerportal.lib.states import change_row_state
from partnerportal.lib.sweeping import delete_in_batches

State = Import.State
RUNNING = (State.CHECKING, State.APPLYING)


def delete_old_imports() -> int:
    """Delete the files of imports that ended before KEPT or no longer need them; return how many were deleted.

    An import that nobody has confirmed in that time expires. Also deletes the records of imports that ended long ago,
    by the setting PORTAL_IMPORTS_KEPT.
    """
    now = timezone.now()
    with transaction.atomic():
        for old in Import.objects.filter(state=State.CHECKED, finished_at__lt=now - KEPT):
            change_row_state(old, State.EXPIRED)
    ended = Import.objects.filter(state__in=[State.DONE, State.FAILED, State.CANCELLED, State.EXPIRED])
    delete_in_batches(ended.filter(asked_at__lt=now - settings.PORTAL_IMPORTS_KEPT))
    delete_in_batches(ImportBatch.objects.filter(source__in=ended))  # of runs that have failed
    rows = Import.objects.only("public_id", "state", "attempts", "finished_at")
    return delete_unneeded_files(files.list_import_files(), rows, _needs_file)


def _needs_file(source: Import, file: StoredFile) -> bool:
    """Return whether an import still needs a file: what was uploaded and filled in until it is applied, and results."""
    if file.name in (files.build_upload_name(source), files.build_filled_name(source)):
        return source.state in (*UNFINISHED, State.CHECKED)
    if file.name not in (files.build_results_name(source), files.build_samples_name(source)):
        return False
    is_kept = source.finished_at is not None and source.finished_at > timezone.now() - KEPT
    return source.state in RUNNING or (source.state in WITH_RESULTS and is_kept)

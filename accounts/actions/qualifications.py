"""Actions on the vendor's catalogues of competencies and skills: add one, rename it, retire it and offer it again."""

from django.db import transaction

from accounts.events import AccountEventKind
from accounts.models import Competency, Skill
from accounts.policies import ROLE_TABLE, AccountPermission
from notifications.actions.recording import record_event
from partnerportal.lib.actors import Actor
from partnerportal.lib.catalogue_entries import (
    CODE_TAKEN,
    lock_entry,
    read_entry_name,
    refuse_taken_names,
)
from partnerportal.lib.changes import list_row_changes
from partnerportal.lib.codes import read_code
from partnerportal.lib.errors import Conflict
from partnerportal.lib.locks import AdvisoryLock, acquire_lock
from partnerportal.lib.policies import authorize

Qualification = Competency | Skill


@transaction.atomic
def add_qualification(*, actor: Actor, model: type[Qualification], code: str, name: str) -> Qualification:
    """Add a competency or a skill to its catalogue, and return it. `model` is Competency or Skill.

    Raises InvalidInput for a code or name that cannot be one, and Conflict("code_taken") or Conflict("name_taken").
    """
    authorize(actor, ROLE_TABLE, AccountPermission.EDIT_QUALIFICATIONS)
    code, name = read_code(code), read_entry_name(name, field="name")
    acquire_lock(AdvisoryLock.CATALOGUE)
    if model._default_manager.filter(code=code).exists():
        raise Conflict("code_taken", CODE_TAKEN, field="code")
    row: Qualification = model(code=code, name=name)
    _refuse_taken_name(row)
    row.save(force_insert=True)
    record_event(AccountEventKind.QUALIFICATION_ADDED, actor=actor, subject=row, data={"code": code})
    return row


@transaction.atomic
def rename_qualification(
    *, actor: Actor, qualification: Qualification, name: str, revision: int | None
) -> Qualification:
    """Rename a competency or a skill, and return it. `revision` is the one that was seen, or None for any.

    Raises InvalidInput for a name that cannot be one, Conflict("name_taken"), and Conflict("changed_meanwhile").
    """
    authorize(actor, ROLE_TABLE, AccountPermission.EDIT_QUALIFICATIONS)
    name = read_entry_name(name, field="name")
    acquire_lock(AdvisoryLock.CATALOGUE)
    row: Qualification = lock_entry(type(qualification)._default_manager.all(), qualification, revision)
    changes = list_row_changes(row, {"name": name})
    row.name = name
    _refuse_taken_name(row)
    return _save(actor, row, changes)


@transaction.atomic
def retire_qualification(
    *, actor: Actor, qualification: Qualification, is_retired: bool, revision: int | None
) -> Qualification:
    """Retire a competency or a skill, or with `is_retired` False offer it again; return it.

    Organisations that have a retired one keep it. Nothing changes if it is so already. Raises
    Conflict("changed_meanwhile") if a colleague has changed it since `revision`.
    """
    authorize(actor, ROLE_TABLE, AccountPermission.EDIT_QUALIFICATIONS)
    acquire_lock(AdvisoryLock.CATALOGUE)
    row: Qualification = lock_entry(type(qualification)._default_manager.all(), qualification, revision)
    changes = list_row_changes(row, {"is_retired": is_retired})
    row.is_retired = is_retired
    return _save(actor, row, changes)


def _refuse_taken_name(row: Qualification) -> None:
    others = type(row)._default_manager.exclude(pk=row.pk).values_list("pk", "name")
    refuse_taken_names({"name": row.name}, {"name": {str(pk): name for pk, name in others}})


def _save(actor: Actor, row: Qualification, changes: dict[str, list[object]]) -> Qualification:
    if changes:
        row.revision += 1
        row.save(update_fields=[*changes, "revision"])
        record_event(AccountEventKind.QUALIFICATION_CHANGED, actor=actor, subject=row, changes=changes)
    return row

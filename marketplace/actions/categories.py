"""Actions of the vendor's Admins on the tree of categories: add one, rename, move, retire or remove it."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext_lazy as _

from marketplace.events import CatalogueEvent
from marketplace.models import Category
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.categories import DEEPEST, CategoryTree
from notifications.actions.recording import record_event
from partnerportal.lib.actors import Actor
from partnerportal.lib.catalogue_entries import (
    CODE_TAKEN,
    LANGUAGES,
    lock_entry,
    read_entry_names,
    refuse_taken_names,
)
from partnerportal.lib.changes import list_changes_between
from partnerportal.lib.codes import read_code
from partnerportal.lib.errors import Conflict, InvalidInput
from partnerportal.lib.locks import AdvisoryLock, acquire_lock
from partnerportal.lib.policies import authorize

BELOW_ITSELF = _("A category can’t be placed below itself or one of its own subcategories.")
TOO_DEEP = _("Categories can have at most %(most)s levels.")
BELOW_RETIRED = _("The parent category is retired. Choose another parent, or offer the parent category again first.")
IN_USE = _(
    "This category can’t be removed because it has subcategories or has been used by offers. You can retire it instead."
)
HAS_CHILDREN = _("Retire or move its subcategories first.")


@transaction.atomic
def add_category(*, actor: Actor, code: str, names: Mapping[str, str], parent: Category | None) -> Category:
    """Add a category as the last one below `parent`, or at the top for None, and return it.

    `names` are by language, of which English is required. Raises InvalidInput for a code, name or place that cannot be
    one, and Conflict("code_taken") or Conflict("name_taken").
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT_CATALOGUE)
    code, read = read_code(code), read_entry_names(names)
    acquire_lock(AdvisoryLock.CATALOGUE)
    if Category.objects.filter(code=code).exists():
        raise Conflict("code_taken", CODE_TAKEN, field="code")
    tree = CategoryTree()
    row = Category(code=code, names=read)
    _place(tree, row, parent)
    _refuse_taken_names(tree, row)
    row.save(force_insert=True)
    data = {"code": code, "parent": parent.code if parent else ""}
    record_event(CatalogueEvent.CATEGORY_ADDED, actor=actor, subject=row, data=data)
    return row


@transaction.atomic
def change_category(
    *, actor: Actor, category: Category, names: Mapping[str, str], parent: Category | None, revision: int | None
) -> Category:
    """Rename a category, and move it below `parent`, or to the top for None; return it. What is below it comes along.

    `revision` is the one that was seen, or None for any. Raises InvalidInput for a name or place that cannot be,
    Conflict("name_taken"), and Conflict("changed_meanwhile").
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT_CATALOGUE)
    read = read_entry_names(names)
    acquire_lock(AdvisoryLock.CATALOGUE)
    row = lock_entry(Category.objects.all(), category, revision)
    before = _describe(row)
    row.names = read
    tree = CategoryTree()
    if row.parent_id != (parent.pk if parent else None):
        _place(tree, row, parent)
    _refuse_taken_names(tree, row)
    return _save(actor, row, before)


@transaction.atomic
def move_category(*, actor: Actor, category: Category, is_up: bool, revision: int | None) -> Category:
    """Move a category one place up or down among its siblings, and return it; at the end it stays where it is.

    Raises Conflict("changed_meanwhile") if a colleague has changed it since `revision`.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT_CATALOGUE)
    acquire_lock(AdvisoryLock.CATALOGUE)
    row = lock_entry(Category.objects.all(), category, revision)
    siblings = CategoryTree().list_children(row.parent_id)
    at = next(place for place, sibling in enumerate(siblings) if sibling.pk == row.pk)
    to = at - 1 if is_up else at + 1
    if not 0 <= to < len(siblings):
        return row
    before = _describe(row) | {"place": at}
    siblings.insert(to, siblings.pop(at))
    for place, sibling in enumerate(siblings):
        sibling.position = place
    Category.objects.bulk_update(siblings, ["position"])
    row.position = to
    return _save(actor, row, before, place=to)


@transaction.atomic
def retire_category(*, actor: Actor, category: Category, is_retired: bool, revision: int | None) -> Category:
    """Retire a category, or with `is_retired` False offer it again; return it.

    Offers that have a retired one keep it. Nothing changes if it is so already. Raises Conflict("has_children") for
    one above others that are offered, Conflict("below_retired") for one below a retired one, and
    Conflict("changed_meanwhile") if a colleague has changed it since `revision`.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT_CATALOGUE)
    acquire_lock(AdvisoryLock.CATALOGUE)
    row = lock_entry(Category.objects.all(), category, revision)
    if is_retired and any(not child.is_retired for child in CategoryTree().list_children(row.pk)):
        raise Conflict("has_children", HAS_CHILDREN)
    if not is_retired and row.parent and row.parent.is_retired:
        raise Conflict("below_retired", BELOW_RETIRED)
    before = _describe(row)
    row.is_retired = is_retired
    return _save(actor, row, before)


@transaction.atomic
def remove_category(*, actor: Actor, category: Category, revision: int | None) -> None:
    """Remove a category that no version of an offer has, such as one that was mistyped.

    Raises Conflict("in_use") for one that some version, a draft too, has or that stands above others, and
    Conflict("changed_meanwhile") if a colleague has changed it since `revision`.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT_CATALOGUE)
    acquire_lock(AdvisoryLock.CATALOGUE)
    row = lock_entry(Category.objects.all(), category, revision)
    try:
        with transaction.atomic():
            Category(pk=row.pk).delete()
    except (ProtectedError, IntegrityError) as error:
        raise Conflict("in_use", IN_USE) from error
    record_event(CatalogueEvent.CATEGORY_REMOVED, actor=actor, subject=row, data={"code": row.code})


def _place(tree: CategoryTree, row: Category, parent: Category | None) -> None:
    """Put a category last below `parent`. Raises InvalidInput where it cannot stand."""
    above = [] if parent is None else tree.list_path(parent.pk)
    if row.pk is not None and row in above:
        raise InvalidInput("below_itself", BELOW_ITSELF, field="parent")
    if len(above) + tree.count_levels(row.pk) > DEEPEST:
        raise InvalidInput("too_deep", TOO_DEEP % {"most": DEEPEST}, field="parent")
    if not row.is_retired and any(category.is_retired for category in above):
        raise InvalidInput("below_retired", BELOW_RETIRED, field="parent")
    siblings = tree.list_children(parent.pk if parent else None)
    row.parent = parent
    row.position = max((sibling.position for sibling in siblings), default=-1) + 1


def _refuse_taken_names(tree: CategoryTree, row: Category) -> None:
    """Raise Conflict("name_taken") if another category below the same one has one of the names of `row`."""
    others = [each for each in tree.list_children(row.parent_id) if each.pk != row.pk]
    refuse_taken_names(
        {f"name_{language}": name for language, name in row.names.items()},
        {
            f"name_{language}": {each.code: each.names[language] for each in others if each.names.get(language)}
            for language in LANGUAGES
        },
    )


def _describe(row: Category) -> dict[str, Any]:
    names = {f"name_{language}": row.names.get(language, "") for language in LANGUAGES}
    return {**names, "parent": row.parent.code if row.parent else "", "is_retired": row.is_retired}


def _save(actor: Actor, row: Category, before: Mapping[str, Any], **more: Any) -> Category:
    changes = list_changes_between(before, _describe(row) | more)
    if changes:
        row.revision += 1
        row.save(update_fields=["names", "parent", "position", "is_retired", "revision"])
        record_event(CatalogueEvent.CATEGORY_CHANGED, actor=actor, subject=row, changes=changes)
    return row

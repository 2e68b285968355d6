"""Queries for the categories of offers, which the vendor keeps."""

from collections.abc import Collection, Iterator

from django.utils.translation import gettext as _

from marketplace.models import Category

DEEPEST = 3  # levels of the tree


class CategoryTree:
    """The tree of all categories, read at once. Siblings stand in the order that the vendor has given them."""

    def __init__(self) -> None:
        self._by_parent: dict[int | None, list[Category]] = {}
        self._by_key: dict[int, Category] = {}
        for row in Category.objects.order_by("position", "pk"):
            self._by_parent.setdefault(row.parent_id, []).append(row)
            self._by_key[row.pk] = row

    def list_children(self, key: int | None) -> list[Category]:
        """Return the categories right below the one with this primary key, or those at the top for None."""
        return list(self._by_parent.get(key, ()))

    def list_path(self, key: int | None) -> list[Category]:
        """Return the category with this primary key and those above it, the highest first."""
        path: list[Category] = []
        while key is not None:
            path.insert(0, self._by_key[key])
            key = path[0].parent_id
        return path

    def walk(self, key: int | None = None) -> Iterator[Category]:
        """Yield all categories below the one with this primary key, or all for None, each before those below it."""
        for child in self._by_parent.get(key, ()):
            yield child
            yield from self.walk(child.pk)

    def count_levels(self, key: int | None) -> int:
        """Return how many levels a category and those below it have; 1 for None, which stands for a new one."""
        if key is None:
            return 1
        return 1 + max((self.count_levels(child.pk) for child in self._by_parent.get(key, ())), default=0)


def list_category_names() -> list[tuple[str, str]]:
    """Return the code and the name of each category in the order of the tree, with the names of those above it."""
    tree = CategoryTree()
    return [(row.code, _join_path(tree, row)) for row in tree.walk()]


def list_category_choices(kept: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return what an offer can choose: categories that are not retired, as `list_category_names` names them.

    `kept` are the codes of those that the offer has: it may keep those among them that are retired.
    """
    tree = CategoryTree()
    return [
        (
            row.code,
            _("%(name)s (retired)") % {"name": _join_path(tree, row)} if row.is_retired else _join_path(tree, row),
        )
        for row in tree.walk()
        if not row.is_retired or row.code in kept
    ]


def list_codes_below(codes: Collection[str]) -> list[str]:
    """Return the codes of categories and of all below them. Unknown codes are left out."""
    tree = CategoryTree()
    found = [row for row in tree.walk() if row.code in codes]
    return [row.code for top in found for row in (top, *tree.walk(top.pk))]


def _join_path(tree: CategoryTree, row: Category) -> str:
    return " › ".join(category.local_name for category in tree.list_path(row.pk))

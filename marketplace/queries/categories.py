"""Queries for the categories of offers, which the vendor keeps."""

from collections.abc import Iterator

from django.utils.translation import get_language

from marketplace.models import Category


def list_category_choices() -> list[tuple[str, str]]:
    """Return the code and the name of each category in the order of the tree, with the names of those above it."""
    rows = list(Category.objects.order_by("position", "code"))

    def walk(parent: int | None, above: str) -> Iterator[tuple[str, str]]:
        for row in rows:
            if row.parent_id == parent:
                name = f"{above}{get_category_name(row)}"
                yield row.code, name
                yield from walk(row.pk, f"{name} › ")

    return list(walk(None, ""))


def get_category_name(category: Category) -> str:
    """Return the name of a category in the reader's language, or else in English, or else its code."""
    return category.names.get(get_language() or "en") or category.names.get("en") or category.code

"""Keyset paging: a page starts after the last row of the one before, so the deepest takes no longer than the first."""

import base64
import json
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Count, F, Func, IntegerField, Q, QuerySet, Subquery, Value

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of rows. `first` and `last` are 1-based positions, for "51–100 of 2,418". A missing cursor is None."""

    rows: list[T]
    first: int
    next_cursor: str | None
    previous_cursor: str | None

    @property
    def last(self) -> int:
        """Return the position of the last row."""
        return self.first + len(self.rows) - 1


def encode_cursor(value: Any, pk: int, position: int, *, backwards: bool) -> str:
    """Return the cursor of a page beside a row, which is given by its value in the sort column and its key.

    `position` counts the rows before the page; the page lies before the row if `backwards`, else after it.
    """
    raw = json.dumps([value if isinstance(value, int | str) else str(value), pk, position, backwards])
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _decode(cursor: str, field: Any) -> tuple[Any, int, int, bool] | None:
    """Return the sort value, key, position and direction in a cursor, or None if it is broken or of another sort.

    For None the caller shows the first page.
    """
    try:
        value, pk, position, backwards = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not (type(pk) is type(position) is int and 0 <= pk < 2**63 and 0 <= position < 2**31):
            return None
        if not isinstance(value, int | str):  # `encode_cursor` writes nothing else, and a null would break the filter
            return None
        if "\0" in str(value).encode().decode():  # PostgreSQL holds no NUL; for lone surrogates encode() raises
            return None
        return field.get_prep_value(field.to_python(value)), pk, position, bool(backwards)
    except Exception:  # the address may hold anything
        return None


class IsInArray(Func):
    """An SQL condition that a value is in an array. Unlike IN, which becomes a join, it passes a security barrier."""

    template, arg_joiner = "%(expressions)s)", " = ANY("
    output_field = BooleanField()


def is_valid_cursor(queryset: QuerySet[Any], *, sort: str, cursor: str) -> bool:
    """Return whether `fetch_keyset_page` can decode the cursor for this order.

    `fetch_keyset_page` itself ignores a cursor that it cannot decode; this is for callers that refuse one.
    """
    return _decode(cursor, queryset.model._meta.get_field(sort)) is not None


def annotate_total(queryset: QuerySet[Any]) -> QuerySet[Any]:
    """Annotate each row with `total_count`, the number of all rows of the queryset, which PostgreSQL computes once.

    It is a COUNT(*), because any index of the rows can answer that.
    """
    counted = queryset.order_by().annotate(_one=Value(1)).values("_one").annotate(_n=Count("*")).values("_n")
    return queryset.annotate(total_count=Subquery(counted, output_field=IntegerField()))


def make_search_conditions(filters: Container[str]) -> Sequence[Q]:
    """Return the `any_of` of `fetch_keyset_page` for a list with these filters.

    It is one branch, of all rows, for a search (the filter `q`), and otherwise none.
    """
    return (Q(),) if "q" in filters else ()


def fetch_keyset_page(
    queryset: QuerySet[Any],
    *,
    sort: str,
    descending: bool,
    size: int,
    cursor: str = "",
    key: str = "pk",
    any_of: Sequence[Q] = (),
) -> Page[Any]:
    """Return the page of `size` rows ordered by the non-null column `sort`, then by `key` (unique in the queryset).

    An empty or broken cursor gives the first page. `any_of` are conditions of which at least one holds for every row.
    With them the keys of the page are found first, along each condition, and its rows then. This is for what PostgreSQL
    would otherwise read and sort whole: an OR, of which each side has an index; a search, because behind a policy it
    does not know how much the search finds; and a view with a security barrier, each row of which takes lookups (its
    queryset says `finds_keys_first`).
    """
    if not any_of and getattr(queryset, "finds_keys_first", False):
        any_of = (Q(),)
    decoded = _decode(cursor, queryset.model._meta.get_field(sort)) if cursor else None
    value, last_key, position, backwards = decoded or (None, 0, 0, False)
    forward_desc = descending != backwards
    if decoded:
        step = "lt" if forward_desc else "gt"
        queryset = queryset.filter(Q(**{f"{sort}__{step}": value}) | Q(**{sort: value, f"{key}__{step}": last_key}))
        # This bound is redundant, but lets the index start in the right place; for OR alone all rows would be filtered.
        queryset = queryset.filter(**{f"{sort}__{step}e": value})
    order = [F(name).desc() if forward_desc else F(name).asc() for name in (sort, key)]
    if any_of:
        first_branch, *others = (queryset.filter(branch).order_by(*order).values(key)[: size + 1] for branch in any_of)
        keys = ArraySubquery(first_branch.union(*others) if others else first_branch)
        queryset = queryset.filter(IsInArray(F(key), keys))
    rows = list(queryset.order_by(*order)[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    first = max(position - size, 0) + 1 if backwards else position + 1
    key_name = queryset.model._meta.pk.attname if key == "pk" else queryset.model._meta.get_field(key).attname

    def cursor_at(row: Any, at: int, back: bool) -> str:
        return encode_cursor(getattr(row, sort), getattr(row, key_name), at, backwards=back)

    has_next = (backwards or more) if rows else False
    has_previous = (more if backwards else bool(decoded)) if rows else False
    return Page(
        rows=rows,
        first=first,
        next_cursor=cursor_at(rows[-1], first - 1 + len(rows), False) if has_next else None,
        previous_cursor=cursor_at(rows[0], first - 1, True) if has_previous else None,
    )


def fetch_keyset_page_or_first(queryset: QuerySet[Any], *, cursor: str, **options: Any) -> Page[Any]:
    """Return the page of a cursor, or the first page when the page would be empty."""
    page = fetch_keyset_page(queryset, cursor=cursor, **options)
    return page if page.rows or not cursor else fetch_keyset_page(queryset, **options)

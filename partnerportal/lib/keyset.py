"""Keyset paging: the next page starts after the last row, however deep, in the time of the first."""

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
    """`first` and `last` are 1-based positions when they are known from the cursor, for '51–100 of 2,418'."""

    rows: list[T]
    first: int
    next_cursor: str | None
    previous_cursor: str | None

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1


def encode_cursor(value: Any, pk: int, position: int, *, backwards: bool) -> str:
    raw = json.dumps([value if isinstance(value, int | str) else str(value), pk, position, backwards])
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _decode(cursor: str, field: Any) -> tuple[Any, int, int, bool] | None:
    """None for a cursor that is broken or belongs to another sort: the caller shows the first page."""
    try:
        value, pk, position, backwards = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not (type(pk) is type(position) is int and 0 <= pk < 2**63 and 0 <= position < 2**31):
            return None
        if not isinstance(value, int | str):  # `encode_cursor` writes nothing else; a null would reach the filter
            return None
        if "\0" in str(value).encode().decode():  # what PostgreSQL cannot hold: NUL, and lone surrogates by encode()
            return None
        return field.get_prep_value(field.to_python(value)), pk, position, bool(backwards)
    except Exception:  # any rubbish from the address bar
        return None


class IsAmong(Func):
    """A value is in an array. Unlike IN, which becomes a join, such a condition passes into a security barrier."""

    template, arg_joiner = "%(expressions)s)", " = ANY("
    output_field = BooleanField()


def is_cursor(queryset: QuerySet[Any], *, sort: str, cursor: str) -> bool:
    """Whether `keyset` would understand it, for callers that refuse what it would pass over."""
    return _decode(cursor, queryset.model._meta.get_field(sort)) is not None


def with_total(queryset: QuerySet[Any]) -> QuerySet[Any]:
    """Each row with `total_count`, which PostgreSQL computes once; COUNT(*), which any index of the rows can answer."""
    counted = queryset.order_by().annotate(_one=Value(1)).values("_one").annotate(_n=Count("*")).values("_n")
    return queryset.annotate(total_count=Subquery(counted, output_field=IntegerField()))


def branches_of(asked: Container[str]) -> Sequence[Q]:
    """What `keyset` takes as `branches` for a list that is narrowed so: a search (`q`) has one way, all of its rows."""
    return (Q(),) if "q" in asked else ()


def keyset(
    queryset: QuerySet[Any],
    *,
    sort: str,
    descending: bool,
    size: int,
    cursor: str = "",
    key: str = "pk",
    branches: Sequence[Q] = (),
) -> Page[Any]:
    """A page of `size` rows ordered by the non-null column `sort`, then by `key` (unique in the queryset).

    With `branches` the keys are found first, along each of these conditions (together they hold for every row), and the
    rows then. For what PostgreSQL would read and sort whole: an OR, of which each side has an index; a search, because
    behind a policy it does not know how much that finds; and a view with a security barrier, of which each row takes
    lookups (its queryset says `finds_keys_first`).
    """
    if not branches and getattr(queryset, "finds_keys_first", False):
        branches = (Q(),)
    decoded = _decode(cursor, queryset.model._meta.get_field(sort)) if cursor else None
    value, last_key, position, backwards = decoded or (None, 0, 0, False)
    forward_desc = descending != backwards
    if decoded:
        step = "lt" if forward_desc else "gt"
        queryset = queryset.filter(Q(**{f"{sort}__{step}": value}) | Q(**{sort: value, f"{key}__{step}": last_key}))
        # The redundant bound lets the index start in the right place; OR alone would filter.
        queryset = queryset.filter(**{f"{sort}__{step}e": value})
    order = [F(name).desc() if forward_desc else F(name).asc() for name in (sort, key)]
    if branches:
        first_branch, *others = (
            queryset.filter(branch).order_by(*order).values(key)[: size + 1] for branch in branches
        )
        found = ArraySubquery(first_branch.union(*others) if others else first_branch)
        queryset = queryset.filter(IsAmong(F(key), found))
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


def keyset_or_first(queryset: QuerySet[Any], *, cursor: str, **options: Any) -> Page[Any]:
    """For people: where the rows behind a cursor are gone, the first page and not an empty one."""
    page = keyset(queryset, cursor=cursor, **options)
    return page if page.rows or not cursor else keyset(queryset, **options)

"""Keyset paging: a page starts after the last row of the one before, so the deepest takes no longer than the first."""

import base64
import json
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Count, F, Func, IntegerField, Q, QuerySet, Subquery, Value
from django.db.models.expressions import OrderBy

T = TypeVar("T")
LARGEST_KEY = 2**63 - 1


@dataclass(frozen=True)
class KeysetPage(Generic[T]):
    """One page of a list's rows, with the cursors of the pages beside it.

    `first` and `last` are the positions of its rows in the whole list, counted from 1, as in "51–100 of 2,418". A
    cursor is None where there is no further page. `is_backwards` says that the cursor led back from a later page.
    `searched_to` is how far a search has looked, as a value of the sort column: None unless it has stopped before the
    end of the list (`fetch_searched_keyset_page`).
    """

    rows: list[T]
    first: int
    next_cursor: str | None
    previous_cursor: str | None
    is_backwards: bool = False
    searched_to: Any = None

    @property
    def last(self) -> int:
        """The position of the page's last row in the whole list, counted from 1."""
        return self.first + len(self.rows) - 1


def encode_cursor(value: Any, pk: int, position: int, *, backwards: bool) -> str:
    """Return the cursor of the page that begins after a row, or with `backwards` of the page that ends before it.

    The row is given by its `value` in the sort column and by its primary key. `position` is the number of rows up to
    there, counted from the start of the list.
    """
    raw = json.dumps([value if isinstance(value, int | str) else str(value), pk, position, backwards])
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _decode(cursor: str, field: Any) -> tuple[Any, int, int, bool] | None:
    """Return the sort value, key, position and direction in a cursor, or None if it is broken or of another sort.

    For None the caller shows the first page.
    """
    try:
        value, pk, position, backwards = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not (type(pk) is type(position) is int and 0 <= pk <= LARGEST_KEY and 0 <= position < 2**31):
            return None
        if not isinstance(value, int | str):  # `encode_cursor` writes nothing else, and a null would break the filter
            return None
        if "\0" in str(value).encode().decode():  # PostgreSQL holds no NUL; for lone surrogates encode() raises
            return None
        return field.get_prep_value(field.to_python(value)), pk, position, bool(backwards)
    except Exception:  # the URL may hold anything
        return None


class IsInArray(Func):
    """An SQL condition that a value is in an array (`= ANY`).

    Within a view with a security barrier PostgreSQL can use an index for it, but not for IN, which becomes a join.
    """

    template, arg_joiner = "%(expressions)s)", " = ANY("
    output_field = BooleanField()


def is_valid_cursor(queryset: QuerySet[Any], *, sort: str, cursor: str) -> bool:
    """Return whether a cursor is intact and fits a list that is sorted by the column `sort`.

    `fetch_keyset_page` ignores an invalid cursor; this is for callers that report it as an error.
    """
    return _decode(cursor, _find_field(queryset.model, sort)) is not None


def _find_field(model: Any, path: str) -> Any:
    """Return the field of a model that a path such as "name" or "person__name" leads to."""
    first, _separator, rest = path.partition("__")
    field = model._meta.get_field(first)
    return _find_field(field.related_model, rest) if rest else field


def _read_value(row: Any, path: str) -> Any:
    """Return the value of a row that a path such as "name" or "person__name" leads to."""
    for name in path.split("__"):
        row = getattr(row, name)
    return row


def annotate_total_row_count(queryset: QuerySet[Any]) -> QuerySet[Any]:
    """Return the queryset with `total_count` on each row: the number of all its rows.

    PostgreSQL counts once, by COUNT(*), for which any index will do.
    """
    counted = queryset.order_by().annotate(_one=Value(1)).values("_one").annotate(_n=Count("*")).values("_n")
    return queryset.annotate(total_count=Subquery(counted, output_field=IntegerField()))


def make_search_conditions(filters: Container[str]) -> Sequence[Q]:
    """Return the `any_of` argument of `fetch_keyset_page` for a list with these filters.

    For a search (the filter `q`) it is one condition that holds for all rows, which makes PostgreSQL find their keys
    first. Otherwise it is empty.
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
) -> KeysetPage[Any]:
    """Return the page of at most `size` rows that `cursor` leads to, or the first page without a valid cursor.

    Rows are ordered by the column `sort`, which is never null, and then by `key`, which is unique in the queryset.
    `sort` may be a column of a row that is joined already, such as "person__name".

    `any_of` are conditions of which the page's rows meet at least one. It makes a slow query faster: the page's keys
    are found first, along each condition, and the rows after them. Use it for what PostgreSQL would otherwise read and
    sort whole: an OR whose sides each have an index; a search, because behind a row-level policy PostgreSQL cannot
    estimate how much it finds; and a view with a security barrier whose rows each need lookups (such a queryset has
    `finds_keys_first`).
    """
    if not any_of and getattr(queryset, "finds_keys_first", False):
        any_of = (Q(),)
    decoded = _decode(cursor, _find_field(queryset.model, sort)) if cursor else None
    _value, _last_key, position, backwards = decoded or (None, 0, 0, False)
    forward_desc = descending != backwards
    queryset = _filter_after_cursor(queryset, decoded, sort, key, forward_desc)
    order = _make_order(sort, key, forward_desc)
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
        return encode_cursor(_read_value(row, sort), getattr(row, key_name), at, backwards=back)

    has_next = (backwards or more) if rows else False
    has_previous = (more if backwards else bool(decoded)) if rows else False
    return KeysetPage(
        rows=rows,
        first=first,
        next_cursor=cursor_at(rows[-1], first - 1 + len(rows), False) if has_next else None,
        previous_cursor=cursor_at(rows[0], first - 1, True) if has_previous else None,
        is_backwards=backwards,
    )


def _filter_after_cursor(
    queryset: QuerySet[Any], decoded: tuple[Any, int, int, bool] | None, sort: str, key: str, forward_desc: bool
) -> QuerySet[Any]:
    if decoded is None:
        return queryset
    value, last_key, _position, _backwards = decoded
    step = "lt" if forward_desc else "gt"
    queryset = queryset.filter(Q(**{f"{sort}__{step}": value}) | Q(**{sort: value, f"{key}__{step}": last_key}))
    # This bound is redundant, but lets the index start in the right place; for OR alone all rows would be filtered.
    return queryset.filter(**{f"{sort}__{step}e": value})


def _make_order(sort: str, key: str, forward_desc: bool) -> list[OrderBy]:
    return [F(name).desc() if forward_desc else F(name).asc() for name in (sort, key)]


def fetch_searched_keyset_page(
    queryset: QuerySet[Any],
    *,
    candidates: QuerySet[Any],
    looked_at: Sequence[int],
    sort: str,
    descending: bool,
    size: int,
    cursor: str = "",
    any_of: Sequence[Q],
) -> KeysetPage[Any]:
    """Return a page of a search for which no index exists, without reading the whole list for it.

    `candidates` are the rows among which `queryset` finds its own: the same without the filters that no index serves.
    From the cursor on, about so many of them as `looked_at` says are read along each condition of `any_of`: the first
    number, and while the page is not full the next. If it never is, the page has `searched_to`, and its cursor goes on
    from there: no row is left out, and each page costs about the same. The other arguments are those of
    `fetch_keyset_page`.
    """
    decoded = _decode(cursor, _find_field(queryset.model, sort)) if cursor else None
    backwards = decoded is not None and decoded[3]
    forward_desc = descending != backwards
    beside, back = ("previous_cursor", "next_cursor") if backwards else ("next_cursor", "previous_cursor")
    order = _make_order(sort, "pk", forward_desc)
    rows = _filter_after_cursor(candidates, decoded, sort, "pk", forward_desc).order_by(*order)
    for count in looked_at:
        end = _find_end(rows, count, sort, forward_desc, any_of)
        within = {} if end is None else {f"{sort}__{'gte' if forward_desc else 'lte'}": end}
        page = fetch_keyset_page(
            queryset.filter(**within), sort=sort, descending=descending, size=size, cursor=cursor, any_of=any_of
        )
        if end is None or getattr(page, beside) is not None:
            break
    else:
        past = 0 if forward_desc else LARGEST_KEY  # all rows with this value were read
        position = page.first - 1 if backwards else page.last
        changes: dict[str, Any] = {beside: encode_cursor(end, past, position, backwards=backwards)}
        page = replace(page, searched_to=end, **changes)
    if decoded and not page.rows:
        value, last_key, position, _backwards = decoded
        at = max(last_key - 1, 0) if forward_desc else min(last_key + 1, LARGEST_KEY)  # the row of the cursor, too
        changes = {back: encode_cursor(value, at, position, backwards=not backwards)}
        page = replace(page, **changes)
    return page


def _find_end(rows: QuerySet[Any], count: int, sort: str, forward_desc: bool, any_of: Sequence[Q]) -> Any:
    """Return the value up to which reading `count` ordered rows along each condition leads, None for the list's end."""
    first, *others = (rows.filter(branch).values_list(sort, flat=True)[count : count + 1] for branch in any_of)
    ends = list(first.union(*others, all=True) if others else first)
    return (max(ends) if forward_desc else min(ends)) if ends else None


def fetch_keyset_page_or_first(queryset: QuerySet[Any], *, cursor: str, **options: Any) -> KeysetPage[Any]:
    """Return the page that `cursor` leads to, or the first page if that one has no rows.

    `options` are the other arguments of `fetch_keyset_page`.
    """
    page = fetch_keyset_page(queryset, cursor=cursor, **options)
    return page if page.rows or not cursor else fetch_keyset_page(queryset, **options)

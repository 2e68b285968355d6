"""Previous and next: from a record's page to the records beside it in the list from which it was opened.

The links of a list's rows say by the parameter `list` which list it is, with its filters and its order, so that the way
on needs neither a script nor anything that is kept, and a colleague's link leads the same way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse

from partnerportal.lib.actors import Actor
from partnerportal.lib.keyset import encode_cursor, fetch_keyset_page, make_search_conditions
from partnerportal.lib.lists import build_list_url, build_query_string, register_list_definition
from partnerportal.lib.personal_lists import PersonalizedList
from partnerportal.lib.requests import PortalRequest

PARAMETER = "list"  # in a record's URL: the key of a list, then "?" and the list's own query if it has one


@dataclass(frozen=True, kw_only=True)
class RecordOrder:
    """The records of a list in the order of its pages.

    `records` is the queryset of all that the actor sees, and `listed` that of those which the filters leave. `options`
    are arguments of `fetch_keyset_page`: `sort` and `descending`, and where the list has them `key` and `any_of`.
    """

    records: Any
    listed: Any
    filter_values: Mapping[str, Any]
    options: dict[str, Any]


class RecordList(PersonalizedList):
    """The base of lists whose rows each open a page of their own.

    A subclass writes `list_records`, or `order_records` where its filters and its order are not those of its definition
    alone; its own page is fetched from there too. It is registered, and its template puts `record_query` behind the URL
    of each row. Rows have a `public_id`.
    """

    key: ClassVar[str] = "pk"  # the column by which rows of the same place are ordered, which is unique
    kept_parameters: ClassVar[tuple[str, ...]] = ()  # of a record's page, which the pages beside it get as well

    @classmethod
    def order_records(cls, actor: Actor, params: Mapping[str, str]) -> RecordOrder:
        """Return the records in the order that the parameters of the list's URL ask for."""
        records = cls.list_records(actor)
        filters = cls.definition.filter_set(params, records, acting=actor)
        any_of = make_search_conditions(filters.cleaned_values)
        options = {**cls.definition.parse_keyset_order(params), "key": cls.key, "any_of": any_of}
        return RecordOrder(records=records, listed=filters.qs, filter_values=filters.cleaned_values, options=options)

    @classmethod
    def list_records(cls, actor: Actor) -> QuerySet[Any]:
        """Return all records that the actor sees."""
        raise NotImplementedError

    @classmethod
    def name_record(cls, record: Any) -> str:
        """Return the name by which readers know a record."""
        return str(record.name)

    @cached_property
    def record_query(self) -> str:
        """What follows the URL of each row, as "?list=customers": from there one gets to the rows beside it."""
        defaults = {"sort": self.definition.default_sort, **self.usual}
        values = {name: value for name, value in self.common_url_values.items() if name != "size"}
        query = build_list_url("", values, defaults).removeprefix("?")
        start = "&" if any(self.filter_values.get(name) for name in self.kept_parameters) else "?"
        return f"{start}{urlencode({PARAMETER: f'{self.definition.key}?{query}' if query else self.definition.key})}"


@dataclass(frozen=True)
class Neighbour:
    """A record beside the one that is shown: its name and the URL of its page."""

    name: str
    url: str


@dataclass(frozen=True)
class Neighbours:
    """The records before and after the one that is shown, or None at an end, and the URL of their list."""

    previous: Neighbour | None
    next: Neighbour | None
    list_url: str


_record_lists: dict[str, type[RecordList]] = {}


def register_record_list(record_list: type[RecordList]) -> None:
    """Register a list with its definition, so that one gets from each of its records to the next.

    Raises AssertionError for a list whose key is registered already.
    """
    register_list_definition(record_list.definition)
    _record_lists[record_list.definition.key] = record_list


def list_record_lists() -> list[type[RecordList]]:
    """Return the registered lists whose rows open pages."""
    return list(_record_lists.values())


def keep_list(request: PortalRequest, url: str) -> str:
    """Return the URL of another page of the same record, with the list from which the present page was opened."""
    asked = request.GET.get(PARAMETER)
    return f"{url}?{urlencode({PARAMETER: asked})}" if asked and request.method == "GET" else url


def find_neighbours(request: PortalRequest) -> Neighbours | None:
    """Return the records beside the one whose page is shown, in the list that the URL names.

    The record keeps its place where the list's filters have come to leave it out. The result is None if the URL names
    no list that the actor may see, or one in which the actor sees no such record.
    """
    asked = request.GET.get(PARAMETER, "")
    key, _separator, query = asked.partition("?")
    record_list, match = _record_lists.get(key), request.resolver_match
    if record_list is None or match is None or request.method not in ("GET", "HEAD"):
        return None
    table, permission = record_list.definition.rule
    public_id = next((value for value in match.kwargs.values() if isinstance(value, UUID)), None)
    if public_id is None or not table[permission].check_actor(request.actor):
        return None
    params = QueryDict(query)
    order = record_list.order_records(request.actor, params)
    own = order.records.filter(public_id=public_id)
    places = list(own.values_list(order.options["sort"], order.options.get("key", "pk"))[:1])
    if not places:
        return None
    value, pk = places[0]
    kept = {name: request.GET.get(name, "") for name in record_list.kept_parameters}
    url_query = build_query_string({**kept, PARAMETER: asked})

    def find_beside(*, backwards: bool) -> Neighbour | None:
        cursor = encode_cursor(value, pk, 0, backwards=backwards)
        page = fetch_keyset_page(order.listed, size=1, cursor=cursor, **order.options)
        for row in page.rows:
            ids = {name: row.public_id if one == public_id else one for name, one in match.kwargs.items()}
            return Neighbour(record_list.name_record(row), f"{reverse(match.view_name, kwargs=ids)}?{url_query}")
        return None

    return Neighbours(
        previous=find_beside(backwards=True),
        next=find_beside(backwards=False),
        list_url=build_list_url(reverse(record_list.definition.url_name), params.dict()),
    )

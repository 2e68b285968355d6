"""The API's envelope of a collection: `{totalCount, items[], links{self, next, previous}}`."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from partnerportal.lib.keyset import (
    KeysetPage,
    annotate_total_row_count,
    fetch_keyset_page,
    is_valid_cursor,
    make_search_conditions,
)

LINK = {"type": "string", "format": "uri", "nullable": True, "example": None}


def make_query_parameter_error(name: str, code: str, message: str) -> ValidationError:
    """Return a ValidationError, for the caller to raise, about the query parameter `name`. It is answered by 400.

    `code` is for programs and `message` for people.
    """
    return ValidationError({name: [ErrorDetail(message, code)]})


class SingleResponsePagination(BasePagination):
    """A paginator that puts all items into one response, with their total and without links to other pages."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.request, self.total, self.page = request, len(queryset), None
        return list(queryset)

    def get_paginated_response(self, data: Any) -> Response:
        links = {"self": self.request.build_absolute_uri(), "next": None, "previous": None}
        if self.page:
            links |= {"next": self._link(self.page.next_cursor), "previous": self._link(self.page.previous_cursor)}
        return Response({"totalCount": self.total, "items": data, "links": links})

    page: KeysetPage[Any] | None

    def _link(self, cursor: str | None) -> str | None:
        if cursor is None:
            return None
        return replace_query_param(remove_query_param(self.request.build_absolute_uri(), "cursor"), "cursor", cursor)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["totalCount", "items", "links"],
            "properties": {
                "totalCount": {"type": "integer", "minimum": 0, "example": 1},
                "items": schema,
                "links": {
                    "type": "object",
                    "required": ["self", "next", "previous"],
                    "properties": {
                        "self": LINK | {"nullable": False, "example": "https://portal.example.com/api/v1/…"},
                        "next": LINK,
                        "previous": LINK,
                    },
                },
            },
        }


class KeysetPagination(SingleResponsePagination):
    """A paginator that cuts one page at a cursor, which stands for the last row of the page before.

    Callers give `?limit=` (1–200 items, by default 50) and the `cursor` from the links of the previous response. The
    view says by which column to sort (`parse_sort_parameter()`) and which unique column breaks ties (`key`). The exact
    total comes from the page's own query, unless the view knows it (`get_stored_total_count()`). Raises ValidationError
    for an invalid limit or cursor.
    """

    default_limit = 50
    max_limit = 200

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.request = request
        sort, descending = view.parse_sort_parameter()
        cursor = request.query_params.get("cursor", "")
        if cursor and not is_valid_cursor(queryset, sort=sort, cursor=cursor):
            raise make_query_parameter_error(
                "cursor", "invalid_cursor", _("Use a cursor from the links in a page of results.")
            )
        known = view.get_stored_total_count()
        self.page = fetch_keyset_page(
            queryset if known is not None else annotate_total_row_count(queryset),
            sort=sort,
            descending=descending,
            size=self._limit(),
            cursor=cursor,
            key=view.key,
            any_of=make_search_conditions(request.query_params),
        )
        if known is not None:
            self.total = known
        elif self.page.rows:
            self.total = self.page.rows[0].total_count
        else:
            self.total = queryset.count() if cursor else 0
        return self.page.rows

    def _limit(self) -> int:
        limit = self.request.query_params.get("limit", str(self.default_limit))
        if limit.isascii() and limit.isdecimal() and len(limit) <= 3 and 1 <= int(limit) <= self.max_limit:
            return int(limit)
        message = _("Enter a whole number from 1 to %(max)s.") % {"max": self.max_limit}
        raise make_query_parameter_error("limit", "invalid_limit", message)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        limit = {"type": "integer", "minimum": 1, "maximum": self.max_limit, "default": self.default_limit}
        parameters = [
            {"name": "limit", "in": "query", "schema": limit, "description": "Items on a page."},
            {
                "name": "cursor",
                "in": "query",
                "schema": {"type": "string"},
                "description": "Where the page begins. Follow `links.next` and `links.previous` rather than build one.",
            },
        ]
        if view.sorts:
            names = [f"{sign}{name}" for name in view.sorts for sign in ("", "-")]
            schema = {"type": "string", "enum": names, "default": view.default_sort}
            described = "The order; with a minus sign it descends."
            parameters.append({"name": "sort", "in": "query", "schema": schema, "description": described})
        return parameters

"""The bases of the API's endpoints, which have an actor and a permission and refuse parameters they do not know."""

from enum import StrEnum
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from django_filters import BooleanFilter
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from partnerportal.lib.actors import ANONYMOUS, Actor
from partnerportal.lib.api_input import StrictSerializer
from partnerportal.lib.api_pagination import KeysetPagination, SingleResponsePagination, make_query_parameter_error
from partnerportal.lib.idempotency import make_post_idempotent
from partnerportal.lib.policies import RoleTable, authorize


class EmptyBodySerializer(StrictSerializer):
    """The serializer of a request without a body: the URL alone says what to do."""


class PortalAPIView(GenericAPIView[Any]):
    """The base of every API endpoint: it checks the caller's permission and refuses unknown query parameters.

    A `post` of a subclass is idempotent for requests that carry a key (`lib.idempotency`), where callers have sessions.
    `rule` is the permission that a caller needs to read; an action checks its own permission besides. `errors` lists,
    by HTTP status, the error codes that the OpenAPI schema shows for this endpoint beside the usual ones.
    """

    model: ClassVar[type[Model]]
    rule: ClassVar[tuple[RoleTable, StrEnum] | None] = None
    errors: ClassVar[dict[int, tuple[str, ...]]] = {}
    has_session = True  # False where callers come in by a token, and without a session
    filter_backends: Any = ()
    pagination_class: Any = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.has_session and "post" in vars(cls):
            cls.post = make_post_idempotent(cls.post)  # type: ignore[attr-defined]

    @property
    def is_generating_schema(self) -> bool:
        """Whether the view runs only so that the OpenAPI schema can be generated; it then has no request."""
        return getattr(self, "swagger_fake_view", False)

    @property
    def actor(self) -> Actor:
        """The actor of the request; an anonymous one while the OpenAPI schema is generated."""
        return ANONYMOUS if self.is_generating_schema else self.request._request.actor  # type: ignore[attr-defined]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.rule:
            authorize(self.actor, *self.rule)
        self._refuse_unknown(request)

    def get_accepted_query_parameters(self) -> set[str]:
        """Return the names of the query parameters that this endpoint accepts. Any other is refused with status 400."""
        return set()

    def _refuse_unknown(self, request: Request) -> None:
        for name in request.query_params:
            if name not in self.get_accepted_query_parameters():
                raise make_query_parameter_error(name, "unknown_parameter", _("Unknown parameter."))

    def get_queryset(self) -> QuerySet[Any]:
        return self.model.objects.visible_to(self.actor)  # type: ignore[attr-defined]

    def read_validated_body(self) -> dict[str, Any]:
        """Return the validated request body as a dict. Raises ValidationError if it is invalid."""
        serializer = self.get_serializer(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "private, no-store"
        return response


class UnpaginatedListView(PortalAPIView, ListAPIView[Any]):
    """The base of endpoints that return a whole collection at once, because it is always short."""

    pagination_class = SingleResponsePagination


class PaginatedListView(PortalAPIView, ListAPIView[Any]):
    """The base of endpoints that return a collection page by page.

    `sorts` maps each name that callers may sort by to a column that is never null. `key` is a unique column that
    decides the order of equal values.
    """

    pagination_class = KeysetPagination
    sorts: ClassVar[dict[str, str]] = {}
    default_sort = "-id"
    key = "pk"
    filter_backends = (DjangoFilterBackend,)
    filterset_class: Any = None

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the queryset narrowed by the query parameters.

        Raises ValidationError for a boolean parameter that is neither `true` nor `false`, which django-filter would
        ignore.
        """
        for name, query_filter in (self.filterset_class.base_filters if self.filterset_class else {}).items():
            value = self.request.query_params.get(name, "").lower()
            if isinstance(query_filter, BooleanFilter) and value not in ("", "true", "false"):
                raise make_query_parameter_error(name, "invalid", _("Use true or false."))
        return super().filter_queryset(queryset)

    def get_accepted_query_parameters(self) -> set[str]:
        filters = set(self.filterset_class.base_filters) if self.filterset_class else set()
        return {"limit", "cursor"} | filters | ({"sort"} if self.sorts else set())

    def get_stored_total_count(self) -> int | None:
        """Return the number of items in the whole collection if it is already known, or None if it must be counted."""
        return None

    def parse_sort_parameter(self) -> tuple[str, bool]:
        """Return the order that the `sort` parameter asks for, as (column, whether it descends).

        Raises ValidationError for a name that is not in `sorts`.
        """
        sort = self.request.query_params.get("sort", self.default_sort)
        name = sort.removeprefix("-")
        if self.sorts and name not in self.sorts:
            message = _("Sort by one of: %(names)s.") % {"names": ", ".join(self.sorts)}
            raise make_query_parameter_error("sort", "invalid_sort", message)
        return self.sorts.get(name, name), sort.startswith("-")

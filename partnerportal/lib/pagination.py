"""The API's collections: `{totalCount, items[], links{self, next, previous}}`."""

from typing import Any

from rest_framework.pagination import LimitOffsetPagination
from rest_framework.response import Response


class CollectionPagination(LimitOffsetPagination):
    """`?limit=` (1–200, default 50) and `?offset=`."""

    default_limit = 50
    max_limit = 200

    def get_paginated_response(self, data: Any) -> Response:
        assert self.request is not None
        links = {
            "self": self.request.build_absolute_uri(),
            "next": self.get_next_link(),
            "previous": self.get_previous_link(),
        }
        return Response({"totalCount": self.count, "items": data, "links": links})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["totalCount", "items", "links"],
            "properties": {
                "totalCount": {"type": "integer", "example": 2418},
                "items": schema,
                "links": {
                    "type": "object",
                    "required": ["self", "next", "previous"],
                    "properties": {"self": {"type": "string", "format": "uri"}, "next": link, "previous": link},
                },
            },
        }

"""Requests are read as UTF-8, whatever charset they claim."""

from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.utils.http import parse_header_parameters


class Utf8Request(WSGIRequest):
    """Django takes the charset from the Content-Type, also one like `hex`, which is a codec but not for text: reading
    the query string then fails before any handler could answer."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))

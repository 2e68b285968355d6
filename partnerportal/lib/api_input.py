"""What the API reads, in a module of its own: REST framework imports the parser while it is itself being imported."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import APIException, ErrorDetail, ParseError
from rest_framework.parsers import BaseParser

MAX_BODY = 64 * 1024
MAX_DEPTH = 20  # lists and objects within one another: ours need two, and a thousand exhaust Python's stack


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"


class JSONBody(BaseParser):
    """JSON in UTF-8 of a bounded size. What is too long, too deep or not JSON is the sender's fault, never ours."""

    media_type = "application/json"

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        raw = stream.read(MAX_BODY + 1)
        if len(raw) > MAX_BODY:
            raise TooLarge(_("The request is too large."))
        try:
            body = json.loads(raw.decode(), parse_constant=self._refuse)
        except (ValueError, RecursionError):
            raise ParseError(_("The request is not valid JSON.")) from None
        if is_deeper(body, MAX_DEPTH):
            raise ParseError(_("The request is nested too deeply."))
        return body

    def _refuse(self, constant: str) -> None:
        raise ValueError(constant)  # NaN and Infinity are not JSON


def is_deeper(body: Any, depth: int) -> bool:
    """Tell whether more than `depth` lists and objects lie within one another. Goes by levels, so none is too deep."""
    level = [body]
    for _level in range(depth + 1):
        nested = [value for value in level if isinstance(value, dict | list)]
        if not nested:
            return False
        level = [inner for value in nested for inner in (value.values() if isinstance(value, dict) else value)]
    return True


class CodeField(serializers.SlugRelatedField[Any]):
    """Finds a row by its code. What is no text is refused unseen: a query of lists within lists exhausts the stack."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know, so that a typing error or a field one may not set is never passed over."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [str(name) for name in data if name not in self.fields]
            if unknown:
                message = ErrorDetail(_("This field is not known."), "unknown_field")
                raise serializers.ValidationError({name: [message] for name in unknown})
        return super().to_internal_value(data)

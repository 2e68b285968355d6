"""The parser and the serializers of what the API reads.

They stand in a module of their own, because REST framework imports the parser while it is itself being imported.
"""

import json
from collections import Counter
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import APIException, ErrorDetail, ParseError
from rest_framework.parsers import BaseParser

from partnerportal.lib.text import make_single_line

MAX_BODY = 64 * 1024  # bytes
LONGEST_KEY_SHOWN = 100  # characters, in an error
MAX_DEPTH = 20  # lists and objects within one another: our bodies need two, and a thousand exhaust Python's stack


class BodyTooLarge(APIException):
    """Raised for a request body that is larger than the endpoint accepts. Answered by 413."""

    status_code = 413
    default_code = "too_large"


class JSONBodyParser(BaseParser):
    """A parser of JSON request bodies in UTF-8 that limits their size and depth.

    A body that breaks a limit, or is not JSON, is answered as the caller's error (4xx), never as ours.
    """

    media_type = "application/json"
    max_body = MAX_BODY  # bytes; a subclass may allow more

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the request body as Python data.

        Raises BodyTooLarge for a body that is too long, and ParseError for one that is not JSON or is nested too
        deeply.
        """
        raw = stream.read(self.max_body + 1)
        if len(raw) > self.max_body:
            raise BodyTooLarge(_("The request is too large."))
        try:
            body = json.loads(raw.decode(), parse_constant=self._refuse, object_pairs_hook=_make_object)
        except (ValueError, RecursionError):
            raise ParseError(_("The request is not valid JSON.")) from None
        if is_nested_deeper_than(body, MAX_DEPTH):
            raise ParseError(_("The request is nested too deeply."))
        return body

    def _refuse(self, constant: str) -> None:
        raise ValueError(constant)  # NaN and Infinity are not JSON


class LargeBodyParser(JSONBodyParser):
    """A parser of bodies that hold long texts in several languages, or tens of thousands of ids."""

    max_body = 2 * 1024 * 1024


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object with these keys. Raises ParseError for one that is given twice: nobody knows which counts.

    Raises ValueError for a lone surrogate, which an error that names the key could not be written with.
    """
    made = dict(pairs)
    for key in made:
        key.encode()
    if len(made) < len(pairs):
        counts = Counter(key for key, _value in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        raise ParseError(_("The key “%(key)s” is given twice.") % {"key": twice[:LONGEST_KEY_SHOWN]})
    return made


def is_nested_deeper_than(body: Any, depth: int) -> bool:
    """Return whether lists and dicts in `body` are nested more than `depth` levels deep.

    It looks at one level after the other, not by recursion, which a deep body could bring to a stack overflow.
    """
    level = [body]
    for _level in range(depth + 1):
        nested = [value for value in level if isinstance(value, dict | list)]
        if not nested:
            return False
        level = [inner for value in nested for inner in (value.values() if isinstance(value, dict) else value)]
    return True


class OneLineField(serializers.CharField):
    """A serializer field for text in one line, which is cleaned by `make_single_line`.

    Text of invisible characters alone counts as blank.
    """

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation(make_single_line(data) if isinstance(data, str) else data)


class ObjectByCodeField(serializers.SlugRelatedField[Any]):
    """A serializer field that takes an object's code, such as that of a service, and finds the object.

    A value that is not text is refused without a query, because lists within lists would exhaust the stack.
    """

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictSerializer(serializers.Serializer[Any]):
    """A request body in which unknown or read-only fields are refused, so that a misspelt field is not ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [str(name) for name in data if name not in self.fields]
            if unknown:
                message = ErrorDetail(_("Unknown field."), "unknown_field")
                raise serializers.ValidationError({name: [message] for name in unknown})
        return super().to_internal_value(data)

"""What the serializers of lines in files of JSON Lines share."""

from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

MAX_INTEGER = 2_147_483_647  # the greatest integer of the database's columns
DAY_PROBLEMS = {
    "in_the_future": "This has not happened yet: today, in UTC, is the latest.",
    "too_old": "This is more than 60 months ago.",
}
SHOWN = 80  # characters that a message repeats of a value from a file


class PrintableTextField(serializers.CharField):
    """A serializer field for text without control characters, which belong in no name and no key."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        message = "Control characters are not allowed."
        self.validators.append(
            RegexValidator(r"[\x00-\x1f\x7f-\x9f]", message, code="control_characters", inverse_match=True)
        )


class LineSerializer(serializers.Serializer):
    """The base serializer of all lines. It refuses unknown fields.

    A misspelt optional field would otherwise be lost.
    """

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := data.keys() - self.fields.keys()):
            message = "This field is not known."
            raise serializers.ValidationError(
                {name[:SHOWN]: [ErrorDetail(message, "unknown_field")] for name in sorted(unknown)}
            )
        return super().to_internal_value(data)


def make_org_id_field(**options: Any) -> serializers.RegexField:
    """Make a serializer field for an ORGID, a text of eight digits. `options` are passed on to the field."""
    return serializers.RegexField(
        r"\A[1-9][0-9]{7}\Z",
        error_messages={"invalid": "An ORGID has eight digits, as text, and the first is not 0."},
        **options,
    )

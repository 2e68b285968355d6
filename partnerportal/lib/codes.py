"""The codes by which entries of catalogues, offers and plans are named on pages, in files and by API."""

import re

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from partnerportal.lib.errors import InvalidInput

LONGEST_CODE = 50  # characters
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")
BAD_CODE = _("Use up to 50 lower-case letters, digits, hyphens and underscores; begin with a letter or digit.")
validate_code = RegexValidator(rf"\A{_CODE.pattern}\Z", BAD_CODE, "malformed_code")  # of a field of a form


def read_code(text: str) -> str:
    """Return a code that somebody has chosen. Raises InvalidInput("malformed_code") for a text that cannot be one."""
    if not _CODE.fullmatch(text):
        raise InvalidInput("malformed_code", BAD_CODE, field="code")
    return text


def make_code_field() -> serializers.RegexField:
    """Make a serializer field for a code."""
    return serializers.RegexField(rf"\A{_CODE.pattern}\Z", error_messages={"invalid": BAD_CODE})

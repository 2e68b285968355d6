"""The serializers and fields of what the API returns."""

from typing import Any, TypeVar

from django.db.models import Model
from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from partnerportal.lib.scopes import Scope

M = TypeVar("M", bound=Model)


class RowSerializer(serializers.Serializer[M]):
    """A serializer of the rows of a list.

    It finds out once which fields it writes. REST framework asks all of them again for each row.
    """

    @cached_property
    def _readable_fields(self) -> list[serializers.Field[Any, Any, Any, Any]]:
        return [field for field in self.fields.values() if not field.write_only]


@extend_schema_field(serializers.ListField(child=serializers.CharField()))
class ScopesField(serializers.ReadOnlyField):
    """A field of scopes, which are a number in the database and a list of codes in the API."""

    def to_representation(self, value: int) -> list[str]:
        return Scope(value).codes

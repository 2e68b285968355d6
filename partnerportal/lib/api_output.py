"""The serializers and fields of what the API returns."""

from collections.abc import Callable
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, TypeVar

from django.db.models import Model
from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from partnerportal.lib.scopes import Scope

M = TypeVar("M", bound=Model)


class AttributeSerializer(serializers.Serializer[M]):
    """A serializer of model instances, each field of which has an attribute of the instance as its source.

    It reads these attributes itself. REST framework would find out for every field of every instance whether the
    instance is a mapping and the attribute a function, which takes as long as all the rest. So the source of a field
    may be no function, and no field may take the whole instance, as a method field does.
    """

    @cached_property
    def _outputs(self) -> list[tuple[str, Callable[[Any], Any], Callable[[Any], Any]]]:
        """The name of each field, with the functions that read and that represent its value."""
        assert all(field.source != "*" for field in self.fields.values()), "a field takes the whole instance"
        return [
            (name, attrgetter(str(field.source)), field.to_representation)
            for name, field in self.fields.items()
            if not field.write_only
        ]

    def to_representation(self, instance: M) -> dict[str, Any]:
        return {
            name: None if (value := read(instance)) is None else represent(value)
            for name, read, represent in self._outputs
        }


class UTCDateTimeField(serializers.DateTimeField):
    """A field of moments, which the API writes in UTC, such as 2026-02-14T09:30:00Z.

    REST framework would write them in the time zone that the person has chosen for the pages. It writes them itself,
    because REST framework looks up the time zone anew for each, which was a third of a list's serialization.
    """

    def to_representation(self, value: datetime) -> str:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


class AttachedFileSerializer(serializers.Serializer[Any]):
    """The base of serializers of attached files. Each says by `get_url` where whoever may see a file fetches it."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField(help_text="As it was uploaded, with the ending of its type.")
    content_type = serializers.CharField(help_text="By its content.")
    size = serializers.IntegerField(help_text="In bytes. Pictures are drawn again, so it differs from what was sent.")
    sha256 = serializers.CharField(help_text="Of the stored file, in hex.")
    created_at = UTCDateTimeField()
    url = serializers.SerializerMethodField(help_text="Where whoever may see it fetches it.")

    def get_url(self, file: Any) -> str:
        """Return the address of a file."""
        raise NotImplementedError


@extend_schema_field(serializers.ListField(child=serializers.CharField()))
class ScopeCodesField(serializers.ReadOnlyField):
    """A field of scopes, which are a number in the database and a list of codes in the API."""

    def to_representation(self, value: int) -> list[str]:
        return Scope(value).codes

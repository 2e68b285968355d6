from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Operator, OrganizationKind, Role
from accounts.queries.programs import build_program_badges


class ProgramBadgeSerializer(serializers.Serializer[Any]):
    program = serializers.CharField(help_text="The programme's code.")
    name = serializers.CharField()
    since = serializers.DateField()


class OrganizationSerializer(serializers.Serializer[Operator]):
    """An organisation the caller acts for, read from the caller's `Operator` in it."""

    id = serializers.UUIDField(source="organization.public_id")
    org_id = serializers.CharField(source="organization.org_id", help_text="ORGID: eight digits.")
    name = serializers.CharField(source="organization.name")
    kind = serializers.ChoiceField(source="organization.kind", choices=OrganizationKind.choices)
    country = serializers.CharField(source="organization.country", help_text="ISO 3166, two letters.")
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices))
    badges = serializers.SerializerMethodField(help_text="Active programme memberships.")
    is_current = serializers.SerializerMethodField(help_text="Whether this session acts for it now.")

    @extend_schema_field(ProgramBadgeSerializer(many=True))
    def get_badges(self, operator: Operator) -> list[dict[str, Any]]:
        return ProgramBadgeSerializer(build_program_badges(operator.active_programs), many=True).data  # type: ignore[attr-defined, return-value]

    def get_is_current(self, operator: Operator) -> bool:
        return operator.organization_id == self.context["request"].actor.organization_id

"""The OpenAPI schema of the API, written by drf-spectacular, with one shape of errors for every operation."""

from typing import Any

from drf_spectacular.authentication import SessionScheme
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers

from partnerportal.lib.idempotency import IDEMPOTENCY_KEY


class PortalSessionScheme(SessionScheme):
    """The OpenAPI description of authentication by the session cookie."""

    target_class = "partnerportal.api_authentication.PortalSessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-sid",
            "description": "The session of a person who signed in (`portal-sid` on a development server).",
        }


class ProblemErrorSerializer(serializers.Serializer[Any]):
    """One error of a refused request: a code for programs, a sentence for people, and the field at fault."""

    code = serializers.CharField(help_text="Stable; made for programs.")
    detail = serializers.CharField(help_text="For people, in the reader's language.")
    attr = serializers.CharField(allow_null=True, help_text="The field or parameter at fault, if one is.")
    url = serializers.URLField(required=False, help_text="Where to go on, of the errors that say so.")


class ProblemSerializer(serializers.Serializer[Any]):
    """The body of a response to a refused request: the kind of problem and its errors."""

    type = serializers.ChoiceField(choices=["validation_error", "client_error", "server_error"])
    errors = ProblemErrorSerializer(many=True)  # type: ignore[assignment]


MEANINGS = {  # what each status means, as the schema says it
    400: "The request breaks a rule.",
    401: "Nobody is signed in.",
    403: "The caller sees this and may not do it.",
    404: "Absent, or not visible to the caller: the two look the same.",
    406: "Only `application/json` is served.",
    411: "The length of the body is missing.",
    422: "It contradicts what was sent before.",
    409: "The thing is no longer in a state that allows this.",
    410: "It existed, and is deleted.",
    412: "The caller has seen an older version than there is.",
    413: "The body is larger than this operation takes.",
    415: "Only `application/json` is understood.",
    428: "The header `If-Match` is missing.",
    429: "As often as is allowed in a day.",
    503: "Something that this needs does not answer. Nothing was changed; `Retry-After` says when to try again.",
}


class PortalAutoSchema(AutoSchema):
    """The generator of one operation's part of the OpenAPI schema, with every error that the operation may answer."""

    def get_summary(self) -> str:
        """Return the operation's summary: the first sentence of the view's docstring, up to a colon if it has one."""
        return self.get_description().partition(".")[0].partition(":")[0]

    def get_override_parameters(self) -> list[Any]:
        """Return the header parameters that every operation of its method accepts."""
        view: Any = self.view
        return [IDEMPOTENCY_KEY] if self.method == "POST" and view.has_session else []

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        schema: dict[str, Any] = super()._map_basic_serializer(serializer, direction)
        if direction == "request" and schema.get("properties"):
            schema["additionalProperties"] = False  # because StrictSerializer refuses fields that it does not know
        return schema

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        responses = super()._get_response_bodies(direction)
        for status, codes in sorted(self._codes().items()):
            responses.setdefault(str(status), self._problem(status, codes))
        return responses

    def _codes(self) -> dict[int, tuple[str, ...]]:
        """Return the error codes that this operation may answer, by status."""
        codes: dict[int, tuple[str, ...]] = {
            400: ("unknown_parameter",),
            401: ("not_authenticated",),
            406: ("not_acceptable",),
        }
        view: Any = self.view
        if view.rule:
            codes[403] = ("no_organization", "no_badge", "wrong_role")
        if "{" in self.path or (view.rule and view.rule[0][view.rule[1]].kinds):
            codes[404] = ("not_found",)
        if getattr(view, "sorts", None) is not None:
            codes[400] += ("invalid_limit", "invalid_cursor", *(["invalid_sort"] if view.sorts else []))
        if getattr(view, "filterset_class", None):
            codes[400] += ("invalid", "invalid_choice")
        if self.method in ("POST", "PUT", "PATCH") and view.has_session:
            codes[400] += ("unknown_field", "parse_error", "invalid", "required")
            codes |= {413: ("too_large",), 415: ("unsupported_media_type",)}
        if self.method != "GET" and view.has_session:
            codes[403] = ("csrf_failed", *codes.get(403, ()))
        if self.method == "POST" and view.has_session:
            codes[400] += ("invalid_key",)
            codes[422] = ("key_reused",)
        for status, more in view.errors.items():
            codes[status] = tuple(dict.fromkeys((*codes.get(status, ()), *more)))
        return codes

    def _describe_largest_body(self) -> str:
        """Return how large the body of this operation may be, as its parser says."""
        largest = getattr(self.view.parser_classes[0], "max_body", None)
        return f"The body is larger than {largest // 1024} KiB." if largest else MEANINGS[413]

    def _problem(self, status: int, codes: tuple[str, ...]) -> dict[str, Any]:
        meaning = self._describe_largest_body() if status == 413 else MEANINGS[status]
        named = ", ".join(f"`{code}`" for code in codes)
        kind = "validation_error" if status == 400 else "client_error"
        error = {"code": codes[0], "detail": meaning, "attr": "field" if status == 400 else None}
        example = OpenApiExample(codes[0], value={"type": kind, "errors": [error]}, response_only=True)
        response = OpenApiResponse(ProblemSerializer, f"{meaning} Codes: {named}.", [example])
        return self._get_response_for_code(response, str(status))

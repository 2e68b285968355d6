"""Conditional requests of the API: an edit names the version that its caller has seen, so that none is overwritten.

`GET` answers with the version as `ETag`, and an edit carries it back as `If-Match` (RFC 9110).
"""

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from partnerportal.lib.errors import PreconditionRequired
from partnerportal.lib.revisions import read_revision

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, required=True, description="The `ETag` that was seen, or `*` for any."
)


def set_etag(response: Response, version: str) -> Response:
    """Set the `ETag` header of a response to the version of what it shows, and return the response."""
    response["ETag"] = f'"{version}"'
    return response


def read_seen_version(request: Request) -> str | None:
    """Return the version that `If-Match` names, or None for `*`, which stands for any.

    Raises PreconditionRequired("if_match_required") without the header. A weak validator (`W/"…"`) is returned as it
    is and so equals no version.
    """
    header = request.headers.get("If-Match", "").strip()
    if not header:
        raise PreconditionRequired(
            "if_match_required",
            _("In the If-Match header, send the ETag of the version you last read, so that nobody’s changes are lost."),
        )
    return None if header == "*" else header.removeprefix('"').removesuffix('"')


def parse_revision(request: Request) -> int | None:
    """Return the revision that `If-Match` names, or None for `*`; 0, which no row has, for what is no number.

    Raises PreconditionRequired as `read_seen_version` does.
    """
    version = read_seen_version(request)
    if version is None:
        return None
    return read_revision(version)

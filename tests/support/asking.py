"""What the tests of requests ask for, and what whoever decides has seen."""

from typing import Any

from support.actions.rows import check_request
from support.models import Request

FIELDS: dict[str, Any] = {
    "title": "We have moved",
    "justification": "Our office is in Paris now.",
    "severity": "moderate",
    "contact_email": "office@example.com",
    "contact_phone": "",
    "payload": {"country": "FR"},
}


def seen(row: Request) -> dict[str, Any]:
    """What the page of the decision carries along."""
    findings = check_request(Request.objects.select_related("organization").get(pk=row.pk))
    return {"facts_digest": findings.digest, "revision": row.revision, "facts_seen": findings.values}

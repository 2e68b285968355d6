"""What happens to the offers of the sample data: requests about their audiences, and reports of their health."""

from collections.abc import Mapping

from marketplace.actions.audience import remove_from_audience
from marketplace.actions.health import report_health_issue, update_health_issue
from marketplace.audience_requests import DEAUTHORIZE, get_option_request_code
from marketplace.models import Audience, HealthIssue, Offer
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from support.actions.deciding import approve_request, decline_request
from support.actions.drafts import start_request
from support.actions.rows import check_request
from support.actions.submitting import submit_request
from support.models import Request

TOO_SOON = "Your support answers in German only. Ask again when it covers the other markets of this offer."


def write_sample_audience_requests(offers: Mapping[str, Offer], admins: Mapping[str, Actor], staff: Actor) -> None:
    """Have three publishers ask for another audience: one waits, one is approved, and one is declined.

    `admins` are actors by the keys of their organisations.
    """
    _ask_for_removal(admins["octavo"], offers["octavo-forecast"])
    limited = _ask_for_option(
        admins["seiran"], offers["seiran-books"], Audience.SPECIFIC, "経理の導入研修を受けたパートナーに限定します。"
    )
    opened = _ask_for_option(
        admins["feldspat"], offers["feldspat-schutzwall"], Audience.ANY, "Partners from other countries ask for it."
    )
    with tenancy.as_tenant(organization_id=staff.organization_id, person_id=staff.person_id):
        seen = check_request(limited)
        approve_request(actor=staff, request=limited, facts_digest=seen.digest, revision=limited.revision)
        decline_request(actor=staff, request=opened, reason=TOO_SOON, revision=opened.revision)


def _ask_for_removal(actor: Actor, offer: Offer) -> Request:
    """Mark whoever of the audience has sold nothing, and ask for the end of its authorisation."""
    held = offer.authorizations.active()
    remove_from_audience(actor=actor, offer=offer, organization_ids=set(held.values_list("organization", flat=True)))
    marked = offer.audience_changes.filter(is_removal=True)
    partners = [str(public_id) for public_id in marked.values_list("organization__public_id", flat=True)]
    why = "Leur contrat de distribution a pris fin, et ils n’ont rien vendu."
    return _submit(actor, offer, DEAUTHORIZE, why, partners=partners)


def _ask_for_option(actor: Actor, offer: Offer, audience: Audience, justification: str) -> Request:
    return _submit(actor, offer, get_option_request_code(audience), justification)


def _submit(actor: Actor, offer: Offer, kind: str, justification: str, **payload: list[str]) -> Request:
    draft = start_request(actor=actor, kind=kind, subject_id=offer.public_id)
    email = f"channel@{offer.publisher.website}"
    return submit_request(actor=actor, request=draft, justification=justification, contact_email=email, payload=payload)


def write_sample_health_issues(offers: Mapping[str, Offer], admins: Mapping[str, Actor]) -> None:
    """Report an issue that goes on, with an update, and one that is over."""
    slow = report_health_issue(
        actor=admins["octavo"], offer=offers["octavo-insight"], kind=HealthIssue.Kind.DEGRADATION,
        text="Dashboards of customers in Europe load slowly, some after a minute. Their data is complete.",
    )  # fmt: skip
    down = report_health_issue(
        actor=admins["feldspat"], offer=offers["feldspat-tresor"], kind=HealthIssue.Kind.OUTAGE,
        text="No new backups since this morning. Those that exist can be restored.",
    )  # fmt: skip
    cause = "The cause is a full cache in Frankfurt. We add machines; expect normal speed by the evening."
    update_health_issue(actor=admins["octavo"], issue=slow, text=cause)
    over = "Backups run again, and those that were missed are done."
    update_health_issue(actor=admins["feldspat"], issue=down, text=over, is_all_clear=True)

"""What happens to the offers of the sample data: requests about their audiences, and reports of their health."""

import datetime as dt
from collections.abc import Mapping

from marketplace.actions.audience import remove_from_audience
from marketplace.actions.health import report_health_issue, update_health_issue
from marketplace.audience_requests import DEAUTHORIZE, get_option_request_code
from marketplace.models import Audience, HealthIssue, Offer
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from support.actions.deciding import approve_request, decline_request
from support.actions.drafts import save_request_draft, start_request
from support.actions.rows import check_request
from support.actions.submitting import submit_request, withdraw_request
from support.models import Request

TOO_SOON = "Your support answers in German only. Ask again when it covers the other markets of this offer."


def ask_for_sample_removal(offers: Mapping[str, Offer], admins: Mapping[str, Actor]) -> Request:
    """Have a publisher ask for the end of the authorisation of whoever has not sold an offer; return the request."""
    return _ask_for_removal(
        admins["feldspat"], offers["feldspat-schutzwall"], "Der Vertrag mit diesem Partner ist ausgelaufen."
    )


def close_sample_removal(removal: Request, staff: Actor) -> None:
    """Have the vendor's staff decide about it, after a sale has overtaken it."""
    with tenancy.as_tenant(organization_id=staff.organization_id, person_id=staff.person_id):
        _approve(staff, removal)


def write_sample_audience_requests(offers: Mapping[str, Offer], admins: Mapping[str, Actor], staff: Actor) -> None:
    """Have three publishers ask for other audiences, so that there is a request of every state.

    `admins` are actors by the keys of their organisations.
    """
    _ask_for_removal(
        admins["octavo"],
        offers["octavo-forecast"],
        "Leur contrat de distribution a pris fin, et ils n’ont rien vendu.",
    )
    limited = _ask_for_option(
        admins["seiran"], offers["seiran-books"], Audience.SPECIFIC, "経理の導入研修を受けたパートナーに限定します。"
    )
    opened = _ask_for_option(
        admins["feldspat"], offers["feldspat-schutzwall"], Audience.ANY, "Partner aus anderen Ländern fragen danach."
    )
    regretted = _ask_for_option(
        admins["feldspat"], offers["feldspat-tresor"], Audience.SPECIFIC, "Wir wählen die Partner künftig selbst aus."
    )
    withdraw_request(actor=admins["feldspat"], request=regretted)
    _begin_draft(admins["octavo"], offers["octavo-insight"])
    with tenancy.as_tenant(organization_id=staff.organization_id, person_id=staff.person_id):
        _approve(staff, limited)
        decline_request(actor=staff, request=opened, reason=TOO_SOON, revision=opened.revision)


def _approve(staff: Actor, request: Request) -> None:
    seen = check_request(request)
    approve_request(actor=staff, request=request, facts_digest=seen.digest, revision=request.revision)


def _begin_draft(actor: Actor, offer: Offer) -> None:
    """Begin a request that its publisher has not submitted yet."""
    kind = get_option_request_code(Audience.SPECIFIC)
    draft = start_request(actor=actor, kind=kind, subject_id=offer.public_id)
    why = "À compléter : la liste des partenaires formés."
    save_request_draft(actor=actor, request=draft, justification=why)


def _ask_for_removal(actor: Actor, offer: Offer, justification: str) -> Request:
    """Mark whoever of the audience has sold nothing, and ask for the end of its authorisation."""
    held = offer.authorizations.active()
    remove_from_audience(actor=actor, offer=offer, organization_ids=set(held.values_list("organization", flat=True)))
    marked = offer.audience_changes.filter(is_removal=True)
    partners = [str(public_id) for public_id in marked.values_list("organization__public_id", flat=True)]
    return _submit(actor, offer, DEAUTHORIZE, justification, partners=partners)


def _ask_for_option(actor: Actor, offer: Offer, audience: Audience, justification: str) -> Request:
    return _submit(actor, offer, get_option_request_code(audience), justification)


def _submit(actor: Actor, offer: Offer, kind: str, justification: str, **payload: list[str]) -> Request:
    draft = start_request(actor=actor, kind=kind, subject_id=offer.public_id)
    email = f"channel@{offer.publisher.website}"
    return submit_request(actor=actor, request=draft, justification=justification, contact_email=email, payload=payload)


def write_sample_health_issues(offers: Mapping[str, Offer], admins: Mapping[str, Actor], now: dt.datetime) -> None:
    """Report an issue that goes on, with an update, one that is over, and maintenance that is yet to come."""
    slow = report_health_issue(
        actor=admins["octavo"], offer=offers["octavo-insight"], kind=HealthIssue.Kind.DEGRADATION,
        text="Dashboards of customers in Europe load slowly, some after a minute. Their data is complete.",
    )  # fmt: skip
    down = report_health_issue(
        actor=admins["feldspat"], offer=offers["feldspat-tresor"], kind=HealthIssue.Kind.OUTAGE,
        text="Seit heute Morgen entstehen keine neuen Sicherungen. Vorhandene lassen sich wiederherstellen.",
    )  # fmt: skip
    cause = "The cause is a full cache in Frankfurt. We add machines; expect normal speed by the evening."
    update_health_issue(actor=admins["octavo"], issue=slow, text=cause)
    report_health_issue(
        actor=admins["seiran"], offer=offers["seiran-shift"], kind=HealthIssue.Kind.MAINTENANCE,
        began_at=now + dt.timedelta(days=6),
        text="データベースの更新のため、午前2時から4時まで、シフト表は閲覧のみ可能です。",
    )  # fmt: skip
    over = "Die Sicherungen laufen wieder, ausgefallene sind nachgeholt."
    update_health_issue(actor=admins["feldspat"], issue=down, text=over, is_all_clear=True)

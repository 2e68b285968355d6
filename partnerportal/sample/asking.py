"""What organisations of the sample data ask the vendor for, what its staff answer, and their offers and products."""

import datetime as dt
import uuid

from accounts.models import Organization
from entitlements.actions.publishers import store_sku_publishers
from entitlements.actions.releases import mark_licence_released, request_licence_release
from entitlements.actions.trials import request_trial
from entitlements.models import LicenseAssignment, Sku
from entitlements.queries.trials import list_skus_available_for_trial
from marketplace.actions.products import count_products
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.sample import cast, facts
from partnerportal.sample.acting import build_admin
from partnerportal.sample.audiences import (
    ask_for_sample_removal,
    close_sample_removal,
    write_sample_audience_requests,
    write_sample_health_issues,
)
from partnerportal.sample.offers import write_late_sale, write_sample_offers
from partnerportal.sample.papers import make_sample_document
from support.actions.deciding import ask_for_information, decline_request
from support.actions.drafts import start_request
from support.actions.submitting import submit_request
from support.country_change import CODE
from support.models import Request


def ask_vendor_for_licences(organizations: dict[str, Organization]) -> None:
    """Have one customer ask for the release of unused licences, of which one is done, and another for a trial."""
    actor, staff = build_admin("meridian-health", organizations), build_admin(cast.VENDOR, organizations)
    unused = LicenseAssignment.objects.visible_to(actor).unused().select_related("sku")
    releases = [request_licence_release(actor=actor, assignment=row) for row in unused.order_by("pk")[:4]]
    with tenancy.as_tenant(organization_id=staff.organization_id, person_id=staff.person_id):
        mark_licence_released(actor=staff, assignment_key=releases[0].external_id)
    actor = build_admin("gruenwald", organizations)
    request_trial(actor=actor, sku=list_skus_available_for_trial(actor)[0], quantity=15)


def write_sample_marketplace(organizations: dict[str, Organization], now: dt.datetime) -> None:
    """Write the offers of publishers, what happens to them, and the requests about their audiences."""
    offers = write_sample_offers(organizations, now)
    admins = {key: build_admin(key, organizations) for key in ("octavo", "feldspat", "seiran")}
    write_sample_health_issues(offers, admins, now)
    staff = build_admin(cast.VENDOR, organizations)
    removal = ask_for_sample_removal(offers, admins)
    write_late_sale(organizations, now)
    close_sample_removal(removal, staff)
    write_sample_audience_requests(offers, admins, staff)


def count_sample_products(organizations: dict[str, Organization]) -> None:
    """Make some of the vendor's SKUs products of publishers, and count how they and the offers grow."""
    skus = {sku.code: sku for sku in Sku.objects.filter(code__in=facts.PUBLISHED)}
    publishers = {skus[code]: organizations[key] for code, key in facts.PUBLISHED.items()}
    store_sku_publishers(Actor.system("feed"), publishers)
    count_products(actor=Actor.system("products"))


def write_sample_requests(organizations: dict[str, Organization]) -> None:
    """Have three organisations ask for another country: one waits, one needs information, and one is declined."""
    staff = build_admin(cast.VENDOR, organizations)
    asked = {
        key: _ask_for_country(build_admin(key, organizations), country, why)
        for key, country, why in (
            ("octavo", "US", "Our head office has moved to Boston. The register entry follows."),
            ("hafenlicht", "AT", "Since the merger we are registered in Vienna."),
            ("kestrel-hosting", "CA", "Most of our customers are in Canada."),
        )
    }
    with tenancy.as_tenant(organization_id=staff.organization_id, person_id=staff.person_id):
        form = make_sample_document("Change of country.pdf", "Registered office since:", "Number in the register:")
        text = "Since when? Which register number? Please fill in this form."
        ask_for_information(actor=staff, request=asked["hafenlicht"], message=text, attachments=[form])
        reason = "The country is that of the registered office, not of the customers."
        refused = asked["kestrel-hosting"]
        decline_request(actor=staff, request=refused, reason=reason, revision=refused.revision)


def _ask_for_country(actor: Actor, country: str, justification: str) -> Request:
    draft = start_request(actor=actor, kind=CODE, subject_id=uuid.UUID(actor.organization_public_id))
    email = f"office@{draft.organization.website}"
    paper = make_sample_document("Extract from the register.pdf", draft.organization.name, justification)
    return submit_request(
        actor=actor,
        request=draft,
        attachments=[paper],
        justification=justification,
        contact_email=email,
        payload={"country": country},
    )

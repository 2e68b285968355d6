"""What test_schema.py puts among invented values: who calls an operation, and with what the call can succeed.

The keys of the tables are patterns of an operation's label, such as "PUT /api/v1/offers/{offer_id}/".
"""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

import exports.files
import imports.files
from entitlements.models import Entitlement, IngestUpload, LicenseAssignment
from exports.models import Export
from imports.models import Import
from marketplace.actions.offers import create_offer
from marketplace.models import Market, Offer, OfferFile, Plan, Price, ResellerListing, SaleStop
from support.actions.deciding import ask_for_information
from support.actions.files import attach_files
from support.actions.rows import check_request
from support.actions.submitting import withdraw_request
from support.country_change import CODE
from support.models import Request
from tests.uploads import picture
from tests.world import SKU_OF_NOBODY
from tests.world_offers import CHANNEL, make_content

OF_FILES = r"/requests/.*/files/"
NEEDS_DRAFT = rf"^PUT .*/requests/|/requests/.*/(submit|discard)/$|{OF_FILES}"
ACTORS = {  # the first that fits
    r"/act-for/": "many@partner",
    r"/accept/": "stranger.admin",
    r"/sharing/": "customer2.admin",
    r"/trials/$": "customer.admin",
    r"/trials/|/releases/|/requests/.*/(approve|ask|decline|findings)/$": "vendor.admin",
    r"/requests/.*/answer/$": "partner2.admin",
    rf"/offers/|/imports/|{NEEDS_DRAFT}": "publisher.admin",
    r"": "partner.admin",
}
OTHER_VALUES = {  # which of `make_values` stands in for the one of the parameter's or field's own name
    OF_FILES: {"request_id": "request_draft", "file_id": "request_file"},
    NEEDS_DRAFT: {"request_id": "request_draft"},
    r"/answer/$": {"request_id": "request_asked"},
    r"/requests/": {"kind": "request_kind"},
    r"/(extend|convert)/$": {"trial_id": "trial_running"},
    r"/reopen/$": {"key": "key_released"},
    r"/audience/": {"offer_id": "offer_selected"},
    r"^(PATCH|DELETE) .*/offers/{offer_id}/$": {"offer_id": "offer_unpublished"},
}
HEADERS = {"Idempotency-Key": "one", "If-Match": "*"}
FIELD_CODES = {  # of what is sent in any field; docs/api.md tells of them once
    *("blank", "null", "max_length", "min_length", "max_value", "min_value", "max_string_length", "date", "datetime"),
    *("not_a_list", "not_a_dict", "does_not_exist", "overflow", "null_characters_not_allowed"),
    *("surrogate_characters_not_allowed", "invalid_choice", "invalid"),
}
NEVER_PUBLISHED: Any = {"code": "new", "type": "saas", "pricing_model": "per_seat"}
PRICE = {"market": "europe", "currency": "EUR", "term": "P1M", "billing": "P1M"}
QUERIES = {  # those without which nothing is answered; the values are names of `make_values`
    r"/compare/$": {"from": "number", "to": "number"},
    r"/eligibility/$": {"plan": "plan_id"},
}


def find(table: Mapping[str, Any], label: str, default: Any = None) -> Any:
    """Return what the first pattern that fits an operation stands for."""
    return next((value for pattern, value in table.items() if re.search(pattern, label)), default)


def make_bodies(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the bodies with which calls succeed."""
    change = {"plan": "basic", "amount": "9.00", "replaces": "9.90", "valid_from": values["tomorrow"]}
    file = f"{','.join(PRICE | change)}\n{','.join((PRICE | change).values())}\n".encode()

    def pick(*names: str) -> dict[str, Any]:
        return {name: values[name] for name in names}

    return {
        r"/accept/$": pick("invitation_link") | {"scopes": ["entitlements"]},
        r"/sharing/$": {"scopes": ["entitlements", "usage"]},
        r"^POST .*/exports/$": {"list": "customers"},
        r"^POST .*/imports/$": {"kind": "prices", "target": values["offer_id"], "file": file},
        r"/apply/$": {"mode": "add"},
        r"^POST .*/ingest/": b"{}",
        r"^POST .*/offers/$": {"code": "invented", "type": "saas", "pricing_model": "per_seat"},
        r"^PUT .*/offers/{offer_id}/$": make_content("Backup", "basic", "pro") | {"channel": CHANNEL},
        r"^PATCH .*/offers/{offer_id}/$": {"code": "invented", "pricing_model": "flat", "deletes_prices": True},
        r"^PATCH .*/plans/": {"code": "invented"},
        r"^POST .*/requests/.*/files/$": {"file": picture("PNG")},
        r"^POST .*/files/$": {"kind": "logo", "file": picture("PNG")},
        r"^PUT .*/technical/$": {"landing_page_url": "https://publisher.example/", "webhook_url": ""},
        r"^PUT .*/audience/$": {"audience": "specific", "tenant_ids": values["tenant_ids"]},
        r"^POST .*/prices/$": {"changes": [PRICE | change]},
        r"^POST .*/stops/$": {"plan": "basic", "market": "europe", "reason": "A fault in it."},
        r"/releases/": pick("key"),
        r"^POST .*/requests/$": pick("kind", "subject", "payload"),
        r"^PUT .*/requests/": {"title": "Our offer", "severity": "minimal"},
        r"/answer/$": {"message": "Since May.", "payload": {"country": "JP"}},
        r"/approve/$": pick("facts_digest", "revision"),
        r"/(ask|messages)/$": {"message": "Since when?"},
        r"/requests/.*/decline/$": {"reason": "It is not true."} | pick("revision"),
        r"/trials/.*/decline/$": {"reason": "It is not true."},
        r"^POST .*/trials/$": pick("sku"),
        r"/convert/$": {"quantity": 5},
        r"/extend/$": pick("ends_on"),
    }


def make_values(world: Any, token: Any) -> dict[str, Any]:
    """Return values that exist, by the names of parameters and fields."""
    asked = LicenseAssignment.objects.filter(release_asked_at__isnull=False)
    running = Entitlement.objects.get(customer=world.customer, kind="trial", state="active")
    values = {
        "organization_id": world.distributor.public_id,
        "customer_id": world.customer.public_id,
        "trial_id": Entitlement.objects.get(customer=world.customer, kind="trial", state="requested").public_id,
        "trial_running": running.public_id,
        "ends_on": running.ends_on + settings.PORTAL_TRIAL_TIME,
        "sku": SKU_OF_NOBODY,
        "connection_id": world.connection("customer2", "partner").public_id,
        "notice_id": world.notices("partner").filter(about_id=world.customer.pk).first().public_id,
        "invitation_link": world.token("partner"),
        "key": asked.get(released_at=None).external_id,
        "key_released": asked.get(released_at__isnull=False).external_id,
        "kind": "usage",
        "upload_id": IngestUpload.objects.get(token=token).public_id,
        **_values_of_requests(world),
        **_values_of_offers(world),
        **_values_of_files(world),
    }
    return {name: value if isinstance(value, list | dict | int) else str(value) for name, value in values.items()}


def _values_of_requests(world: Any) -> dict[str, Any]:
    """The partner's can be decided, partner2's needs information; the publisher's is withdrawn for its draft's sake."""
    open_one = Request.objects.get(organization=world.publisher, state="submitted")
    withdraw_request(actor=world.actor("publisher.admin"), request=open_one)
    asked = Request.objects.get(organization=world.partner2)
    ask_for_information(actor=world.actor("vendor.admin"), request=asked, message="Since when?")
    request = Request.objects.get(organization=world.partner)
    draft, actor = Request.objects.get(organization=world.publisher, state="draft"), world.actor("publisher.admin")
    (file,) = attach_files(actor=actor, request=draft, files=[SimpleUploadedFile("x.png", picture("PNG"))])
    return {
        "request_id": request.public_id,
        "request_draft": draft.public_id,
        "request_file": file.public_id,
        "request_asked": asked.public_id,
        "request_kind": CODE,
        "subject": world.partner.public_id,
        "payload": {},
        "facts_digest": check_request(request).digest,
        "revision": 1,
    }


def _values_of_offers(world: Any) -> dict[str, Any]:
    """Backup has a draft that can be published, monitor additions to its audience that can be synced."""
    tomorrow, plan = timezone.now().date() + dt.timedelta(days=1), Plan.objects.get(offer__code="backup", code="basic")
    japan = {"market": Market.objects.get(code="japan"), "currency": "JPY", "term": "P1M", "billing": "P1M"}
    audience = ResellerListing.objects.filter(organization__in=[world.distributor, world.partner])
    return {
        "offer_id": plan.offer.public_id,
        "offer_selected": Offer.objects.get(code="monitor").public_id,
        "offer_unpublished": create_offer(**NEVER_PUBLISHED, actor=world.actor("publisher.admin")).public_id,
        "plan_id": plan.public_id,
        "plan_code": "pro",
        "number": "1",
        "file_id": OfferFile.objects.get(offer=plan.offer, kind="training").public_id,
        "price_id": Price.objects.create(plan=plan, valid_from=tomorrow, amount=1100, **japan).public_id,
        "stop_id": SaleStop.objects.get(offer=plan.offer).public_id,
        "tenant_ids": [str(tenant_id) for tenant_id in audience.values_list("tenant_id", flat=True)],
        "tomorrow": tomorrow,
    }


def _values_of_files(world: Any) -> dict[str, Any]:
    """An export whose file can be fetched, and an import that is checked."""
    finished = {"finished_at": timezone.now()}
    export = Export(**_whose(world, "partner.admin"), list="customers", state=Export.State.READY, **finished)
    target = Offer.objects.get(code="backup").public_id
    source = Import(**_whose(world, "publisher.admin"), kind="prices", target_id=target, checked={"new": 1}, **finished)
    source.state = Import.State.CHECKED
    for row in (export, source):
        row.save()
    with exports.files.open_export_for_writing(export) as file:
        file.write(b"name\n")
    with imports.files.open_file_for_writing(imports.files.build_results_name(source)) as file:
        file.write(b"row,outcome,message\n")
    return {"export_id": export.public_id, "import_id": source.public_id}


def _whose(world: Any, who: str) -> dict[str, int]:
    actor = world.actor(who)
    return {"organization_id": actor.organization_id, "person_id": actor.person_id}

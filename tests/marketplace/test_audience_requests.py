"""Requests about the audience of a live offer: asked for, checked, decided by staff, overtaken by a sale."""

import pytest
from django.urls import reverse
from django.utils import timezone

from marketplace.actions.audience import add_to_audience, remove_from_audience, sync_audience
from marketplace.actions.offers import create_offer
from marketplace.models import Authorization, Offer, OfferType, PricingModel, Subscription
from notifications.models import Event
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound
from support.actions.deciding import approve_request, decline_request
from support.actions.drafts import start_request
from support.actions.rows import check_request
from support.actions.submitting import submit_request
from support.kinds import get_request_kind
from support.models import Request
from tests.world_offers import sell

FIELDS = {
    "title": "Deauthorize CSP",
    "justification": "We end our contract.",
    "severity": "moderate",
    "contact_email": "channel@publisher.example",
    "contact_phone": "",
}


@pytest.fixture
def publisher(world):
    return world.actor("publisher.admin")


@pytest.fixture
def staff(world):
    return world.actor("vendor.admin")


@pytest.fixture
def monitor(world):
    return Offer.objects.get(code="monitor")  # specific: the distributor; a saved addition: the partner


@pytest.fixture
def backup(world):
    return Offer.objects.get(code="backup")  # any; the partner has sold it


def ask(actor, offer, kind, **payload):
    draft = start_request(actor=actor, kind=f"audience.{kind}", subject_id=offer.public_id)
    return submit_request(actor=actor, request=draft, **FIELDS, payload=payload)


def approve(actor, request):
    findings = check_request(request)
    return approve_request(actor=actor, request=request, facts_digest=findings.digest, revision=request.revision)


def ask_to_remove(publisher, offer, *organizations):
    keys = [organization.pk for organization in organizations]
    remove_from_audience(actor=publisher, offer=offer, organization_ids=keys)
    named = [str(organization.public_id) for organization in organizations]
    return ask(publisher, offer, "deauthorize", partners=named)


@pytest.mark.promise("CA-21")
def test_a_partner_without_sales_leaves_by_a_request(world, publisher, staff, monitor):
    request = ask_to_remove(publisher, monitor, world.distributor)
    assert monitor.authorizations.active().count() == 1
    assert approve(staff, request).state == Request.State.APPROVED
    assert not monitor.authorizations.active().exists()
    assert monitor.authorizations.count() == 1  # ended, and kept
    assert not monitor.audience_changes.filter(is_removal=True).exists()


@pytest.mark.promise("CA-22", "CA-23")
def test_the_form_comes_prefilled_and_cannot_be_changed(web, world, publisher, monitor):
    url = reverse("request_new", args=["audience.deauthorize", monitor.public_id])
    page = web("publisher.admin").get(url).content.decode()
    for text in ("Live offer management", "Update existing offer", "SaaS", "monitor"):
        assert text in page
    form = page[page.index('<form class="panel settings"') :].partition("</form>")[0]
    assert form.count("<input") == form.count('type="hidden"') and "<select" not in form  # nothing to type or choose
    details = web("publisher.admin").post(url, follow=True).content.decode()
    assert 'value="Deauthorize CSP"' in details


def test_a_declined_request_changes_nothing(world, publisher, staff, monitor):
    request = ask_to_remove(publisher, monitor, world.distributor)
    decline_request(actor=staff, request=request, reason="The contract runs.", revision=request.revision)
    assert monitor.authorizations.active().count() == 1


def test_a_sale_overtakes_the_request(world, publisher, staff, monitor):
    request = ask_to_remove(publisher, monitor, world.distributor)
    sell(world, monitor)
    assert approve(staff, request).state == Request.State.OVERTAKEN
    assert monitor.authorizations.active().count() == 1


def test_each_partner_has_its_own_result(world, publisher, staff, monitor):
    sync_audience(actor=publisher, offer=monitor, revision=monitor.audience_revision)
    request = ask_to_remove(publisher, monitor, world.distributor, world.partner)
    seen = check_request(request)
    sell(world, monitor)  # by the partner, which has an authorisation of its own
    with pytest.raises(Conflict) as refused:
        approve_request(actor=staff, request=request, facts_digest=seen.digest, revision=request.revision)
    assert refused.value.code == "facts_changed"
    assert approve(staff, request).state == Request.State.APPROVED
    assert [row.organization for row in monitor.authorizations.active()] == [world.partner]


def test_another_sale_of_a_partner_that_stays_is_another_fact(world, publisher, staff, monitor):
    sync_audience(actor=publisher, offer=monitor, revision=monitor.audience_revision)
    request = ask_to_remove(publisher, monitor, world.distributor, world.partner)
    sell(world, monitor)
    seen = check_request(request)
    sell(world, monitor, external_id="another")
    with pytest.raises(Conflict, match="facts_changed"):
        approve_request(actor=staff, request=request, facts_digest=seen.digest, revision=request.revision)


@pytest.mark.parametrize("kind", ["any", "specific", "none", "deauthorize"])
def test_an_offer_that_is_not_published_needs_no_request(world, publisher, kind):
    offer = create_offer(actor=publisher, code="new", type=OfferType.SAAS, pricing_model=PricingModel.FLAT)
    named = {"partners": [str(world.partner.public_id)]} if kind == "deauthorize" else {}
    Authorization.objects.create(offer=offer, organization=world.partner)
    with pytest.raises(Conflict, match="not_live"):
        ask(publisher, offer, kind, **named)


@pytest.mark.parametrize("who", ["publisher.reader", "partner.admin", "customer.admin", "vendor.admin"])
def test_admins_of_publishers_ask_alone(world, backup, who):
    """Both tables say so: that of this kind of requests, and that of all."""
    kind = get_request_kind("audience.none")
    assert not kind.check_asker(world.actor(who))
    assert kind.check_asker(world.actor("publisher.admin"))
    with pytest.raises((ActionRefused, NotFound)):
        ask(world.actor(who), backup, "none")


def test_a_partner_with_sales_cannot_be_asked_for(world, publisher, monitor):
    sell(world, monitor)
    with pytest.raises((InvalidInput, Conflict)):
        ask_to_remove(publisher, monitor, world.distributor)


def test_who_has_left_already_is_not_said_to_have_sales(world, publisher, staff, monitor):
    remove_from_audience(actor=publisher, offer=monitor, organization_ids=[world.distributor.pk])
    draft = start_request(actor=publisher, kind="audience.deauthorize", subject_id=monitor.public_id)
    monitor.authorizations.update(ended_at=timezone.now())
    with pytest.raises(Conflict) as refused:
        named = {"partners": [str(world.distributor.public_id)]}
        submit_request(actor=publisher, request=draft, **FIELDS, payload=named)
    assert refused.value.code == "not_in_audience"


def test_staff_read_who_comes_in_beside_those_that_have_sold(world, publisher, staff, backup):
    keys = [world.partner.pk, world.distributor.pk]
    add_to_audience(actor=publisher, offer=backup, organization_ids=keys)  # the partner has sold it
    request = ask(publisher, backup, "specific")
    seen = check_request(request)
    assert seen.values["additions"] == "1"
    assert [text.text for text in seen.facts_shown if "in" in str(text.label).split()] == ["1", world.distributor.name]
    remove_from_audience(actor=publisher, offer=backup, organization_ids=[world.distributor.pk])
    with pytest.raises(Conflict) as refused:
        approve_request(actor=staff, request=request, facts_digest=seen.digest, revision=request.revision)
    assert refused.value.code == "facts_changed"
    assert "additions" not in check_request(ask_about_any(publisher)).values


def ask_about_any(publisher):
    """A request in which additions count for nothing."""
    return ask(publisher, Offer.objects.get(code="monitor"), "any")


def test_what_is_decided_about_an_audience_is_told_to_its_publisher(world, publisher, staff, monitor):
    approve(staff, ask_to_remove(publisher, monitor, world.distributor))
    (event,) = Event.objects.filter(kind="offer.audience_changed")
    assert (event.counterpart_id, event.data["ended"]) == (world.publisher.pk, 1)
    approve(staff, ask(publisher, monitor, "any"))
    event = Event.objects.filter(kind="offer.audience_changed").latest("pk")
    assert (event.counterpart_id, event.changes) == (world.publisher.pk, {"audience": ["specific", "any"]})


@pytest.mark.promise("CA-21")
def test_by_api_a_partner_leaves_without_being_marked_before(api, world, staff, monitor):
    client = api("publisher.admin")
    members = client.get(f"/api/v1/offers/{monitor.public_id}/audience/partners/").json()["items"]
    named = {"partners": [row["id"] for row in members if row["change"] is None]}
    body = {"kind": "audience.deauthorize", "subject": str(monitor.public_id), "payload": named}
    url = client.post("/api/v1/requests/", body).headers["Location"]
    fields = {"justification": FIELDS["justification"], "contact_email": FIELDS["contact_email"]}
    assert client.put(url, fields, headers={"If-Match": "*"}).json()["payload"] == named
    assert client.post(f"{url}submit/", {}).json()["state"] == "submitted"
    approve(staff, Request.objects.get(kind="audience.deauthorize"))
    assert not monitor.authorizations.active().exists()


def test_partners_that_are_not_in_the_audience_cannot_be_named(world, publisher, monitor):
    for named in ([str(world.partner2.public_id)], ["x"], []):
        with pytest.raises(InvalidInput):
            ask(publisher, monitor, "deauthorize", partners=named)


@pytest.mark.promise("CA-24", "CA-26")
def test_from_any_to_specific_keeps_who_has_sold(world, publisher, staff, backup):
    request = ask(publisher, backup, "specific")
    facts = check_request(request).values
    assert (facts["sellers"], facts["quantity"], facts["countries"]) == ("1", "5", "DE")
    approve(staff, request)
    backup.refresh_from_db()
    assert backup.audience == "specific"
    assert [row.organization for row in backup.authorizations.active()] == [world.partner]


@pytest.mark.promise("CA-25")
def test_staff_read_who_has_sold_and_notice_that_it_is_somebody_else(world, publisher, staff, backup, monkeypatch):
    request = ask(publisher, backup, "none")
    seen = check_request(request)
    assert seen.texts["who"] == world.partner.name
    Subscription.objects.filter(offer=backup).update(buyer=world.distributor, reseller=None)
    with pytest.raises(Conflict) as refused:
        approve_request(actor=staff, request=request, facts_digest=seen.digest, revision=request.revision)
    assert refused.value.code == "facts_changed"
    sell(world, backup, external_id="more")
    monkeypatch.setattr("marketplace.audience_requests.MOST_NAMED", 1)
    first = min(world.partner.name, world.distributor.name)
    assert check_request(request).texts["who"] == f"{first}, …"


def test_from_any_to_none_in_spite_of_sales(world, publisher, staff, backup):
    approve(staff, ask(publisher, backup, "none"))
    backup.refresh_from_db()
    assert backup.audience == "none"


@pytest.mark.promise("CA-27")
def test_from_specific_to_any(world, publisher, staff, monitor):
    approve(staff, ask(publisher, monitor, "any"))
    monitor.refresh_from_db()
    assert monitor.audience == "any"


@pytest.mark.promise("CA-28")
def test_from_specific_to_none_only_without_sales(world, publisher, staff, monitor):
    request = ask(publisher, monitor, "none")
    sell(world, monitor)
    assert approve(staff, request).state == Request.State.OVERTAKEN
    with pytest.raises(Conflict):
        ask(publisher, monitor, "none")


@pytest.mark.parametrize("option", ["any", "specific"])
def test_what_needs_no_request_is_refused(world, publisher, backup, option):
    with pytest.raises(Conflict):
        ask(publisher, Offer.objects.get(code="backup" if option == "any" else "monitor"), option)


def test_one_request_about_an_audience_is_open(world, publisher, backup):
    ask(publisher, backup, "specific")
    with pytest.raises(Conflict) as refused:
        ask(publisher, backup, "none")
    assert refused.value.code == "request_open"


@pytest.mark.parametrize("who", ["partner.admin", "customer.admin", "publisher.reader", "vendor.admin"])
def test_nobody_else_asks(world, backup, who):
    with pytest.raises((ActionRefused, NotFound)):
        start_request(actor=world.actor(who), kind="audience.specific", subject_id=backup.public_id)


def test_staff_decide_on_the_page_with_its_facts(web, world, publisher, backup):
    request = ask(publisher, backup, "specific")
    page = web("vendor.admin").get(reverse("request", args=[request.public_id])).content.decode()
    assert "Partners with sales" in page and "Germany" in page


def test_the_audience_leads_into_the_request(web, monitor, backup):
    page = web("publisher.admin").get(reverse("offer_audience", args=[backup.public_id])).content.decode()
    assert reverse("request_new", args=["audience.specific", backup.public_id]) in page
    assert reverse("request_new", args=["audience.none", backup.public_id]) in page

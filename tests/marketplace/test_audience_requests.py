"""Requests about the audience of a live offer: asked for, checked, decided by staff, overtaken by a sale."""

import pytest
from django.db import DatabaseError
from django.urls import reverse
from django.utils import timezone, translation

from marketplace.actions.audience import add_to_audience, remove_from_audience, sync_audience
from marketplace.actions.offers import create_offer
from marketplace.models import Authorization, Offer, OfferType, PricingModel, Subscription
from notifications.actions.outbox import write_due_notices
from notifications.models import Event
from notifications.registry import get_notice_kinds
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


def decide_with_a_sale_between(world, publisher, staff, monitor, ask=ask_to_remove):
    """A request for two partners, of which one sells before it is approved: it stays, and the other one leaves."""
    sync_audience(actor=publisher, offer=monitor, revision=monitor.audience_revision)
    request = ask(publisher, monitor, world.distributor, world.partner)
    sell(world, monitor)
    approve(staff, request)
    return Request.objects.get(pk=request.pk)


@pytest.mark.promise("CA-20", "CA-21")
def test_what_became_of_each_partner_is_kept(world, publisher, staff, monitor):
    request = decide_with_a_sale_between(world, publisher, staff, monitor)
    found = {each["label"]: (each["code"], each["number"], each["is_done"]) for each in request.results}
    assert found == {
        world.distributor.name: ("left", 0, True),
        world.partner.name: ("partner_has_sales", 1, False),
    }
    assert not monitor.audience_changes.exists()  # who stays is no longer marked


@pytest.mark.promise("CA-21")
def test_both_sides_read_who_left_and_who_stayed_and_why(web, api, world, publisher, staff, monitor):
    request = decide_with_a_sale_between(world, publisher, staff, monitor)
    stayed = "Can’t be removed because it has sold 1 subscription."
    for who in ("publisher.admin", "vendor.admin"):
        page = web(who).get(reverse("request", args=[request.public_id])).content.decode()
        result = page[page.index("<h2>Result</h2>") :]
        assert result.index(world.partner.name) < result.index(stayed) < result.index("Left the audience")
        assert "carried out where possible" in page
        kept = api(who).get(f"/api/v1/requests/{request.public_id}/").json()["results"]
        assert {(each["label"], each["code"]) for each in kept} == {
            (world.partner.name, "partner_has_sales"),
            (world.distributor.name, "left"),
        }


@pytest.mark.promise("CA-21")
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Left the audience: %s. Stays, because it has sold the offer: %s."),
        ("fr", "A quitté l’audience\u202f: %s. Reste, car il a vendu l’offre\u202f: %s."),
        ("ja", "対象範囲から外れたパートナー：%s。 オファーを販売済みのため残るパートナー：%s。"),
    ],
)
def test_the_notice_says_who_left_and_who_stayed(world, publisher, staff, monitor, language, said):
    decide_with_a_sale_between(world, publisher, staff, monitor)
    while write_due_notices():
        pass
    (notice,) = [each for each in world.notices("publisher") if each.kind == "request_approved"]
    with translation.override(language):
        body = get_notice_kinds()["request_approved"].get_body(notice)
    left, stayed = said.split("%s")[0], said.split("%s")[1]
    assert body.startswith(left + world.distributor.name + stayed + world.partner.name)


def test_only_an_approval_writes_results(world, actor_for, as_tenant, publisher, staff, monitor):
    request = decide_with_a_sale_between(world, publisher, staff, monitor)
    waiting = ask(publisher, Offer.objects.get(code="backup"), "none")
    for who in ("publisher.admin", "vendor.admin"):
        with as_tenant(actor_for(who)):
            Request.objects.filter(pk=waiting.pk).update(results=[{"code": "left"}])
        assert Request.objects.get(pk=waiting.pk).results == []
        with pytest.raises(DatabaseError, match="violates"), as_tenant(actor_for(who)):
            Request.objects.filter(pk=request.pk).update(results=[])


@pytest.fixture
def many(world, publisher, monitor, monkeypatch):
    """Two partners in an audience, both marked for removal, and already more than a page lists one by one."""
    monkeypatch.setattr("marketplace.deauthorization.MOST_LISTED", 1)
    monkeypatch.setattr("marketplace.audience_facts.MOST_NAMED", 1)
    sync_audience(actor=publisher, offer=monitor, revision=monitor.audience_revision)
    marked = [world.distributor, world.partner]
    remove_from_audience(actor=publisher, offer=monitor, organization_ids=[row.pk for row in marked])
    return marked


def begin(web, offer):
    """Begin the request on the pages, and return the URL of its details with the one choice that they offer."""
    url = reverse("request_new", args=["audience.deauthorize", offer.public_id])
    page = web("publisher.admin").post(url, follow=True)
    form = page.context["forms"].details
    ((value, label),) = form.fields["partners"].choices
    assert form["partners"].value() == [value]
    return page.redirect_chain[-1][0], value, label


@pytest.mark.promise("CA-21")
def test_all_marked_partners_are_one_request_however_many(web, world, staff, monitor, many):
    url, value, label = begin(web, monitor)
    assert label == f"All 2 partners: {world.distributor.name} and 1 more"
    web("publisher.admin").post(url, FIELDS | {"version": "1", "save": "1", "partners": value})
    _url, value, _label = begin(web, monitor)  # the draft keeps them
    draft = Request.objects.get(kind="audience.deauthorize")
    web("publisher.admin").post(url, FIELDS | {"version": draft.version, "partners": value})
    request = Request.objects.get(kind="audience.deauthorize")
    assert (request.state, len(request.payload["partners"])) == ("submitted", 2)
    page = web("vendor.admin").get(reverse("request", args=[request.public_id])).content.decode()
    assert f"2 – {world.distributor.name} and 1 more" in page and world.partner.name not in page
    approve(staff, request)
    assert not monitor.authorizations.active().exists()
    page = web("publisher.admin").get(reverse("request", args=[request.public_id])).content.decode()
    assert page.count(f"2 – {world.distributor.name} and 1 more") == 1


def test_what_is_marked_since_the_page_was_opened_is_not_asked_for_unseen(web, world, publisher, monitor, many):
    url, value, _label = begin(web, monitor)
    monitor.audience_changes.filter(organization=world.partner).delete()
    page = web("publisher.admin").post(url, FIELDS | {"version": "1", "partners": value})
    assert Request.objects.get(kind="audience.deauthorize").state == "draft"
    assert "Select a valid choice" in page.content.decode()


def test_many_partners_are_groups_of_facts_and_a_sale_changes_them(world, publisher, staff, monitor, many):
    request = ask(publisher, monitor, "deauthorize", partners=["marked"])
    seen = check_request(request)
    assert seen.texts["unsold"] == f"2 – {world.distributor.name} and 1 more"
    sell(world, monitor)
    with pytest.raises(Conflict) as refused:
        approve_request(actor=staff, request=request, facts_digest=seen.digest, revision=request.revision)
    assert f"Stay, because they have sold the offer: 1 – {world.partner.name}" in str(refused.value.message)
    sell(world, monitor, external_id="more")  # by the same partner, which is a fact of its own
    assert check_request(request).digest != seen.digest
    assert {"partner_has_sales", "unsold"} <= check_request(request).values.keys()
    approve(staff, request)
    assert [row.organization for row in monitor.authorizations.active()] == [world.partner]


@pytest.mark.promise("CA-21")
def test_by_api_all_marked_partners_are_named_at_once(api, monitor, many):
    client = api("publisher.admin")
    body = {"kind": "audience.deauthorize", "subject": str(monitor.public_id), "payload": {"partners": ["marked"]}}
    named = client.post("/api/v1/requests/", body).json()["payload"]["partners"]
    assert sorted(named) == sorted(str(row.public_id) for row in many)


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
    assert [text.text for text in seen.facts_shown if "to be added" in str(text.label)] == ["1", world.distributor.name]
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
    Subscription.objects.filter(offer=backup).update(buyer=world.distributor)
    with pytest.raises(Conflict) as refused:
        approve_request(actor=staff, request=request, facts_digest=seen.digest, revision=request.revision)
    assert refused.value.code == "facts_changed"
    sell(world, backup, external_id="more")
    monkeypatch.setattr("marketplace.audience_facts.MOST_NAMED", 1)
    first = min(world.partner.name, world.distributor.name)
    assert check_request(request).texts["who"] == f"{first} and 1 more"


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


def test_one_request_about_an_audience_is_open(world, publisher, monitor, backup):
    ask(publisher, backup, "specific")
    with pytest.raises(Conflict, match="request_open"):
        ask(publisher, backup, "none")
    ask_to_remove(publisher, monitor, world.distributor)  # about another offer
    with pytest.raises(Conflict, match="request_open"):
        ask(publisher, monitor, "any")


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

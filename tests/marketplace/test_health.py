"""The health of an offer: reported, told to those who sell it now, updated and cleared in one thread (CA-4)."""

import datetime as dt

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organization, ProgramMembership
from marketplace.actions.health import OPEN_ISSUES, report_health_issue, update_health_issue
from marketplace.actions.offers import create_offer
from marketplace.models import HealthIssue, HealthReport, Offer, OfferType, PricingModel, Subscription
from notifications.actions.outbox import write_due_notices
from notifications.models import Notice
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound, TooManyAttempts
from tests.states import put
from tests.world_offers import sell

Kind = HealthIssue.Kind


@pytest.fixture
def offer(world):
    return Offer.objects.get(code="backup")  # the partner has sold it to the customer


@pytest.fixture
def publisher(world):
    return world.actor("publisher.admin")


@pytest.fixture
def issue(publisher, offer):
    return report_health_issue(actor=publisher, offer=offer, kind=Kind.OUTAGE, text="Nobody can sign in.")


def told():
    while write_due_notices():
        pass
    kinds = dict(Organization.objects.values_list("pk", "kind"))
    rows = Notice.objects.filter(kind__startswith="health_").order_by("pk")
    return [(kinds[row.recipient_id], row.kind, row.note) for row in rows]


@pytest.mark.promise("CA-4")
def test_who_sells_it_now_is_told_of_each_report_in_one_thread(publisher, issue):
    update_health_issue(actor=publisher, issue=issue, text="Half of them can.")
    update_health_issue(actor=publisher, issue=issue, text="All can.", is_all_clear=True)
    assert told() == [
        ("partner", "health_reported", "Nobody can sign in."),
        ("partner", "health_updated", "Half of them can."),
        ("partner", "health_cleared", "All can."),
    ]
    assert issue.reports.count() == 3


def test_a_second_click_tells_nobody_again(publisher, offer, issue):
    update_health_issue(actor=publisher, issue=issue, text="Half of them can.")
    again = report_health_issue(actor=publisher, offer=offer, kind=Kind.OUTAGE, text=" Nobody can sign in.\n")
    assert again == issue
    assert update_health_issue(actor=publisher, issue=issue, text="Half of them can.") == issue
    assert [kind for _to, kind, _note in told()] == ["health_reported", "health_updated"]
    other = report_health_issue(actor=publisher, offer=offer, kind=Kind.DEGRADATION, text="Nobody can sign in.")
    update_health_issue(actor=publisher, issue=issue, text="Half of them can.", is_all_clear=True)
    assert other != issue and issue.reports.count() == 3
    assert report_health_issue(actor=publisher, offer=offer, kind=Kind.OUTAGE, text="Nobody can sign in.") != issue


def test_who_has_no_running_subscription_is_not_told(publisher, offer):
    put(Subscription.objects.all(), state="unsubscribed", ended_at=timezone.now())
    report_health_issue(actor=publisher, offer=offer, kind=Kind.OUTAGE, text="Down.")
    assert told() == []


@pytest.mark.parametrize(("is_member", "page"), [(True, "/marketplace/offers/"), (False, "/inbox/")])
def test_the_report_leads_where_the_seller_may_go(web, world, publisher, offer, is_member, page):
    if not is_member:
        ProgramMembership.objects.filter(organization=world.partner, program__code="csp").delete()
    report_health_issue(actor=publisher, offer=offer, kind=Kind.OUTAGE, text="Down.")
    assert told() == [("partner", "health_reported", "Down.")]
    notice = Notice.objects.get(kind="health_reported")
    opened = web("partner.admin").post(reverse("notice_open", args=[notice.public_id]), follow=True)
    assert opened.status_code == 200 and opened.request["PATH_INFO"].startswith(page)


@pytest.mark.promise("CA-4")
def test_a_subscription_that_waits_for_its_activation_does_not_run_and_a_suspended_one_does(world, publisher, offer):
    put(Subscription.objects.all(), state="suspended")
    sell(world, offer, external_id="waits", buyer=world.distributor, reseller=None, state="pending", activated_at=None)
    report_health_issue(actor=publisher, offer=offer, kind=Kind.OUTAGE, text="Down.")
    assert [kind for kind, *_rest in told()] == ["partner"]


@pytest.mark.promise("CA-4")
def test_the_catalogue_shows_what_is_open_and_nothing_after_the_all_clear(web, api, publisher, offer, issue):
    update_health_issue(actor=publisher, issue=issue, text="Half of them can.")
    catalogue, detail = "/api/v1/catalogue/", f"/api/v1/catalogue/{offer.public_id}/"

    def shown(client):
        items = client.get(catalogue).json()["items"]
        return {item["code"]: [row["kind"] for row in item["health_issues"]] for item in items}

    assert ">Outage<" in web("partner.reader").get(reverse("catalogue")).content.decode()
    assert shown(api("partner.reader"))["backup"] == ["outage"]
    (found,) = api("partner.reader").get(detail).json()["health_issues"]
    assert [report["text"] for report in found["reports"]] == ["Half of them can.", "Nobody can sign in."]
    update_health_issue(actor=publisher, issue=issue, text="All can.", is_all_clear=True)
    assert ">Outage<" not in web("partner.reader").get(reverse("catalogue")).content.decode()
    assert shown(api("partner.reader"))["backup"] == api("partner.reader").get(detail).json()["health_issues"] == []


def test_the_buyer_and_the_partner_on_record_are_told_and_sellers_of_other_offers_are_not(world, publisher, offer):
    put(Subscription.objects.filter(offer=offer), buyer=world.distributor)
    sell(world, Offer.objects.get(code="monitor"), buyer=world.partner2, reseller=world.partner2)
    report_health_issue(actor=publisher, offer=offer, kind=Kind.OUTAGE, text="Down.")
    assert {kind for kind, *_rest in told()} == {"partner", "distributor"}
    assert len(told()) == 2


def test_an_offer_that_was_never_published_has_no_health(publisher):
    draft = create_offer(actor=publisher, code="new", type=OfferType.SAAS, pricing_model=PricingModel.FLAT)
    with pytest.raises(Conflict, match="not_live"):
        report_health_issue(actor=publisher, offer=draft, kind=Kind.OUTAGE, text="Down.")


def test_after_the_all_clear_nothing_is_added(publisher, issue):
    update_health_issue(actor=publisher, issue=issue, text="All clear.", is_all_clear=True)
    with pytest.raises(Conflict):
        update_health_issue(actor=publisher, issue=issue, text="Again.")


@pytest.mark.parametrize("text", ["", "  ", "x" * 2001])
def test_a_report_says_something(publisher, offer, text):
    with pytest.raises(InvalidInput):
        report_health_issue(actor=publisher, offer=offer, kind=Kind.OUTAGE, text=text)
    assert not HealthIssue.objects.filter(offer=offer).exists()


def test_only_maintenance_begins_later(publisher, offer):
    tomorrow = timezone.now() + dt.timedelta(days=1)
    report_health_issue(actor=publisher, offer=offer, kind=Kind.MAINTENANCE, text="Tonight.", began_at=tomorrow)
    for kind, began_at in ((Kind.OUTAGE, tomorrow), (Kind.MAINTENANCE, tomorrow + dt.timedelta(days=400))):
        with pytest.raises(InvalidInput) as refused:
            report_health_issue(actor=publisher, offer=offer, kind=kind, text="Later.", began_at=began_at)
        assert refused.value.code == "began_at"


def test_open_issues_are_limited(publisher, offer):
    for number in range(OPEN_ISSUES):
        report_health_issue(actor=publisher, offer=offer, kind=Kind.DEGRADATION, text=f"Slow {number}.")
    with pytest.raises(TooManyAttempts):
        report_health_issue(actor=publisher, offer=offer, kind=Kind.DEGRADATION, text="Slow.")


@pytest.mark.parametrize("who", ["publisher.reader", "vendor.admin", "partner.admin", "customer.admin"])
def test_others_report_nothing(world, offer, issue, who):
    with pytest.raises((ActionRefused, NotFound)):
        report_health_issue(actor=world.actor(who), offer=offer, kind=Kind.OUTAGE, text="Down.")
    with pytest.raises((ActionRefused, NotFound)):
        update_health_issue(actor=world.actor(who), issue=issue, text="Down.")


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("publisher.reader", True),
        ("vendor.reader", True),
        ("partner.reader", True),
        ("distributor.reader", True),
        ("partner2.admin", False),  # not in the programme
        ("customer.admin", False),
    ],
)
def test_both_locks_show_it_to_the_same(world, as_tenant, issue, who, sees):
    actor = world.actor(who)
    assert (HealthIssue.objects.visible_to(actor).exists(), HealthReport.objects.visible_to(actor).exists()) == (
        sees,
        sees,
    )
    with as_tenant(actor):
        assert (HealthIssue.objects.exists(), HealthReport.objects.exists()) == (sees, sees)


def test_the_database_lets_nobody_else_report(world, as_tenant, offer, issue):
    with as_tenant(world.actor("partner.admin")), pytest.raises(DatabaseError), transaction.atomic():
        HealthReport.objects.create(issue=issue, text="From a partner.")
    with as_tenant(world.actor("partner.admin")), pytest.raises(DatabaseError), transaction.atomic():
        HealthIssue.objects.update(cleared_at=timezone.now())


def test_the_page_reports_updates_and_clears(web, offer):
    client, url = web("publisher.admin"), reverse("offer_health", args=[offer.public_id])
    assert client.post(url, {"kind": "outage", "text": ""}).status_code == 200
    assert client.post(url, {"kind": "outage", "text": "Down since 9."}).status_code == 302
    issue = HealthIssue.objects.get(offer=offer)
    page = web("partner.admin").get(reverse("catalogue_offer", args=[offer.public_id])).content.decode()
    assert "Outage" in page and "Down since 9." in page
    update = reverse("health_update", args=[issue.public_id])
    assert client.post(update, {"text": "x" * 2001}).status_code == 200
    assert client.post(update, {"text": "Up again.", "clear": "1"}).status_code == 302
    page = client.get(url).content.decode()
    assert "Resolved" in page and "Up again." in page
    assert (
        "Down since 9."
        not in web("partner.admin").get(reverse("catalogue_offer", args=[offer.public_id])).content.decode()
    )

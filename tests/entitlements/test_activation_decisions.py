"""New partners as the vendor decides on them, and those that begin at once: who is told, and what the lists say."""

import datetime as dt
import re

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.actions.standing import move_partner
from accounts.models import Organization, Program, ProgramMembership
from entitlements.actions import activation_jobs
from entitlements.actions.activation_confirmation import confirm_activated_partner, decline_activated_partner
from entitlements.models import ActivationLink
from notifications.actions.outbox import write_due_notices
from notifications.models import Event, Notice
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound
from tests.conftest import PageClient
from tests.entitlements.test_activation_jobs import accept, told
from tests.mails import sent

REASON = "No references in this country"


@pytest.fixture
def waiting(world):
    """Return the link of a new partner that waits for the vendor."""
    accept("distributor")
    return ActivationLink.objects.select_related("account").get(organization=world.distributor)


def tell():
    while write_due_notices():
        pass


@pytest.fixture
def decline(actor_for, as_tenant):
    """Decline a partner, under both locks."""

    def do(link, who="vendor.admin", reason=REASON):
        actor = actor_for(who)
        with as_tenant(actor):
            return decline_activated_partner(actor=actor, activationlink=link, reason=reason)

    return do


@pytest.mark.promise("CV-11")
def test_a_partner_is_declined_with_a_reason_that_it_and_its_sender_read(world, web, waiting):
    path = f"/activations/{waiting.public_id}/decline/"
    for who, answer in (("vendor.reader", 403), ("distributor.admin", 404), ("partner.reader", 404)):
        assert web(who).post(path, {"reason": REASON}).status_code == answer
    vendor = web("vendor.admin")
    assert "Decline partner" in vendor.get("/partners/pending/?state=unconfirmed").content.decode()
    assert vendor.post(path, {"reason": " "}).status_code == 200
    assert vendor.post(path, {"reason": REASON}).status_code == 302
    tell()
    assert told("membership_declined") == {waiting.account_id}
    assert told("partner_declined") == {world.distributor.pk}
    event = Event.objects.get(kind="activation.partner_declined")
    assert (event.organization_id, event.counterpart_id, event.note) == (world.vendor.pk, waiting.account_id, REASON)
    assert f"{waiting.name} was declined." in vendor.get("/inbox/").content.decode()
    assert waiting.name not in vendor.get("/partners/pending/?state=unconfirmed").content.decode()
    assert f"/activations/{waiting.public_id}/" not in vendor.get("/").content.decode()
    for who in ("vendor.reader", "distributor.reader"):
        ended = web(who).get("/partners/pending/?state=ended").content.decode()
        assert "Declined" in ended and REASON in ended
    assert REASON in web("distributor.sales_agent").get("/inbox/").content.decode()


def test_the_declined_partner_reads_why_in_place_of_its_dashboard(decline, waiting):
    decline(waiting)
    person = waiting.account.operators.get().person
    client = PageClient()
    client.begin_session(person)
    for path in ("/", "/customers/"):
        page = client.get(path).content.decode()
        assert REASON in page and "The vendor is now confirming" not in page


def test_it_is_decided_once(actor_for, decline, waiting):
    program = Program.objects.get(code="solution_advisor")
    decline(waiting)
    with pytest.raises(Conflict):
        decline(waiting)
    with pytest.raises(Conflict):
        confirm_activated_partner(actor=actor_for("vendor.admin"), activationlink=waiting, program=program)
    ActivationLink.objects.filter(pk=waiting.pk).update(declined_at=None)
    confirm_activated_partner(actor=actor_for("vendor.admin"), activationlink=waiting, program=program)
    with pytest.raises(Conflict):
        decline(waiting)


@pytest.mark.parametrize(
    "action, data", [("confirm", {"program": "solution_advisor"}), ("decline", {"reason": REASON})]
)
def test_whoever_decides_returns_to_the_list_as_it_was(web, waiting, action, data):
    vendor, shown = web("vendor.admin"), "/partners/pending/?q=a&amp;state=unconfirmed"
    path = f"/activations/{waiting.public_id}/{action}/"
    page = vendor.get("/partners/pending/?state=unconfirmed&q=a").content.decode()
    links = re.findall(f'href="({path}[^"]*)"', page)
    assert len(links) == 2 and len(set(links)) == 1, "in the row and in its menu"
    dialog = vendor.get(links[0]).content.decode()
    assert f'name="next" value="{shown}"' in dialog and f'href="{shown}"' in dialog
    answer = vendor.post(path, {**data, "next": shown.replace("&amp;", "&")})
    assert (answer.status_code, answer["Location"]) == (302, shown.replace("&amp;", "&"))


def test_who_declines_and_what_can_be_declined(world, actor_for, as_tenant, decline, waiting):
    for who in ("vendor.reader", "distributor.admin", "partner.admin"):
        with pytest.raises(ActionRefused):
            decline(waiting, who)
        with as_tenant(actor_for(who)), connection.cursor() as cursor:
            cursor.execute("SELECT decline_activated_partner(%s, 'x')", [waiting.pk])
    waiting.refresh_from_db()
    assert waiting.declined_at is None, "nor by a bare statement"
    for reason in ("", "\u200b", "x" * 201):
        with pytest.raises(InvalidInput):
            decline(waiting, reason=reason)
    with pytest.raises(NotFound):
        decline(ActivationLink.objects.get(organization=world.partner))


def test_a_declined_one_stays_listed_for_as_long_as_others(decline, waiting):
    decline(waiting)
    kept, rows = settings.PORTAL_INVITATIONS_KEPT, ActivationLink.objects.filter(pk=waiting.pk)
    rows.update(closed_at=timezone.now() - kept * 2)
    activation_jobs.delete_old_activation_links()
    assert rows.exists()
    rows.update(declined_at=timezone.now() - kept - dt.timedelta(days=1))
    activation_jobs.delete_old_activation_links()
    assert not rows.exists()


@pytest.mark.promise("CV-11")
def test_one_that_waits_stays_in_the_queue_until_the_vendor_decides(world, actor_for, web, waiting):
    kept, rows = settings.PORTAL_INVITATIONS_KEPT, ActivationLink.objects.filter(pk=waiting.pk)
    rows.update(closed_at=timezone.now() - kept * 4)
    activation_jobs.delete_old_activation_links()
    for path in ("/", "/partners/pending/?state=unconfirmed", "/partners/pending/?state=late"):
        assert waiting.name in web("vendor.admin").get(path).content.decode(), path
    program = Program.objects.get(code="solution_advisor")
    confirm_activated_partner(actor=actor_for("vendor.admin"), activationlink=waiting, program=program)
    activation_jobs.delete_old_activation_links()
    assert not rows.exists()


def test_a_programme_without_a_dashboard_confirms_nobody(world, actor_for, web, waiting):
    page = web("vendor.admin").get(f"/activations/{waiting.public_id}/confirm/").content.decode()
    assert 'value="solution_advisor"' in page and 'value="csp"' not in page
    with pytest.raises(InvalidInput), transaction.atomic():
        confirm_activated_partner(
            actor=actor_for("vendor.admin"), activationlink=waiting, program=Program.objects.get(code="csp")
        )
    assert not ProgramMembership.objects.filter(organization=waiting.account_id).exists()


def told_of_partner(distributor):
    """What a distributor is told of the membership of a partner, in order."""
    about = ("partner_confirmed", "partner_membership_changed")
    rows = Notice.objects.filter(recipient_id=distributor.pk, kind__in=about)
    return list(rows.order_by("pk").values_list("kind", flat=True))


def test_a_confirmation_is_told_once(world, actor_for, waiting):
    program = Program.objects.get(code="solution_advisor")
    confirm_activated_partner(actor=actor_for("vendor.admin"), activationlink=waiting, program=program)
    tell()
    own = Notice.objects.filter(recipient_id=waiting.account_id).exclude(kind="activation_accepted")
    assert [notice.kind for notice in own] == ["membership_confirmed"]
    assert told_of_partner(world.distributor) == ["partner_confirmed"]


def test_a_confirmation_is_told_to_whoever_is_above_the_partner_by_now(world, actor_for, waiting):
    staff = actor_for("vendor.admin")
    move_partner(actor=staff, partner=waiting.account, distributor=world.distributor2)
    confirm_activated_partner(actor=staff, activationlink=waiting, program=Program.objects.get(code="solution_advisor"))
    tell()
    assert told_of_partner(world.distributor2) == ["partner_confirmed"]
    assert told_of_partner(world.distributor) == []


def test_a_partner_that_begins_at_once_is_told_as_a_member(world, web):
    Organization.objects.filter(pk=world.distributor.pk).update(onboards_partners_at_once=True)
    link = accept("distributor")
    tell()
    link.refresh_from_db()
    inbox = web("distributor.admin").get("/inbox/").content.decode()
    assert (
        "The partner is a member of Solution Advisor and can invite customers." in inbox
        and "when vendor staff" not in inbox
    )
    assert told("partner_joined") == {world.vendor.pk} and not told("partner_awaits")
    event = Event.objects.get(kind="membership.changed")
    assert (event.actor_kind, event.organization_id, event.counterpart_id) == (
        "system", world.vendor.pk, link.account_id,
    )  # fmt: skip
    assert told("membership_changed") == {link.account_id}
    assert told_of_partner(world.distributor) == [], "that its link was used says so"


@pytest.mark.parametrize("at_once", [True, False])
def test_mail_and_form_say_whether_the_membership_waits(world, web, at_once):
    Organization.objects.filter(pk=world.distributor.pk).update(onboards_partners_at_once=at_once)
    link = ActivationLink.objects.get(organization=world.distributor)
    sent().clear()
    web("distributor.admin").post(f"/activations/{link.public_id}/resend/")
    [mail] = sent()
    assert ("Once your membership is confirmed" in mail.body) is not at_once
    form = web("distributor.admin").get("/activations/partners/new/").content.decode()
    assert ("as soon as the new partner uses its activation link." in form) is at_once
    assert ("when vendor staff confirm the new partner." in form) is not at_once
    assert "when vendor staff confirm" in web("vendor.admin").get("/activations/partners/new/").content.decode()


def test_the_page_of_a_partner_shows_its_onboarding_and_where_to_decide(web, waiting, decline):
    waiting.refresh_from_db()
    of_vendor, of_distributor = (f"/{kind}/{waiting.account.public_id}/" for kind in ("organizations", "partners"))
    confirm = f"/activations/{waiting.public_id}/confirm/"
    page = web("vendor.admin").get(of_vendor).content.decode()
    assert "Onboarding" in page and "Membership not confirmed yet" in page and confirm in page
    for who, path in (("vendor.reader", of_vendor), ("distributor.admin", of_distributor)):
        page = web(who).get(path).content.decode()
        assert "Onboarding" in page and "Membership not confirmed yet" in page and confirm not in page
    decline(waiting)
    page = web("distributor.reader").get(of_distributor).content.decode()
    assert "Declined" in page and REASON in page
    assert confirm not in web("vendor.admin").get(of_vendor).content.decode()


def test_a_partner_that_came_otherwise_shows_no_onboarding(world, web):
    for who, kind in (("vendor.admin", "organizations"), ("distributor.admin", "partners")):
        page = web(who).get(f"/{kind}/{world.partner.public_id}/")
        assert page.status_code == 200 and "Onboarding" not in page.content.decode()


# The tab of what needs attention: the same rule as that of the steps.

LONG = dt.timedelta(days=4)


def ago(link, **columns):
    now = timezone.now()
    times = dict.fromkeys(columns.pop("since", ()), now - LONG)
    ActivationLink.objects.filter(pk=link.pk).update(**times, **columns)


LATE = {
    "not opened": lambda link: ago(link, since=["created_at"], expires_at=timezone.now() + dt.timedelta(days=1)),
    "not signed in": lambda link: ago(link, since=["opened_at"]),
    "not activated": lambda link: ago(link, since=["opened_at", "signed_in_at"]),
    "bounced": lambda link: ago(link, since=["bounced_at"]),
    "problem": lambda link: ago(link, problem="sku_withdrawn", since=["problem_at"]),
}
FAILED = ("bounced", "problem")  # what waiting does not mend
IN_TIME = {
    "sent": lambda link: None,
    "sent again": lambda link: ago(
        link, since=["created_at"], expires_at=timezone.now() + settings.PORTAL_ACTIVATION_KEPT
    ),
    "opened now": lambda link: ago(link, since=["created_at"], opened_at=timezone.now()),
}


@pytest.mark.parametrize("case", [*LATE, *IN_TIME])
def test_what_needs_attention_has_a_tab_of_its_own(world, web, case):
    link = ActivationLink.objects.get(organization=world.partner)
    ActivationLink.objects.filter(pk=link.pk).update(expires_at=timezone.now() + settings.PORTAL_ACTIVATION_KEPT)
    (LATE | IN_TIME)[case](link)
    client = web("partner.reader")
    late = client.get("/customers/pending/?state=late").content.decode()
    assert (link.email in late) is (case in LATE)
    page = client.get("/customers/pending/").content.decode()
    tone = re.search(r'class="status (info|warn|bad)"', page)
    assert tone and tone.group(1) == ("bad" if case in FAILED else "warn" if case in LATE else "info")
    hint = re.search(r'<small title="[^"]+">([^<]+)</small>', page)
    assert bool(hint) is (case in LATE) and (not hint or len(hint.group(1)) <= 40), "it fits into the column"


def test_a_partner_that_waits_long_needs_attention(web, waiting):
    client = web("vendor.reader")
    assert waiting.name not in client.get("/partners/pending/?state=late").content.decode()
    ago(waiting, since=["closed_at"])
    assert waiting.name in client.get("/partners/pending/?state=late").content.decode()


STUCK = r'<a href="(/{kind}s/pending/[^"]*)"><strong>{title} onboarding is stuck</strong></a><p>(\d+) activation'


@pytest.mark.parametrize("case", [*LATE, *IN_TIME])
@pytest.mark.parametrize("kind", ["customer", "partner"])
def test_the_start_page_of_a_distributor_counts_what_that_tab_lists(world, web, kind, case):
    sender = world.partner if kind == "customer" else world.distributor
    link = ActivationLink.objects.get(organization=sender)
    ends = timezone.now() + settings.PORTAL_ACTIVATION_KEPT
    ActivationLink.objects.filter(pk=link.pk).update(organization=world.distributor, expires_at=ends)
    (LATE | IN_TIME)[case](link)
    client = web("distributor.reader")
    found = re.search(STUCK.format(kind=kind, title=kind.title()), client.get("/").content.decode())
    assert bool(found) is (case in LATE)
    if found:
        path, count = found.groups()
        assert path == f"/{kind}s/pending/?state=late" and count == "1"
        page = client.get(path).content.decode()
        assert page.count('class="cell-name"') == 1 and link.email in page


def test_the_start_page_counts_partners_that_wait_long_and_none_that_has_ended(web, world, waiting):
    client = web("distributor.reader")
    assert "is stuck" not in client.get("/").content.decode()
    ago(waiting, since=["closed_at"])
    path, count = re.search(STUCK.format(kind="partner", title="Partner"), client.get("/").content.decode()).groups()
    assert count == "1" and waiting.name in client.get(path).content.decode()
    ended = ActivationLink.objects.get(organization=world.partner)
    ago(ended, organization=world.distributor, since=["created_at", "expires_at"])
    assert "Customer onboarding is stuck" not in client.get("/").content.decode()


def test_the_vendors_start_page_counts_the_partners_to_confirm_and_leads_to_them(web, waiting, monkeypatch):
    monkeypatch.setattr("entitlements.start_page.QUEUED_SHOWN", 1)  # from then on the database counts
    client = web("vendor.reader")
    page = client.get("/").content.decode()
    assert "New partners to confirm: 1<" in page
    assert 'href="/partners/pending/?state=unconfirmed"' in page
    assert client.get("/partners/pending/?state=unconfirmed").content.decode().count('class="cell-name"') == 1
    ActivationLink.objects.filter(pk=waiting.pk).update(declined_at=timezone.now())
    assert "New partners to confirm: 0<" in client.get("/").content.decode()


def test_one_that_bounced_says_so_after_its_end_too(world, web):
    link = ActivationLink.objects.get(organization=world.partner)
    ago(link, since=["bounced_at"], expires_at=timezone.now() - dt.timedelta(hours=1))
    page = web("partner.reader").get("/customers/pending/?state=ended").content.decode()
    assert "Not delivered" in page and "Nobody has used the link" not in page

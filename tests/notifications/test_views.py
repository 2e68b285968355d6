"""The inbox as a page: open, dismiss, restore, filter (CC-54…CC-58)."""

import datetime as dt
import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
import time_machine
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from accounts.models import ProgramFeature
from entitlements.events import EntitlementEventKind
from notifications.actions.outbox import write_due_notices
from notifications.actions.recording import record_event
from notifications.models import Notice
from notifications.queries import count_unread_notices, list_notices
from notifications.registry import get_notice_kinds
from notifications.rows import build_notice_rows, group_rows_by_day
from partnerportal.lib.actors import Actor
from tests.world import World

INBOX = "/inbox/"


def subjects(response: Any) -> list[str]:
    return [
        unescape(s)
        for s in re.findall(r'class="notice-open" formaction="[^"]+">([^<]+)</button>', response.content.decode())
    ]


def news(world: World, customer: str, count: int = 1, kind: str = "entitlement.changed") -> None:
    """Something that everyone connected with the customer hears of."""
    organization = world[customer]
    for number in range(count):
        record_event(
            kind,
            actor=Actor.system("feed"),
            subject=organization,
            customer_id=organization.pk,
            scopes=EntitlementEventKind(kind).scopes,
            data={
                "customer": str(organization.public_id),
                "customer_name": organization.name,
                "sku_name": f"Plan {number} of {customer}",
                "quantity": 3,
            },
        )
    while write_due_notices():
        pass


def latest(world: World, recipient: str) -> Notice:
    return world.notices(recipient).last()


@pytest.mark.promise("CC-54")
def test_partner_hears_of_its_customers(world: World, web: Any) -> None:
    """CC-54."""
    news(world, "customer")
    page = web("partner.reader").get(INBOX)
    assert subjects(page)[0] == "Plan 0 of customer has changed"
    assert world.customer.name in page.content.decode()
    assert "Plan 0 of customer has changed" in subjects(web("customer.reader").get(INBOX))
    assert "Plan 0 of customer has changed" not in subjects(web("partner2.admin").get(INBOX))


def test_news_of_another_organisation_goes_with_a_feature(world: World, actor_for: Any) -> None:
    """A kind that names none would be shown without the dashboard too (CC-5, CC-54)."""
    of_others = Notice.objects.exclude(about_id=None).exclude(about_id=F("recipient_id"))
    codes = set(of_others.values_list("kind", flat=True))
    assert codes and all(get_notice_kinds()[code].feature == ProgramFeature.CUSTOMER_DASHBOARD for code in codes)
    kept = of_others.filter(recipient_id=world.lapsed.pk)
    assert kept and not Notice.objects.visible_to(actor_for("lapsed.admin")).filter(pk__in=kept)


@pytest.mark.promise("CC-55")
def test_filter_by_customer_kind_and_tab(world: World, web: Any) -> None:
    """CC-55; what makes no sense filters nothing."""
    news(world, "customer")
    news(world, "customer2")
    client = web("partner.admin")
    of_customer = subjects(client.get(f"{INBOX}?customer={world.customer.public_id}"))
    assert "Plan 0 of customer has changed" in of_customer and "Plan 0 of customer2 has changed" not in of_customer
    changed = subjects(client.get(f"{INBOX}?kind=entitlement_changed"))
    assert sorted(changed) == ["Plan 0 of customer has changed", "Plan 0 of customer2 has changed"]
    api = client.get(f"/api/v1/notices/?customer={world.customer.public_id}").json()
    assert [notice["subject"] for notice in api["items"]] == of_customer
    everything = subjects(client.get(INBOX))
    for query in ("customer=rubbish", "kind=rubbish", "unread=rubbish", "dismissed=rubbish", "cursor=rubbish"):
        assert subjects(client.get(f"{INBOX}?{query}")) == everything
    assert subjects(client.get(f"{INBOX}?customer={world.stranger.public_id}")) == []


@pytest.mark.promise("G-29")
def test_notices_stand_under_their_day_in_the_readers_time_zone(world: World, web: Any) -> None:
    news(world, "customer")
    rows = build_notice_rows(world.actor("partner.admin"), list_notices(world.actor("partner.admin"))[:1])
    moments = ("2027-03-10T16:00+00:00", "2027-03-10T14:00+00:00", "2027-03-09T14:00+00:00", "2027-03-01T14:00+00:00")
    rows = [replace(rows[0], at=dt.datetime.fromisoformat(moment)) for moment in moments]
    with time_machine.travel("2027-03-10T18:00Z", tick=False), timezone.override("Asia/Tokyo"):  # there it is the 11th
        groups = group_rows_by_day(rows)
    assert [(group.label, len(group.rows)) for group in groups] == [("Today", 1), ("Yesterday", 1), ("Earlier", 2)]
    page = web("partner.admin").get(INBOX).content.decode()
    assert re.findall(r'<h2 class="day-head"[^>]*>([^<]+)</h2>', page)[0] == "Today"


@pytest.mark.promise("G-29")
def test_a_customers_name_opens_the_customer(world: World, web: Any) -> None:
    news(world, "customer")
    client = web("partner.admin")
    page = client.get(INBOX).content.decode()
    link = f"/customers/{world.customer.public_id}/"
    assert f'<a class="quiet" href="{link}">' in page and client.get(link).status_code == 200
    assert f'href="{INBOX}?customer={world.customer.public_id}"' in page  # and nothing but its news is one step away
    assert "Show only this customer" not in client.get(f"{INBOX}?customer={world.customer.public_id}").content.decode()


def test_opening_marks_as_read_for_this_person_only(world: World, web: Any, actor_for: Any) -> None:
    news(world, "customer")
    notice, before = latest(world, "partner"), count_unread_notices(actor_for("partner.reader"))
    answer = web("partner.admin").post(reverse("notice_open", args=[notice.public_id]))
    assert answer.url == reverse("customer_services", args=[world.customer.public_id])
    assert "Plan 0 of customer has changed" not in subjects(web("partner.admin").get(f"{INBOX}?unread=true"))
    assert count_unread_notices(actor_for("partner.reader")) == before
    assert web("partner.admin").get(reverse("notice_open", args=[notice.public_id])).status_code == 405


@pytest.mark.promise("CC-56", "CC-57", "CC-58")
def test_dismissed_here_still_there_for_the_customer(world: World, web: Any) -> None:
    """CC-56…CC-58, with Undo."""
    news(world, "customer")
    notice, client = latest(world, "partner"), web("partner.admin")
    answer = client.post(
        reverse("notice_dismiss", args=[notice.public_id]), {"next": f"{INBOX}?unread=true"}, follow=True
    )
    assert answer.redirect_chain == [(f"{INBOX}?unread=true", 302)]
    assert reverse("notice_restore", args=[notice.public_id]) in answer.content.decode()  # the toast's Undo
    changed = "Plan 0 of customer has changed"
    assert changed not in subjects(client.get(INBOX)) and changed in subjects(client.get(f"{INBOX}?dismissed=true"))
    assert changed in subjects(web("customer.admin").get(INBOX))
    client.post(reverse("notice_restore", args=[notice.public_id]))
    assert changed in subjects(client.get(INBOX))


@pytest.mark.promise("CV-16", "CV-22")
def test_reader_may_not_dismiss_and_is_told_why(world: World, web: Any) -> None:
    news(world, "customer")
    notice, client = latest(world, "partner"), web("partner.reader")
    page = client.get(INBOX).content.decode()
    assert (
        reverse("notice_dismiss", args=[notice.public_id]) not in page
        and "Only Admins and Admin agents can do this." in page
    )
    assert client.post(reverse("notice_dismiss", args=[notice.public_id])).status_code == 403
    notice.refresh_from_db()
    assert notice.dismissed_at is None


@pytest.mark.parametrize("action", ["notice_open", "notice_dismiss", "notice_restore"])
def test_another_organisations_notice_is_not_there(action: str, world: World, web: Any) -> None:
    news(world, "customer")
    notice = latest(world, "customer")
    assert notice.recipient_id == world.customer.pk
    assert web("partner.admin").post(reverse(action, args=[notice.public_id])).status_code == 404


def test_all_read(world: World, web: Any, actor_for: Any) -> None:
    news(world, "customer", 2)
    assert count_unread_notices(actor_for("partner.admin")) >= 2
    web("partner.admin").post(reverse("inbox_read_all"))
    assert count_unread_notices(actor_for("partner.admin")) == 0


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_the_way_back_stays_here(address: str, world: World, web: Any) -> None:
    assert web("partner.admin").post(reverse("inbox_read_all"), {"next": address}).url == INBOX


def test_pages_hold_fifty_each_and_ask_as_often(world: World, web: Any, count_queries: Any) -> None:
    client = web("partner.admin")
    client.get(INBOX)  # the first page writes into the session
    with count_queries() as few:
        client.get(INBOX)
    news(world, "customer", 60)
    with count_queries() as many:
        page = client.get(INBOX)
    assert len(few) == len(many) <= 8
    assert len(subjects(page)) == 50
    older = re.search(r'rel="next" href="([^"]+)"', page.content.decode())
    assert older and not set(subjects(client.get(unescape(older[1])))[:10]) & set(subjects(page))


def test_each_state_has_its_own_words(world: World, web: Any) -> None:
    client = web("vendor.admin")
    Notice.objects.filter(recipient_id=world.vendor.pk).delete()
    for query, words in (
        ("", "No notifications"),
        ("?unread=true", "Nothing unread"),
        ("?dismissed=true", "Nothing dismissed"),
    ):
        assert words in client.get(f"{INBOX}{query}").content.decode()
    assert "No notifications match" in client.get(f"{INBOX}?kind=trial_expired").content.decode()

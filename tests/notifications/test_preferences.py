"""What a person switches off in the inbox is out of their sight there, and nowhere else: nobody else's, not lost."""

import re
from typing import Any

import pytest
from django.db import connection

from notifications import queries, registry
from notifications.actions.preferences import set_notice_choices
from notifications.filters import NoticeFilterSet
from notifications.mailing import list_mail_recipients
from notifications.models import MailMode, Notice, NoticeDeliveryChoice, NoticePreference
from tests.exports.test_lists import exported
from tests.notifications.test_views import INBOX, latest, news, subjects
from tests.world import World

PAGE, API, KIND = "/me/notices/", "/api/v1/notices/", "entitlement_changed"
TOLD = "Plan 0 of customer has changed"
OFF = {f"inbox-{KIND}": "false"}


@pytest.fixture
def off(world: World, web: Any) -> Any:
    """A notice of a kind that is then switched off; gives the client of who did it."""
    news(world, "customer")

    def switch(who: str) -> Any:
        client = web(who)
        assert client.post(PAGE, OFF).status_code == 302
        return client

    return switch


def ticked(page: str, kind: str = KIND) -> bool:
    return " checked" in re.search(rf'<input type="checkbox" name="inbox-{kind}"[^>]*>', page)[0]  # type: ignore[index]


def test_a_tick_for_each_kind_that_names_it(web: Any) -> None:
    client = web("partner.reader")
    page = client.get(PAGE).content.decode()
    ticks = re.findall(r'type="checkbox" name="inbox-(\w+)" aria-label="In the inbox: [^"]+"[^>]* checked', page)
    assert sorted(ticks) == sorted(re.findall(r'<select name="(\w+)"', page)) and len(ticks) > 5
    assert "filter the inbox by that type" in page
    client.post(PAGE, OFF)
    page = client.get(PAGE).content.decode()
    assert (ticked(page), ticked(page, "ends_soon")) == (False, True)


def test_as_a_browser_sends_it_and_back_again(world: World, web: Any) -> None:
    """A ticked box comes after its hidden "false", and what is usual is not kept."""
    client = web("stranger.reader")
    before = list(NoticePreference.objects.order_by("pk").values())
    client.post(PAGE, {f"inbox-{KIND}": ["false"], "inbox-ends_soon": ["false", "on"]})
    row = NoticePreference.objects.exclude(pk__in=[row["id"] for row in before]).get()
    assert (row.kind, row.inbox, row.mail) == (KIND, False, "")
    client.post(PAGE, {"ends_soon": "each"})  # left out stays as it is
    assert not ticked(client.get(PAGE).content.decode())
    client.post(PAGE, {f"inbox-{KIND}": ["false", "on"], "ends_soon": "off"})
    assert list(NoticePreference.objects.order_by("pk").values()) == before


def test_it_leaves_the_list_the_number_and_the_overview(world: World, web: Any, actor_for: Any, off: Any) -> None:
    actor = actor_for("partner.reader")
    before, latest_customers = queries.count_unread_notices(actor), dict(queries.list_customers_with_notices(actor))
    client = web("partner.reader")
    assert TOLD in subjects(client.get(INBOX)) and TOLD in client.get("/").content.decode()
    off("partner.reader")
    assert queries.count_unread_notices(actor) == before - 1
    assert f'aria-label="Inbox, {before - 1} unread"' in client.get(INBOX).content.decode()
    for address in (INBOX, f"{INBOX}?unread=true", f"{INBOX}?kind=rubbish", "/"):
        assert TOLD not in client.get(address).content.decode()
    Notice.objects.filter(about_id=world.customer2.pk).update(kind=KIND)
    named = dict(queries.list_customers_with_notices(actor))
    assert str(world.customer2.public_id) not in named and set(named) < set(latest_customers)
    assert dict(queries.list_customers_with_notices(actor, None, KIND)) == latest_customers


def test_it_is_not_lost(world: World, web: Any, off: Any) -> None:
    client = off("partner.admin")
    assert subjects(client.get(f"{INBOX}?kind={KIND}")) == [TOLD]
    notice = latest(world, "partner")
    assert client.get(f"{API}{notice.public_id}/").json()["is_unread"] is True
    client.post(f"{INBOX}{notice.public_id}/dismiss/")
    assert TOLD not in subjects(client.get(f"{INBOX}?dismissed=true"))
    assert subjects(client.get(f"{INBOX}?dismissed=true&kind={KIND}")) == [TOLD]
    assert TOLD in subjects(web("partner.reader").get(f"{INBOX}?dismissed=true"))
    assert client.post(f"{INBOX}{notice.public_id}/").status_code == 302
    assert client.get(f"{API}{notice.public_id}/").json()["is_unread"] is False


def test_nobody_elses_inbox_changes_nor_ones_own_elsewhere(web: Any, actor_for: Any, off: Any) -> None:
    actors = [actor_for(who) for who in ("partner.reader", "many@distributor")]
    before = [queries.count_unread_notices(actor) for actor in actors]
    assert TOLD not in subjects(off("many@partner").get(INBOX))
    assert [queries.count_unread_notices(actor) for actor in actors] == before
    for who in ("partner.reader", "many@distributor", "customer.reader"):
        assert TOLD in subjects(web(who).get(INBOX))


def test_the_api_holds_the_same(api: Any, off: Any) -> None:
    off("partner.reader")

    def told(who: str, **query: str) -> list[str]:
        return [item["subject"] for item in api(who).get(API, query).json()["items"]]

    assert TOLD not in told("partner.reader") and TOLD not in told("partner.reader", unread="true")
    assert told("partner.reader", kind=KIND) == [TOLD]
    assert TOLD in told("partner.admin")
    answer = api("partner.reader").get(API).json()
    assert answer["totalCount"] == len(answer["items"])


def test_a_file_of_the_inbox_holds_the_same(world: World, web: Any, off: Any) -> None:
    off("partner.reader")
    mine, theirs = (
        {row["kind"] for row in exported(world, web, who, "inbox", "")} for who in ("partner.reader", "partner.admin")
    )
    assert theirs - mine == {KIND}
    assert [row["text"] for row in exported(world, web, "partner.reader", "inbox", f"kind={KIND}")] == [TOLD]


@pytest.mark.parametrize("kind", ["ends_soon", "entitlement_added"])
def test_mail_is_another_matter(world: World, web: Any, kind: str) -> None:
    """Out of the inbox it still comes by e-mail: as usual for an Admin, and as the Reader chose."""
    web("customer.reader").post(PAGE, {kind: "each"})

    def mails() -> dict[int, MailMode]:
        notice = Notice(recipient_id=world.customer.pk, about_id=world.customer.pk, kind=kind)
        return {
            person.person_id: mail
            for _, person, mail in list_mail_recipients(registry.get_notice_kinds()[kind], [notice])
        }

    before = mails()
    for who in ("customer.admin", "customer.reader"):
        web(who).post(PAGE, {f"inbox-{kind}": "false"})
    assert mails() == before
    assert before[world.person("customer.reader").pk] == MailMode.EACH
    assert before.get(world.person("customer.admin").pk) == (MailMode.DIGEST if kind == "ends_soon" else None)


def test_many_notices_are_walked_along_their_index(world: World, actor_for: Any, as_tenant: Any) -> None:
    actor = actor_for("partner.admin")
    set_notice_choices(actor=actor, choices={KIND: NoticeDeliveryChoice(MailMode.OFF, inbox=False)})
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO notifications_event (public_id, kind, at, actor_label, organization_label,
                   counterpart_label, subject_kind, subject_label, data)
               SELECT gen_random_uuid(), 'many', now() - g * interval '1 minute', '', '', '', '', '', '{}'
               FROM generate_series(1, 5000) g"""
        )
        cursor.execute(
            """INSERT INTO notifications_notice (public_id, event_id, kind, at, recipient_id, about_label, in_reach,
                   params)
               SELECT gen_random_uuid(), id, CASE WHEN id %% 3 = 0 THEN 'ends_soon' ELSE %s END, at, %s, '', true, '{}'
               FROM notifications_event WHERE kind = 'many'""",
            [KIND, world.partner.pk],
        )
        cursor.execute("ANALYZE notifications_notice, notifications_noticepreference")
    with as_tenant(actor):
        rows = NoticeFilterSet({}, queries.list_notices(actor)).qs[:51]
        plan = rows.explain()
        assert "Scan using notice_inbox" in plan and "Sort" not in plan
        assert {row.kind for row in rows} <= {"ends_soon"} | set(dict(queries.get_notice_choices(actor))) - {KIND}
        assert queries.count_unread_notices(actor) == queries.UNREAD_SHOWN + 1

"""What the vendor has released: its own list of it, and what the customer's Admins hear, and nobody else (CC-32)."""

import datetime as dt
import json
from html import escape
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import Role
from connections.actions import accept_invitation
from entitlements.models import LicenseAssignment, Sku
from notifications.actions.outbox import send_due_daily_summary, send_due_emails, write_due_notices
from notifications.models import Delivery, DeliveryChannel, Event, MailMode, Notice, NoticePreference
from notifications.queries import count_unread_notices
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.scopes import ALL
from tests.entitlements.test_asked_of_vendor import PAGE, ask, fed, mark, said, told  # noqa: F401
from tests.exports.test_views import NEW, table
from tests.world import KINDS, World, canary

pytestmark = pytest.mark.usefixtures("private_folder")

DONE = f"{PAGE}?state=released"
HOLDERS = [canary(name, "licence holders") for name in KINDS]
OTHERS = ["customer.reader", "stranger.admin", "partner.admin",
          "distributor.admin", "lapsed.admin", "publisher.admin", "vendor.admin"]  # fmt: skip


def line_of(row: LicenseAssignment, **more: Any) -> dict[str, Any]:
    used = row.last_used_at and row.last_used_at.isoformat()
    return {
        "type": "assignment", "external_id": row.external_id, "customer": row.customer.org_id, "sku": row.sku.code,
        "holder_kind": row.holder_kind, "holder": row.holder, "assigned_at": row.assigned_at.isoformat(),
        "last_used_at": used, **more,
    }  # fmt: skip


def many(world: World, count: int) -> None:
    """Release one licence a minute, the last of them first, all before what the world's own customers released: its
    database is kept for a day."""
    now, sku = timezone.now(), Sku.objects.earliest("pk")
    LicenseAssignment.objects.bulk_create(
        LicenseAssignment(
            customer=world.stranger, sku=sku, external_id=f"KEY-{number:03}", holder_kind="device", holder="d",
            assigned_at=now, release_asked_at=now - dt.timedelta(days=5),
            released_at=now - dt.timedelta(days=3, minutes=number),
        )
        for number in range(count)
    )  # fmt: skip


def test_what_is_done_has_a_list_of_its_own(world: World, web: Any, api: Any, ask: Any) -> None:  # noqa: F811
    marked, reported = ask()
    client, staff = web("vendor.admin"), world.person("vendor.admin").name
    mark(client, marked)
    assert fed(line_of(reported, released_at=timezone.now().isoformat())) == ["changed"]
    for who in ("vendor.admin", "vendor.reader"):
        page = web(who).get(DONE).content.decode()
        assert page.index(reported.external_id) < page.index(marked.external_id), "the latest first"
        assert escape(staff) in page and "Reported by the feed" in page
        assert (f"Mark {marked.external_id} as not released" in page) is (who == "vendor.admin")
        assert not [holder for holder in HOLDERS if holder in page]
        assert marked.external_id not in web(who).get(PAGE).content.decode()
    items = api("vendor.reader").get("/api/v1/releases/done/").json()["items"]
    rows = table(web("vendor.reader").post(NEW, {"list": "releases", "query": "state=released"}))
    for found in (items, rows):
        assert [row["key"] for row in found[:2]] == [reported.external_id, marked.external_id]
        assert [row["released_by"] for row in found] == ["", staff, ""]
        assert not [holder for holder in HOLDERS if holder in str(found)]
    assert set(items[0]) == {"key", "customer", "sku", "asked_at", "released_at", "released_by"}


def test_it_is_taken_back_where_it_stands(world: World, web: Any, ask: Any) -> None:  # noqa: F811
    row, _other = ask()
    client = web("vendor.admin")
    mark(client, row)
    address = f"{PAGE}reopen/?key={row.external_id}"
    assert client.post(address, {"next": DONE}).headers["Location"] == DONE
    row.refresh_from_db()
    assert (row.released_at, row.released_by_id) == (None, None)
    assert row.external_id in client.get(PAGE).content.decode()
    assert row.external_id not in client.get(DONE).content.decode()
    mark(client, row)
    assert client.post(address, {"next": "https://elsewhere.example/"}).headers["Location"] == PAGE


def test_what_is_long_done_or_given_anew_is_not_on_it(world: World, web: Any, ask: Any) -> None:  # noqa: F811
    long_done, anew = ask()
    client = web("vendor.admin")
    for row in (long_done, anew):
        mark(client, row)
    LicenseAssignment.objects.filter(pk=long_done.pk).update(released_at=timezone.now() - dt.timedelta(days=91))
    assert fed(line_of(anew, assigned_at=timezone.now().isoformat())) == ["changed"]
    page = client.get(DONE).content.decode()
    assert long_done.external_id not in page and anew.external_id not in page
    anew.refresh_from_db()
    assert anew.released_by_id is None
    LicenseAssignment.objects.filter(release_asked_at__isnull=False).delete()
    assert "No recent releases" in client.get(DONE).content.decode()


def test_its_pages_of_fifty_cost_the_same(world: World, web: Any, count_queries: Any) -> None:
    client = web("vendor.reader")
    client.get(DONE)
    with count_queries() as before:
        client.get(DONE)
    many(world, 60)
    with count_queries() as after:
        page = client.get(DONE).content.decode()
    assert len(after) == len(before)
    assert page.count('<td class="cell-name">') == 50 and "KEY-048" in page and "KEY-049" not in page
    cursor = page.partition("cursor=")[2].partition('"')[0]
    page = client.get(f"{DONE}&cursor={cursor}").content.decode()
    assert page.count('<td class="cell-name">') == 11 and "KEY-049" in page and "51–61" in page
    assert f"{DONE}&amp;cursor=" in page, "the way back"
    for rubbish in ("%00", "x", "e30"):
        assert "KEY-048" in client.get(f"{DONE}&cursor={rubbish}").content.decode()


def hears(world: World, ask: Any, web: Any, *actions: str) -> list[Notice]:  # noqa: F811
    """The customer's notices after the vendor's staff have done that to one of the licences it asked for."""
    row = ask()[0]
    for action in actions:
        assert mark(web("vendor.admin"), row, action).status_code == 200
    told(world, "release_asked")
    return list(world.notices("customer").filter(kind__in=["licence_released", "release_reopened"]))


def test_the_customer_hears_that_it_is_released_and_that_it_is_not(world: World, ask: Any, web: Any) -> None:  # noqa: F811
    service = Sku.objects.get(code=canary("customer", "skus")).name
    done, open_again = hears(world, ask, web, "mark", "reopen")
    day = f"Your organisation requested this on {formats.format_date(today())}."
    assert said(done) == (
        f"A licence for {service} was released", f"{day} The licence is available again.", "/usage/licences/",
    )  # fmt: skip
    assert said(open_again)[0] == f"A request to release a licence for {service} was reopened"
    assert said(open_again)[1].startswith(day.replace("requested this", "made the request"))
    inbox = web("customer.admin").get("/inbox/").content.decode()
    assert all(escape(said(notice)[0]) in inbox for notice in (done, open_again))
    assert not [holder for holder in HOLDERS if holder in inbox + str(vars(done)) + str(vars(open_again))]


def test_the_feed_tells_it_once_too(world: World, ask: Any, web: Any) -> None:  # noqa: F811
    first, second = ask()
    mark(web("vendor.admin"), first)
    lines = [line_of(row, released_at=timezone.now().isoformat()) for row in (first, second)]
    for line in lines * 2:
        fed(line)
    fed(line_of(LicenseAssignment.objects.filter(customer=world.stranger)[0], released_at=timezone.now().isoformat()))
    events = Event.objects.filter(kind="licence.release_marked", subject_id__in=[first.public_id, second.public_id])
    assert sorted(events.values_list("organization_label", flat=True)) == sorted([world.vendor.name, ""])
    told(world, "release_asked")
    assert world.notices("customer").filter(kind="licence_released").count() == 2
    assert not world.notices("stranger").filter(kind="licence_released").exists(), "it had not asked"


@pytest.mark.slow  # everybody looks everywhere
@pytest.mark.parametrize("who", OTHERS)
def test_nobody_else_hears_of_it(who: str, world: World, ask: Any, web: Any, api: Any, actor_for: Any) -> None:  # noqa: F811
    """Not in the inbox, its number, its filter, the API, an export, the choice of e-mails, nor by asking for its id."""
    before = count_unread_notices(actor_for(who))
    notices = hears(world, ask, web, "mark", "reopen")
    own = told(world, "release_asked") if who == "vendor.admin" else []
    assert count_unread_notices(actor_for(who)) == before + len(own)
    assert {notice.recipient_id for notice in Notice.objects.filter(event__in=[n.event_id for n in notices])} == {
        world.customer.pk
    }
    client, json_client = web(who), api(who)
    exported = table(client.post(NEW, {"list": "inbox"}))
    listed = json_client.get("/api/v1/notices/").json()["items"]
    pages = "".join(client.get(path).content.decode() for path in ("/", "/inbox/", "/me/notices/"))
    for notice in notices:
        assert notice.kind not in {row["kind"] for row in [*exported, *listed]}
        assert str(notice.public_id) not in pages
        assert (f'value="{notice.kind}"' in pages) is (who == "stranger.admin"), "who could get such a one of its own"
        for client_ in (client, json_client):
            prefix = "/api/v1/notices/" if client_ is json_client else "/inbox/"
            for action in ("read/", "dismiss/") if client_ is json_client else ("", "dismiss/"):
                assert client_.post(f"{prefix}{notice.public_id}/{action}").status_code in (403, 404)
        assert json_client.get(f"/api/v1/notices/{notice.public_id}/").status_code == 404
    assert not [holder for holder in HOLDERS if holder in json.dumps([exported, listed]) + pages]


def test_who_connects_later_gets_no_copy(world: World, ask: Any, web: Any, actor_for: Any) -> None:  # noqa: F811
    """As of all that is about the customer."""
    hears(world, ask, web, "mark")
    accept_invitation(actor=actor_for("customer.admin"), token=world.token("partner2"), scopes=ALL)
    while write_due_notices():
        pass
    copies = Notice.objects.filter(recipient_id=world.partner2.pk, about_id=world.customer.pk)
    assert copies.exists() and not copies.filter(kind="licence_released").exists()


def sent() -> list[tuple[str, str]]:
    """To whom what was mailed, with the summaries of tomorrow morning."""
    Delivery.objects.filter(channel=DeliveryChannel.DIGEST).update(next_at=timezone.now())
    while send_due_emails() or send_due_daily_summary():
        pass
    return [(message.to[0].partition("<")[2].rstrip(">"), str(message.body)) for message in mail.outbox]


def test_its_mails_go_to_admins_whatever_others_chose(world: World, ask: Any, web: Any) -> None:  # noqa: F811
    NoticePreference.objects.create(
        organization_id=world.customer.pk, person_id=world.person("customer.reader").pk, kind="licence_released",
        mail=MailMode.EACH,
    )  # fmt: skip
    hears(world, ask, web, "mark", "reopen")
    mails = [(to, body) for to, body in sent() if "A licence for" in body]
    assert [to for to, _body in mails] == [world.person("customer.admin").email]
    assert "/usage/licences/" in mails[0][1] and "was reopened" in mails[0][1]
    assert not [holder for holder in HOLDERS if holder in mails[0][1]]


def test_an_admin_chooses_and_who_is_none_any_more_gets_nothing(world: World, ask: Any, web: Any) -> None:  # noqa: F811
    client = web("customer.admin")
    assert 'name="licence_released"' in client.get("/me/notices/").content.decode()
    assert client.post("/me/notices/", {"licence_released": "each", "release_reopened": "off"}).status_code == 302
    row = ask()[0]
    for action in ("mark", "reopen"):
        mark(web("vendor.admin"), row, action)
    told(world, "release_asked")
    admin = world.person("customer.admin").email
    assert [body.count("was reopened") for to, body in sent() if to == admin and "A licence for" in body] == [0]
    mail.outbox.clear()
    mark(web("vendor.admin"), row)
    told(world, "release_asked")
    operator = world.operator("customer.admin")
    operator.roles = [Role.READER]
    operator.save()
    assert [to for to, body in sent() if "A licence for" in body] == []


def test_the_system_sees_it(world: World, ask: Any, web: Any) -> None:  # noqa: F811
    """What is hidden by role is not hidden from jobs."""
    (notice,) = hears(world, ask, web, "mark")
    assert notice in Notice.objects.visible_to(Actor.system())

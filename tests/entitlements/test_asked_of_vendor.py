"""What customers ask of the vendor: its staff are told, and find it on their pages."""

import datetime as dt
import io
import json
from html import escape, unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.core import mail
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from entitlements.actions.releases import request_licence_release, withdraw_release_request
from entitlements.actions.trials import approve_trial, cancel_trial, request_trial
from entitlements.ingest.importing import import_feed
from entitlements.models import Entitlement, LicenceRelease, LicenseAssignment, Sku
from notifications import registry
from notifications.actions.outbox import send_due_daily_summary, send_due_emails, write_due_notices
from notifications.models import Delivery, DeliveryChannel, Event, MailMode, Notice, NoticePreference
from notifications.timeline import find_activity_description
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict
from partnerportal.lib.json_lines.files import DecompressingReader
from tests.exports.test_views import NEW, table
from tests.world import SKU_OF_NOBODY, World, canary

pytestmark = pytest.mark.usefixtures("private_folder")

PAGE = "/releases/"


@pytest.fixture
def ask(world: World, actor_for: Any, as_tenant: Any) -> Any:
    """A customer's Admin asks for the release of every licence that it has, under row-level security."""

    def ask(name: str = "customer") -> list[LicenseAssignment]:
        actor = actor_for(f"{name}.admin")
        with as_tenant(actor):
            held = list(LicenseAssignment.objects.visible_to(actor).currently_held())
            return [request_licence_release(actor=actor, assignment=row) for row in held]

    return ask


def told(world: World, code: str) -> list[Notice]:
    while write_due_notices():
        pass
    return list(world.notices("vendor").filter(kind=code))


def said(notice: Notice) -> tuple[str, str, str]:
    kind = registry.get_notice_kinds()[notice.kind]
    return kind.get_subject(notice), kind.get_body(notice), kind.get_link_path(notice)


def mailed() -> list[str]:
    return [message.to[0].partition("<")[2].rstrip(">") for message in mail.outbox]


def test_the_list_has_what_waits_by_its_key(world: World, web: Any, ask: Any) -> None:
    asked = ask()
    for who in ("vendor.admin", "vendor.reader"):
        page = web(who).get(PAGE).content.decode()
        assert world.customer.name in page and world.customer.org_id in page
        assert all(row.external_id in page for row in asked)
        assert canary("customer", "licence holders") not in page
        assert not any(str(row.public_id) in page for row in asked)
        assert world.stranger.name not in page


def test_its_export_names_no_holder_either(world: World, web: Any, ask: Any) -> None:
    asked = ask()
    rows = table(web("vendor.reader").post(NEW, {"list": "releases"}))
    assert [row["key"] for row in rows[1:]] == [row.external_id for row in asked]
    assert [row["org_id"] for row in rows] == [world.customer2.org_id, *[world.customer.org_id] * 2]
    assert not any(canary(name, "licence holders") in str(rows) for name in ("customer", "customer2"))


def test_what_is_released_or_kept_leaves_the_list(world: World, web: Any, ask: Any, actor_for: Any) -> None:
    first, second = ask()
    withdraw_release_request(actor=actor_for("customer.admin"), assignment=first)
    page = web("vendor.admin").get(PAGE).content.decode()
    assert first.external_id not in page and second.external_id in page
    LicenseAssignment.objects.update(released_at=timezone.now())
    assert "No releases waiting" in web("vendor.admin").get(PAGE).content.decode()


@pytest.mark.promise("G-26")
def test_a_licence_that_waits_for_long_is_in_amber(web: Any, ask: Any) -> None:
    ask()
    for days, line in ((3, "<small>3 days waiting</small>"), (4, '<small class="warn">4 days waiting</small>')):
        at = timezone.now() - dt.timedelta(days=days)
        LicenseAssignment.objects.exclude(release_asked_at=None).update(release_asked_at=at)
        assert line in web("vendor.reader").get(PAGE).content.decode()


def mark(client: Any, row: LicenseAssignment, action: str = "mark") -> Any:
    return client.post(f"{PAGE}{action}/?{urlencode({'key': row.external_id})}", follow=True)


def test_staff_mark_what_they_have_released_and_take_it_back(world: World, web: Any, ask: Any, actor_for: Any) -> None:
    LicenseAssignment.objects.filter(customer=world.customer, holder_kind="user").update(external_id="A/1 &? ü")
    other, row = sorted(ask(), key=lambda row: row.holder_kind)
    client = web("vendor.admin")
    assert f"Mark {escape(row.external_id)} as released" in client.get(PAGE).content.decode()
    page = mark(client, row).content.decode()
    assert f"Licence {escape(row.external_id)} for {escape(row.customer.name)} has been marked as released." in page
    assert f"Mark {escape(row.external_id)} as" not in page and other.external_id in page
    undo = page.partition(f'action="{PAGE}reopen/')[2].partition('"')[0]
    row.refresh_from_db()
    assert (
        row.released_at
        and not LicenseAssignment.objects.visible_to(actor_for("customer.admin"))
        .currently_held()
        .filter(pk=row.pk)
        .exists()
    )
    with pytest.raises(Conflict):
        withdraw_release_request(actor=actor_for("customer.admin"), assignment=row)
    assert mark(client, row).status_code == 409
    assert (
        f"Mark {escape(row.external_id)} as"
        in client.post(f"{PAGE}reopen/{unescape(undo)}", follow=True).content.decode()
    )
    assert mark(client, row, "reopen").status_code == 409
    for rubbish in ("", "?key=%00", "?key=nobody-has-it", "?key=" + "x" * 3000):
        assert client.post(f"{PAGE}mark/{rubbish}").status_code == 409
    kinds = Event.objects.filter(subject_id=row.public_id).order_by("pk")
    assert [event.kind.partition(".")[2] for event in kinds] == ["release_asked", "release_marked", "release_reopened"]
    for event in kinds:
        assert canary("customer", "licence holders") not in str(vars(event))
        assert event in Event.objects.visible_to(actor_for("customer.admin"))
        assert event not in Event.objects.visible_to(actor_for("partner.admin"))


def test_readers_see_why_they_may_not_mark(world: World, web: Any, api: Any, ask: Any) -> None:
    row = ask()[0]
    page = web("vendor.reader").get(PAGE).content.decode()
    assert "Only Admins can do this." in page and "/releases/mark/" not in page
    assert mark(web("vendor.reader"), row).status_code == 403
    assert api("vendor.reader").post("/api/v1/releases/mark/", {"key": row.external_id}).status_code == 403


def test_what_is_marked_stays_so_whatever_the_feed_repeats(world: World, web: Any, ask: Any) -> None:
    """Until the licence is given anew. When the feed says when it was released, that is when."""
    row = ask()[0]
    line = {
        "type": "assignment", "external_id": row.external_id, "customer": world.customer.org_id, "sku": row.sku.code,
        "holder_kind": row.holder_kind, "holder": row.holder, "assigned_at": row.assigned_at.isoformat(),
        "last_used_at": row.last_used_at and row.last_used_at.isoformat(),
    }  # fmt: skip
    mark(web("vendor.admin"), row)
    for _again in range(2):
        assert fed(line) == ["unchanged"]
    row.refresh_from_db()
    assert row.released_at
    said = line | {"released_at": timezone.now().isoformat()}
    assert fed(said) == ["changed"] and fed(said) == ["unchanged"] and fed(line) == ["unchanged"]
    row.refresh_from_db()
    assert row.released_at == dt.datetime.fromisoformat(said["released_at"])
    anew = line | {"assigned_at": timezone.now().isoformat()}
    assert fed(anew) == ["changed"]
    row.refresh_from_db()
    assert (row.released_at, row.release_asked_at) == (None, None)


def fed(line: dict[str, Any]) -> list[str]:
    results: list[Any] = []
    file = io.BufferedReader(io.BytesIO(json.dumps(line).encode()))
    import_feed(actor=Actor.system("feed"), stream=DecompressingReader(file), report_result=results.append)
    return [str(result.outcome) for result in results]


def test_the_api_gives_the_same_list_and_actions(world: World, api: Any, ask: Any) -> None:
    asked = ask()
    client = api("vendor.admin")
    items = client.get("/api/v1/releases/").json()["items"]
    assert [item["key"] for item in items[1:]] == [row.external_id for row in asked]
    assert items[1]["customer"] == {
        "org_id": world.customer.org_id, "name": world.customer.name, "country": "DE",
    }  # fmt: skip
    assert set(items[1]) == {"key", "customer", "sku", "asked_at"}
    assert not any(canary(name, "licence holders") in str(items) for name in ("customer", "customer2"))
    key = {"key": asked[0].external_id}
    assert client.post("/api/v1/releases/mark/", key).status_code == 204
    assert client.get("/api/v1/releases/").json()["totalCount"] == 2
    again = client.post("/api/v1/releases/mark/", key)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "state_changed")
    assert client.post("/api/v1/releases/reopen/", key).status_code == 204
    first = client.get("/api/v1/releases/?limit=1").json()
    assert client.get(first["links"]["next"]).json()["items"][0]["key"] == asked[0].external_id


@pytest.mark.parametrize("who", ["customer.admin", "partner.admin", "distributor.admin", "publisher.admin"])
def test_nobody_else_marks_any(who: str, web: Any, api: Any, ask: Any, actor_for: Any, as_tenant: Any) -> None:
    row = ask()[0]
    assert mark(web(who), row).status_code == 404
    assert api(who).post("/api/v1/releases/mark/", {"key": row.external_id}).status_code == 404
    assert api(who).get("/api/v1/releases/").status_code == 404
    with as_tenant(actor_for(who)), connection.cursor() as cursor:  # the second lock
        cursor.execute("SELECT * FROM mark_release(%s, true)", [row.external_id])
        assert cursor.fetchall() == []
    row.refresh_from_db()
    assert row.released_at is None


@pytest.mark.parametrize("who", ["customer.admin", "partner.admin", "distributor.admin", "publisher.admin"])
def test_nobody_else_sees_the_list(who: str, web: Any, ask: Any, actor_for: Any, as_tenant: Any) -> None:
    ask()
    assert web(who).get(PAGE).status_code == 404
    assert not LicenceRelease.objects.visible_to(actor_for(who)).exists()
    with as_tenant(actor_for(who)):  # the second lock, which no condition comes before: this one divides by zero
        assert not LicenceRelease.objects.exists()
        assert list(LicenceRelease.objects.extra(where=["1 / (length(key) - length(key)) = 1"])) == []


def test_the_database_shows_the_vendor_no_holder_and_lets_nobody_write(
    ask: Any, actor_for: Any, as_tenant: Any
) -> None:
    asked = ask()
    with as_tenant(actor_for("vendor.admin")):
        assert LicenceRelease.objects.filter(released_at=None).count() == 1 + len(asked)
        assert LicenceRelease.objects.count() == 2 + len(asked)
        assert not LicenseAssignment.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM entitlements_licencerelease")
        assert {column.name for column in cursor.description} == {f.column for f in LicenceRelease._meta.fields}
    for statement in ("DELETE FROM entitlements_licencerelease", "UPDATE entitlements_licencerelease SET key = 'x'"):
        with pytest.raises(DatabaseError), transaction.atomic(), as_tenant(actor_for("vendor.admin")):
            connection.cursor().execute(statement)


def test_pages_of_fifty_cost_the_same(world: World, web: Any, ask: Any, count_queries: Any) -> None:
    ask()
    client = web("vendor.reader")
    client.get(PAGE)
    with count_queries() as before:
        client.get(PAGE)
    now, sku = timezone.now(), Sku.objects.earliest("pk")
    LicenseAssignment.objects.bulk_create(
        LicenseAssignment(
            customer=world.stranger, sku=sku, external_id=f"KEY-{number:03}", holder_kind="device", holder="d",
            assigned_at=now, release_asked_at=now + dt.timedelta(seconds=number),
        )
        for number in range(60)
    )  # fmt: skip
    with count_queries() as after:
        page = client.get(PAGE).content.decode()
    assert len(after) == len(before)
    assert page.count('<td class="cell-name">') == 50 and "KEY-046" in page and "KEY-047" not in page
    cursor = page.partition("?cursor=")[2].partition('"')[0]
    assert client.get(f"{PAGE}?cursor={cursor}").content.decode().count('<td class="cell-name">') == 13
    for rubbish in ("%00", "x", "e30"):
        assert "KEY-046" in client.get(f"{PAGE}?cursor={rubbish}").content.decode()


def test_staff_hear_of_releases_once_a_day_for_each_customer(world: World, ask: Any) -> None:
    assert len(ask()) == 2
    ask("stranger")
    notices = told(world, "release_asked")
    assert [said(notice)[0] for notice in notices] == [
        f"{world[name].name} wants to release licences" for name in ("customer", "stranger")
    ]
    assert said(notices[0])[1:] == ("The “Licence releases” page shows which licences to release.", PAGE)
    LicenseAssignment.objects.update(release_asked_at=None)
    ask()
    assert len(told(world, "release_asked")) == 2
    yesterday = timezone.now() - dt.timedelta(days=1)
    for notice in notices:
        notice.at, notice.params["day"] = yesterday, yesterday.date().isoformat()
        notice.save()
    LicenseAssignment.objects.update(release_asked_at=None)
    ask()
    assert len(told(world, "release_asked")) == 3


def test_staff_hear_that_a_release_is_taken_back(world: World, ask: Any, actor_for: Any) -> None:
    """Once a day for each customer, by the same ways as of the request."""
    for row in ask():
        withdraw_release_request(actor=actor_for("customer.admin"), assignment=row)
    (notice,) = told(world, "release_withdrawn")
    assert said(notice) == (
        f"{world.customer.name} withdrew a request to release licences",
        "The “Licence releases” page shows which licences to release.",
        PAGE,
    )
    assert canary("customer", "licence holders") not in str(vars(notice))
    Delivery.objects.filter(channel=DeliveryChannel.DIGEST).update(next_at=timezone.now())
    while send_due_daily_summary():
        pass
    (message,) = mail.outbox
    assert message.body.index("wants to release") < message.body.index("withdrew a request")


def test_staff_hear_of_a_customers_request_and_not_of_the_feeds(world: World, actor_for: Any, as_tenant: Any) -> None:
    actor = actor_for("customer.admin")
    with as_tenant(actor):
        trial = request_trial(actor=actor, sku=Sku.objects.get(code=SKU_OF_NOBODY), quantity=12)
    line = {"type": "entitlement", "external_id": "F-1", "customer": world.stranger.org_id, "sku": SKU_OF_NOBODY,
            "kind": "trial", "state": "requested", "quantity": 3}  # fmt: skip
    file = io.BufferedReader(io.BytesIO(json.dumps(line).encode()))
    import_feed(actor=Actor.system("feed"), stream=DecompressingReader(file), report_result=lambda result: None)
    assert Notice.objects.filter(kind="trial_asked").count() == 0
    (notice,) = told(world, "trial_asked")
    subject = f"{world.customer.name} requested a trial of {trial.sku.name}"
    assert said(notice) == (subject, "12 licences", "/trials/")
    assert not world.notices("vendor").filter(kind="trial_requested").exists()
    assert world.notices("stranger").filter(kind="trial_requested").count() == 1  # the feed's is news of its own
    while send_due_emails():
        pass
    assert [to for to, message in zip(mailed(), mail.outbox, strict=True) if message.subject == subject] == [
        world.person("vendor.admin").email
    ]


def test_staff_hear_of_a_request_that_is_taken_back(world: World, actor_for: Any, as_tenant: Any) -> None:
    """Not of one that they end themselves, of a trial that ran, nor of what the feed said."""
    actor, staff = actor_for("customer.admin"), actor_for("vendor.admin")
    skus = [Sku.objects.create(code=f"try-{n}", service="Try", name=f"Try {n}") for n in range(3)]
    with as_tenant(actor):
        taken_back, ended, ran = (request_trial(actor=actor, sku=sku, quantity=12) for sku in skus)
        of_feed = Entitlement.objects.get(customer=world.customer, kind="trial", state="requested", starts_on=None,
                                          external_id=f"{canary('customer', 'goods')}-2")  # fmt: skip
        for trial in (taken_back, of_feed):
            cancel_trial(actor=actor, trial=trial)
    with as_tenant(staff):
        cancel_trial(actor=staff, trial=ended)
        approve_trial(actor=staff, trial=ran)
    with as_tenant(actor):
        cancel_trial(actor=actor, trial=ran)
    (notice,) = told(world, "trial_withdrawn")
    subject = f"{world.customer.name} withdrew its request for a trial of Try 0"
    assert said(notice) == (subject, "12 licences", "/trials/")
    subjects = {str(registry.get_notice_kinds()["trial_cancelled"].get_subject(row))
                for row in Notice.objects.filter(kind="trial_cancelled")}  # fmt: skip
    said_of_both = {"The request for a trial of Try 0 was cancelled", "The trial of Try 2 was cancelled"}
    assert said_of_both <= subjects
    tell = find_activity_description("trial.cancelled").build_sentence
    assert said_of_both <= {tell(event) for event in Event.objects.filter(kind="trial.cancelled")}
    assert [code for code, _ in registry.list_notice_kind_choices(actor) if code == "trial_withdrawn"] == []
    while send_due_emails():
        pass
    assert [to for to, message in zip(mailed(), mail.outbox, strict=True) if message.subject == subject] == [
        world.person("vendor.admin").email
    ]


def test_mails_follow_the_choice(world: World, ask: Any) -> None:
    """An Admin gets releases in the daily summary, unless they choose otherwise; a Reader nothing."""
    reader, admin = (world.person(f"vendor.{role}") for role in ("reader", "admin"))
    preference = {"organization_id": world.vendor.pk, "kind": "release_asked"}
    NoticePreference.objects.create(**preference, person_id=reader.pk, mail=MailMode.EACH)
    ask()
    told(world, "release_asked")
    while send_due_emails():
        pass
    assert mailed() == [reader.email]
    assert f"{settings.PORTAL_ORIGIN}{PAGE}" in mail.outbox[0].body
    Delivery.objects.filter(channel=DeliveryChannel.DIGEST).update(next_at=timezone.now())
    while send_due_daily_summary():
        pass
    assert mailed() == [reader.email, admin.email]
    assert "wants to release licences" in mail.outbox[1].body
    assert not any(canary("customer", "licence holders") in message.body for message in mail.outbox)


def test_everybody_chooses_among_what_they_can_get(world: World, web: Any) -> None:
    vendor, partner = web("vendor.reader"), web("partner.reader")
    for address, attribute in (("/me/notices/", "name"), ("/inbox/", "value")):
        of_vendor, of_partner = (client.get(address).content.decode() for client in (vendor, partner))
        for code in ("trial_asked", "release_asked"):
            assert f'{attribute}="{code}"' in of_vendor and f'{attribute}="{code}"' not in of_partner
        for code in ("ends_soon", "customer_ended"):
            assert f'{attribute}="{code}"' in of_partner and f'{attribute}="{code}"' not in of_vendor
    assert vendor.post("/me/notices/", {"release_asked": "each"}).status_code == 302
    assert NoticePreference.objects.get(person_id=world.person("vendor.reader").pk).mail == MailMode.EACH

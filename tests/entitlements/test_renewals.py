"""What ends soon: the page, and announcements, each once."""

import datetime as dt
import re

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from accounts.models import Person
from connections.actions import end_connection
from entitlements.actions.renewals import announce_renewals
from entitlements.models import Entitlement, RenewalAlert
from notifications.actions.outbox import send_due_daily_summary, send_due_emails, write_due_notices
from notifications.actions.preferences import set_notice_choices
from notifications.models import (
    Delivery,
    DeliveryChannel,
    Event,
    MailMode,
    Notice,
    NoticeDeliveryChoice,
    NoticePreference,
)
from partnerportal.lib.days import today
from tests.world import canary


def days(count):
    return dt.timedelta(days=count)


@pytest.fixture
def ends(world):
    """The customer's production entitlement, alone, seen here for long, ending in so many days."""

    def ends(left, name="customer", first_seen=400):
        mine = Entitlement.objects.filter(customer=world[name], state="active")
        mine.filter(kind="trial").delete()
        at = timezone.now() - days(first_seen)
        mine.update(ends_on=today() + days(left), created_at=at, starts_on=today() - days(500))
        return mine.get()

    RenewalAlert.objects.all().delete()
    Entitlement.objects.filter(state="active").update(ends_on=None)
    return ends


def tell():
    told = announce_renewals()
    while write_due_notices():
        pass
    return told


def alerts():
    return list(RenewalAlert.objects.order_by("pk").values_list("days", flat=True))


def in_the_morning():
    """The summaries that wait, as if it were their morning."""
    Delivery.objects.filter(channel=DeliveryChannel.DIGEST, done_at=None).update(next_at=timezone.now())
    while send_due_daily_summary():
        pass
    return mail.outbox


def recipient_of(message):
    return message.to[0].partition("<")[2].rstrip(">")


# --- Announcements --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "told"),
    [(0, [7]), (7, [7]), (8, [30]), (30, [30]), (31, [60]), (60, [60]), (61, [90]), (90, [90]), (91, [])],
)
def test_the_nearest_threshold_is_told(ends, left, told):
    ends(left)
    tell()
    assert alerts() == told


@pytest.mark.promise("G-5")
def test_each_threshold_once_as_days_pass(ends):
    ends(95)
    for passed in range(97):
        with time_machine.travel(timezone.now() + days(passed), tick=False):
            announce_renewals()
            assert announce_renewals() == 0
    assert alerts() == [90, 60, 30, 7]


@pytest.mark.parametrize(("first_seen", "told"), [(0, []), (4, []), (5, [30]), (400, [30])])
def test_what_was_crossed_before_it_was_first_seen_is_not_told(ends, first_seen, told):
    """The first load of old data is no news."""
    ends(25, first_seen=first_seen)
    tell()
    assert alerts() == told


def test_a_moved_end_is_announced_anew(ends):
    row = ends(20)
    assert tell() == 1
    Entitlement.objects.filter(pk=row.pk).update(ends_on=today() + days(28))
    assert tell() == 1
    assert tell() == 0
    assert Event.objects.filter(kind="entitlement.ends_soon", subject_id=row.public_id).count() == 2


def test_nothing_is_told_of_what_does_not_run(ends):
    Entitlement.objects.filter(pk=ends(20).pk).update(state="cancelled")
    assert tell() == 0


def test_batches_tell_all(ends, monkeypatch):
    monkeypatch.setattr("entitlements.actions.renewals.BATCH", 1)
    for name in ("customer", "customer2", "stranger"):
        ends(20, name)
    assert tell() == 3


def test_everyone_connected_is_told_in_the_inbox_and_by_one_summary(ends, world):
    ends(20)
    ends(6, "customer2")
    tell()
    told = Notice.objects.filter(kind="ends_soon")
    names = {(world.names[n.recipient_id], n.about_label) for n in told}
    both = (world.customer.name, world.customer2.name)
    assert names == {
        *((who, name) for who in ("partner", "distributor") for name in both),
        ("customer", both[0]),
        ("lapsed", both[0]),
        ("customer2", both[1]),
        ("partner2", both[1]),
        ("distributor2", both[1]),
    }
    assert send_due_emails() == 0
    sent = {recipient_of(m): m for m in in_the_morning()}
    people = ("partner.admin", "distributor.admin", "customer.admin", "customer2.admin", "partner2.admin", "many")
    people += ("distributor2.admin",)
    assert set(sent) == {world.person(who).email for who in people}
    assert len(mail.outbox) == len(sent)
    message = sent[world.person("partner.admin").email]
    assert message.subject == "Your daily summary: 2 notifications"
    assert all(name in message.body for name in both)
    many = sent[world.person("many").email]  # of all their organisations
    assert many.subject == "Your daily summary: 4 notifications"
    assert all(world[name].name in many.body for name in ("partner", "distributor"))
    assert "/me/notices/" in message.body
    assert re.fullmatch(rf"<summary\.{world.person('partner.admin').pk}\.20\d\d-\d\d-\d\d@localhost>",
                        message.extra_headers["Message-ID"])  # fmt: skip


def test_summaries_speak_the_readers_language_and_come_in_their_morning(ends, world):
    Person.objects.filter(pk=world.person("customer.admin").pk).update(language="fr", time_zone="Asia/Tokyo")
    ends(20)
    tell()
    person = world.person("customer.admin")
    waiting = Delivery.objects.get(channel=DeliveryChannel.DIGEST, person_id=person.pk)
    local = waiting.next_at.astimezone(dt.timezone(dt.timedelta(hours=9)))
    assert (local.hour, local.minute // 10) == (7, 0)
    assert waiting.day == local.date()
    sent = {recipient_of(m): m for m in in_the_morning()}
    assert 'lang="fr"' in sent[person.email].alternatives[0][0]


def test_a_broken_mail_server_sends_the_same_summary_again(ends, world, settings):
    ends(20)
    tell()
    settings.EMAIL_BACKEND = "tests.notifications.test_outbox.Refusing"
    in_the_morning()
    waiting = Delivery.objects.filter(channel=DeliveryChannel.DIGEST, done_at=None)
    assert set(waiting.values_list("attempts", flat=True)) == {1}
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    in_the_morning()
    assert not waiting.exists()
    assert len(mail.outbox) == len({recipient_of(m) for m in mail.outbox}) == 4


@pytest.mark.promise("E-4")
def test_after_the_end_of_a_connection_its_summary_says_nothing(ends, world, actor_for):
    ends(20)
    tell()
    end_connection(actor=actor_for("customer.admin"), connection=world.connection("customer", "partner"))
    mail.outbox.clear()
    sent = {recipient_of(m) for m in in_the_morning()}
    assert sent == {world.person("customer.admin").email}


def test_after_a_connection_ended_nothing_is_told(ends, world, actor_for):
    end_connection(actor=actor_for("customer.admin"), connection=world.connection("customer", "partner"))
    ends(20)
    tell()
    told = Notice.objects.filter(kind="ends_soon").values_list("recipient_id", flat=True)
    assert {world.names[pk] for pk in told} == {"customer", "lapsed"}


# --- What people want by e-mail -------------------------------------------------------------------------------


def test_a_reader_may_want_it_and_an_admin_may_not(ends, world, web):
    web("partner.admin").post("/me/notices/", {"ends_soon": "off"})
    web("partner.reader").post("/me/notices/", {"ends_soon": "each"})
    ends(20)
    tell()
    while send_due_emails():
        pass
    assert [recipient_of(m) for m in mail.outbox] == [world.person("partner.reader").email]
    mail.outbox.clear()
    assert world.person("partner.admin").email not in {recipient_of(m) for m in in_the_morning()}


def test_a_choice_is_of_one_organisation(world, actor_for):
    set_notice_choices(actor=actor_for("many@partner"), choices={"ends_soon": NoticeDeliveryChoice(MailMode.OFF)})
    assert list(NoticePreference.objects.filter(person_id=world.person("many").pk).values_list("organization_id")) == [
        (world.partner.pk,)
    ]


def test_a_lapsed_badge_gets_no_mail_of_customers(ends, world, actor_for):
    set_notice_choices(actor=actor_for("lapsed.admin"), choices={"ends_soon": NoticeDeliveryChoice(MailMode.EACH)})
    ends(20)
    tell()
    assert not Delivery.objects.filter(channel=DeliveryChannel.EMAIL, done_at=None).exists()


def test_what_is_usual_is_not_kept(world, web):
    client = web("customer.admin")
    page = client.get("/me/notices/").content.decode()
    assert page.count('<option value="off" selected>') >= 4
    NoticePreference.objects.all().delete()
    client.post("/me/notices/", {"ends_soon": "digest", "trial_approved": "each", "entitlement_added": "off"})
    assert not NoticePreference.objects.exists()


@pytest.mark.parametrize("data", [{"ends_soon": "sometimes"}, {"ends_soon": "\0"}, {"unknown": "each"}])
def test_nonsense_changes_nothing(world, web, data):
    before = list(NoticePreference.objects.order_by("pk").values())
    assert web("stranger.reader").post("/me/notices/", data).status_code in (200, 302)
    assert list(NoticePreference.objects.order_by("pk").values()) == before


# --- The page -------------------------------------------------------------------------------------------------


def test_colour_is_for_what_ends_within_a_week(web, ends):
    for left, tone in ((7, ' class="soon"'), (8, ' class="near"'), (30, ' class="near"'), (31, ' class=""')):
        ends(left)
        page = web("partner.reader").get("/renewals/?within=60").content.decode()
        assert f'<time datetime="{today() + days(left)}"{tone}>' in page


@pytest.mark.promise("G-5")
def test_a_partner_sees_its_customers_by_week(world, web, ends):
    ends(3)
    ends(40, "customer2")
    client = web("partner.reader")
    page = client.get("/renewals/").content.decode()
    assert world.customer.name in page
    assert world.customer2.name not in page
    assert "3 days left" in page
    assert world.customer2.name in client.get("/renewals/?within=60").content.decode()
    grid = client.get(f"/renewals/?show=calendar&from={today() + days(40)}").content.decode()
    assert world.customer2.name in grid
    assert f'href="/renewals/?on={today() + days(40)}"' in grid
    day = client.get(f"/renewals/?on={today() + days(40)}").content.decode()
    assert world.customer2.name in day
    assert world.customer.name not in day


@pytest.mark.promise("G-21")
def test_the_calendar_rolls_five_weeks_from_this_one(web, world, ends):
    ends(3)
    ends(40, "customer2")
    client = web("partner.admin")
    page = client.get("/renewals/?show=calendar").content.decode()
    cells = re.findall(r'<td class="[^"]*"[^>]*>.*?<time datetime="([^"]+)"', page, re.S)
    first = dt.date.fromisoformat(cells[0])
    assert cells == [str(first + days(number)) for number in range(35)]
    assert first <= today() < first + days(7)
    assert 'aria-label="Views"' not in page and 'rel="prev"' not in page
    later = client.get(re.search(r'rel="next" href="([^"]+)"', page)[1].replace("&amp;", "&")).content.decode()
    assert f'<time datetime="{first + days(35)}"' in later and 'rel="prev"' in later
    assert 'href="/renewals/?show=calendar">Today' in later


def test_a_trial_is_a_dot_in_the_calendar(web, world, ends):
    row = ends(3)
    assert 'class="dot" title="Trial"' not in web("partner.admin").get("/renewals/?show=calendar").content.decode()
    Entitlement.objects.filter(pk=row.pk).update(kind="trial")
    assert 'class="dot" title="Trial"' in web("partner.admin").get("/renewals/?show=calendar").content.decode()


@pytest.mark.promise("G-21")
def test_a_switch_parts_renewals_from_trials(web, world, ends):
    Entitlement.objects.filter(pk=ends(3).pk).update(kind="trial")
    ends(4, "customer2")
    client = web("partner.admin")
    for kind, sees in (("", (True, True)), ("?kind=trial", (True, False)), ("?kind=production", (False, True))):
        page = client.get(f"/renewals/{kind}").content.decode()
        assert (world.customer.name in page, world.customer2.name in page) == sees


@pytest.mark.parametrize(
    ("who", "sees"), [("customer.reader", True), ("lapsed.admin", False), ("stranger.admin", False)]
)
def test_everybody_else_sees_their_own(world, web, ends, who, sees):
    ends(3)
    page = web(who).get("/renewals/").content.decode()
    assert (canary("customer", "skus") in page) is sees


def test_an_ended_connection_takes_its_renewals_along(world, web, ends, actor_for):
    ends(3)
    end_connection(actor=actor_for("partner.admin"), connection=world.connection("customer", "partner"))
    assert world.customer.name not in web("partner.admin").get("/renewals/").content.decode()


def test_pages_of_a_long_list(world, web, ends, monkeypatch):
    monkeypatch.setattr("partnerportal.lib.personal_lists.SIZES", (1, 50))
    ends(3)
    ends(4, "customer2")
    client = web("partner.admin")
    first = client.get("/renewals/?size=1").content.decode()
    assert (world.customer.name in first, world.customer2.name in first) == (True, False)
    following = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    second = client.get(following).content.decode()
    assert (world.customer.name in second, world.customer2.name in second) == (False, True)
    assert 'rel="prev"' in second


def test_a_range_of_days_takes_the_place_of_a_day(web, world, ends):
    """The form of ranges keeps the rest of the address, so both can stand in it."""
    ends(3)
    ends(40, "customer2")
    there = f"ends_from={today() + days(30)}&ends_to={today() + days(50)}"
    page = web("partner.reader").get(f"/renewals/?on={today() + days(3)}&{there}").content.decode()
    assert world.customer2.name in page and world.customer.name not in page


NONSENSE = ("within=31", "within=x", "on=tomorrow", "on=1999-01-01", "on=%00", "from=2026-99", "cursor=%00")


@pytest.mark.parametrize("query", [*NONSENSE, "show=calendar&from=0001-01-01", "show=calendar&from=9999-12-31"])
def test_nonsense_in_the_address_falls_back(web, query):
    assert web("partner.admin").get(f"/renewals/?{query}").status_code == 200


@pytest.mark.parametrize("path", ["/renewals/?within=90", "/renewals/?show=calendar"])
def test_queries_do_not_grow_with_rows(world, web, ends, count_queries, path):
    with time_machine.travel(dt.datetime.combine(today().replace(day=1), dt.time(9), dt.UTC), tick=False):
        client = web("partner.admin")
        ends(3)
        client.get(path)
        with count_queries() as one:
            client.get(path)
        row = ends(4, "customer2")
        for number in range(2):
            row.pk, row.public_id = None, f"0b8b3c1e-6d0f-4a57-9d0e-2f6a0a5d7c1{number}"
            row.external_id = f"more-{number}"
            row.save(force_insert=True)
        with count_queries() as three:
            client.get(path)
    assert len(three) <= len(one)

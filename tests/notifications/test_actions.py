"""The inbox: dismissing is the organisation's, reading the person's (CC-54…CC-58)."""

import copy
import uuid

import pytest
from django.db import connection

from notifications import queries
from notifications.actions.inbox import dismiss_notice, mark_all_notices_read, mark_notice_read, restore_notice
from notifications.models import Event, Notice
from partnerportal.lib.errors import ActionRefused


@pytest.fixture
def do(as_tenant, actor_for):
    def run(action, who, **values):
        actor = actor_for(who)
        with as_tenant(actor):
            action(actor=actor, **values)

    return run


@pytest.fixture
def shared(world):
    """The same news in two inboxes."""
    rows = Notice.objects.filter(kind="entitlement_added", about_id=world.customer.pk)
    return {world.names[row.recipient_id]: row for row in rows}


def crowd(notice, *, about):
    """A thousand more notices of the same inbox, of another customer."""
    events, notices = [notice.event] * 1000, [notice] * 1000
    for rows in (events, notices):
        rows[:] = [copy.copy(row) for row in rows]
        for row in rows:
            row.pk, row.public_id = None, uuid.uuid4()
    for notice, notice.event in zip(notices, Event.objects.bulk_create(events), strict=True):
        notice.about_id, notice.about_public_id = about.pk, about.public_id
    Notice.objects.bulk_create(notices)


def open_of(actor):
    return set(Notice.objects.visible_to(actor).not_dismissed())


def test_news_reaches_the_customer_its_partners_and_their_distributor(shared):
    assert set(shared) == {"customer", "partner", "distributor", "lapsed"}


@pytest.mark.parametrize("who", ["partner.admin", "partner.admin_agent"])
def test_dismissing_hides_it_from_the_own_organisation_only(do, who, shared, actor_for):
    do(dismiss_notice, who, notice=shared["partner"])
    assert shared["partner"] not in open_of(actor_for("partner.reader"))
    for other in ("customer", "distributor"):
        assert shared[other] in open_of(actor_for(f"{other}.reader"))
    do(restore_notice, who, notice=shared["partner"])
    assert shared["partner"] in open_of(actor_for("partner.reader"))


@pytest.mark.parametrize("who", ["partner.reader", "partner.sales_agent"])
@pytest.mark.parametrize("action", [dismiss_notice, restore_notice])
def test_who_may_not_dismiss(do, who, action, shared):
    with pytest.raises(ActionRefused):
        do(action, who, notice=shared["partner"])


def test_another_organisations_notice_stays_as_it_is(do, shared):
    do(dismiss_notice, "stranger.admin", notice=shared["partner"])
    shared["partner"].refresh_from_db()
    assert shared["partner"].dismissed_at is None


def test_dismissing_twice_keeps_the_first_time(do, shared):
    do(dismiss_notice, "partner.admin", notice=shared["partner"])
    shared["partner"].refresh_from_db()
    first = shared["partner"].dismissed_at
    do(dismiss_notice, "partner.admin_agent", notice=shared["partner"])
    shared["partner"].refresh_from_db()
    assert shared["partner"].dismissed_at == first


def test_reading_is_personal(do, shared, actor_for):
    reader, admin = actor_for("partner.reader"), actor_for("partner.admin")
    before = queries.count_unread_notices(reader)
    do(mark_notice_read, "partner.reader", notice=shared["partner"])
    do(mark_notice_read, "partner.reader", notice=shared["partner"])
    assert (queries.count_unread_notices(reader), queries.count_unread_notices(admin)) == (before - 1, before)
    unread = {notice for notice in queries.list_notices(reader) if notice.is_unread}
    assert shared["partner"] not in unread
    assert len(unread) == before - 1


def test_all_read_is_personal_and_for_one_organisation(do, actor_for):
    do(mark_all_notices_read, "many@partner")
    do(mark_all_notices_read, "many@partner")
    assert queries.count_unread_notices(actor_for("many@partner")) == 0
    assert queries.count_unread_notices(actor_for("many@distributor")) > 0
    assert queries.count_unread_notices(actor_for("partner.admin")) > 0


def test_without_the_badge_no_news_of_customers(world, actor_for):
    """The lapsed partner is still connected; its notices of the customer wait for the next badge (CC-5)."""
    lapsed = actor_for("lapsed.admin")
    assert Notice.objects.filter(recipient_id=world.lapsed.pk, about_id=world.customer.pk).exists()
    assert not Notice.objects.visible_to(lapsed).filter(about_id=world.customer.pk).exists()


def test_the_customer_filter_names_who_is_in_the_news(world, actor_for):
    named = dict(queries.list_customers_with_notices(actor_for("partner.admin")))
    assert named == {str(row.public_id): row.name for row in (world.customer, world.customer2)}


def test_the_chosen_customer_is_named_though_its_news_is_old(world, actor_for, monkeypatch):
    monkeypatch.setattr(queries, "NEWS_LOOKED_AT", 1)
    actor = actor_for("partner.admin")
    latest = set(dict(queries.list_customers_with_notices(actor)))
    assert len(latest) <= 1
    for customer in (world.customer, world.customer2):
        named = dict(queries.list_customers_with_notices(actor, customer.public_id))
        assert set(named) == latest | {str(customer.public_id)}
        assert named[str(customer.public_id)] == customer.name
    assert set(dict(queries.list_customers_with_notices(actor, world.stranger.public_id))) == latest


def test_the_news_of_one_customer_comes_from_an_index(world, actor_for):
    rows = queries.list_notices(actor_for("partner.admin")).filter(about_public_id=world.customer.public_id)
    assert rows and all(row.about_id == world.customer.pk for row in rows)
    crowd(rows[0], about=world.customer2)  # else any index is as good, by what the planner last counted
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE notifications_notice")
    assert "notice_of_customer" in rows.explain()

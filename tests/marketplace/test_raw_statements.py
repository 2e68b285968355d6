"""Row-level security of offers and requests against bare statements: what no action does, the database refuses too."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from marketplace.models import Market, Offer, PrivateInfo, SaleStop, StopReason
from partnerportal.lib.errors import NotFound
from support.actions.rows import check_request
from support.models import Request
from tests.marketplace.rivals import Rival
from tests.world import World

pytestmark = pytest.mark.django_db
WHO = ("publisher.admin", "publisher.reader", "partner.admin", "distributor.admin", "customer.admin", "stranger.admin")
TABLES = (
    "offer", "privateinfo", "offerversion", "channelinfo", "plan", "price", "salestop", "stopreason", "authorization",
    "audiencechange", "subscription", "subscriptionterm", "resellerlisting", "healthissue", "healthreport", "market",
    "marketcountry", "category",
)  # fmt: skip


@pytest.fixture
def names(world: World, rival: Rival) -> dict[str, Any]:
    """What statements name: rows of the rival as "theirs_…" and those of the cast's publisher as "own_…"."""
    offer = Offer.objects.get(code="backup")
    monitor = Offer.objects.get(code="monitor")
    plan = offer.plans.get(code="basic")
    draft = offer.versions.get(number=None)
    by_vendor = SaleStop.objects.create(offer=offer, by_vendor=True)
    StopReason.objects.create(stop=by_vendor, text="Recall")
    own_stop = SaleStop.objects.create(offer=monitor)
    return {
        **{f"theirs_{name}": key for name, key in rival.ids.items()},
        "own_offer": offer.pk, "own_plan": plan.pk, "own_draft": draft.pk, "own_live": offer.live_version_id,
        "own_stop": own_stop.pk,
        "monitor": monitor.pk, "by_vendor": by_vendor.pk, "org": world.publisher.pk, "partner": world.partner.pk,
        "distributor": world.distributor.pk, "customer": world.customer.pk, "new": uuid.uuid4(),
        "japan": Market.objects.get(code="japan").pk, "begun": plan.prices.get(currency="EUR").pk,
    }  # fmt: skip


def attempt(statement: str, names: dict[str, Any]) -> int | str:
    """Return how many rows a statement wrote, or the message of the database that refused it."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, names)
            return cursor.rowcount
    except DatabaseError as error:
        return str(error).splitlines()[0]


NEW_OFFER = """INSERT INTO marketplace_offer (public_id, publisher_id, code, type, pricing_model, audience,
    audience_revision, last_discarded, created_at, changed_at, listing,
        search, sort_en, sort_fr,
        sort_ja,
    categories) VALUES (%(new)s, {publisher}, 'mine', 'saas', 'flat', 'none', 1, 0, now(), now(),
        '{{}}', '',
    '', '', '', '{{}}')"""
NEW_PRICE = """INSERT INTO marketplace_price (public_id, plan_id, market_id, currency, term, billing, valid_from,
        amount,
    created_at) VALUES (%(new)s, %({plan})s, %(japan)s, 'JPY', 'P1Y', 'P1M', {day}, 5, now())"""
NEW_STOP = """INSERT INTO marketplace_salestop (public_id, offer_id, plan_id, term, by_vendor, began_at)
    VALUES (%(new)s, %({offer})s, %({plan})s, '', {by_vendor}, now())"""
NEW_AUTHORIZATION = """INSERT INTO marketplace_authorization (public_id, offer_id, publisher_id, organization_id,
        source,
    since) VALUES (%(new)s, %({offer})s, %(org)s, %(partner)s, 'selected', now())"""
# What the Admin of a publisher tries past all actions.
BY_PUBLISHER = {
    "end an authorisation": "UPDATE marketplace_authorization SET ended_at = now() WHERE offer_id = %(monitor)s",
    "authorise for a foreign offer": NEW_AUTHORIZATION.format(offer="theirs_offer"),
    "delete an authorisation": "DELETE FROM marketplace_authorization WHERE offer_id = %(monitor)s",
    "save a change of a foreign audience": """INSERT INTO marketplace_audiencechange (offer_id, publisher_id,
        organization_id, is_removal, source) VALUES (%(theirs_offer)s, %(org)s, %(partner)s, false, 'selected')""",
    "close the live offer that was sold": "UPDATE marketplace_offer SET audience = 'none' WHERE id = %(own_offer)s",
    "open a live offer": "UPDATE marketplace_offer SET audience = 'any' WHERE id = %(monitor)s",
    "make a foreign version live": "UPDATE marketplace_offer SET live_version_id = %(theirs_live)s "
    "WHERE id = %(own_offer)s",
    "make a foreign draft live": "UPDATE marketplace_offer SET live_version_id = %(theirs_draft)s "
    "WHERE id = %(own_offer)s",
    "make a draft live": "UPDATE marketplace_offer SET live_version_id = %(own_draft)s WHERE id = %(own_offer)s",
    "take an offer back": "UPDATE marketplace_offer SET live_version_id = NULL WHERE id = %(own_offer)s",
    "rename an offer": "UPDATE marketplace_offer SET code = 'other' WHERE id = %(own_offer)s",
    "take a foreign offer": "UPDATE marketplace_offer SET publisher_id = %(org)s WHERE id = %(theirs_offer)s",
    "write a foreign offer": "UPDATE marketplace_offer SET changed_at = now() WHERE id = %(theirs_offer)s",
    "write the webhook of another": "UPDATE marketplace_privateinfo SET webhook_url = 'https://x.example' "
    "WHERE offer_id = %(theirs_offer)s",
    "give one's private facts away": "UPDATE marketplace_privateinfo SET offer_id = %(theirs_offer)s "
    "WHERE offer_id = %(own_offer)s",
    "delete private facts": "DELETE FROM marketplace_privateinfo WHERE offer_id = %(own_offer)s",
    "make an offer of another": NEW_OFFER.format(publisher="%(theirs_organization)s"),
    "make an offer of another type": "UPDATE marketplace_offer SET type = 'container' WHERE id = %(own_offer)s",
    "price an offer otherwise": "UPDATE marketplace_offer SET pricing_model = 'flat' WHERE id = %(own_offer)s",
    "rename a plan": "UPDATE marketplace_plan SET code = 'other' WHERE id = %(own_plan)s",
    "delete an offer": "DELETE FROM marketplace_offer WHERE id = %(own_offer)s",
    "change a published version": "UPDATE marketplace_offerversion SET content = '{}' WHERE id = %(own_live)s",
    "write a foreign draft": "UPDATE marketplace_offerversion SET content = '{}' WHERE id = %(theirs_draft)s",
    "move a version": "UPDATE marketplace_offerversion SET offer_id = %(own_offer)s WHERE id = %(theirs_draft)s",
    "delete a version": "DELETE FROM marketplace_offerversion WHERE id = %(own_live)s",
    "delete a foreign draft": "DELETE FROM marketplace_offerversion WHERE id = %(theirs_draft)s",
    "delete published channel material": "DELETE FROM marketplace_channelinfo WHERE version_id = %(own_live)s",
    "delete foreign channel material": "DELETE FROM marketplace_channelinfo WHERE version_id = %(theirs_draft)s",
    "reword the reason of the vendor": "UPDATE marketplace_stopreason SET text = '' WHERE stop_id = %(by_vendor)s",
    "delete the reason of the vendor's stop": "DELETE FROM marketplace_stopreason WHERE stop_id = %(by_vendor)s",
    "give a foreign stop a reason": "INSERT INTO marketplace_stopreason (stop_id, text) VALUES (%(theirs_stop)s, 'x')",
    "change published channel material": "UPDATE marketplace_channelinfo SET content = '{}' "
    "WHERE version_id = %(own_live)s",
    "change foreign channel material": "UPDATE marketplace_channelinfo SET content = '{}' "
    "WHERE version_id = %(theirs_draft)s",
    "move a plan": "UPDATE marketplace_plan SET offer_id = %(theirs_offer)s WHERE id = %(own_plan)s",
    "move a plan of another": "UPDATE marketplace_plan SET offer_id = %(own_offer)s WHERE id = %(theirs_plan)s",
    "close a plan of another": "UPDATE marketplace_plan SET is_live = false WHERE id = %(theirs_plan)s",
    "delete a published plan": "DELETE FROM marketplace_plan WHERE id = %(own_plan)s",
    "delete a plan of another": "DELETE FROM marketplace_plan WHERE id = %(theirs_plan)s",
    "add a plan to another's offer": """INSERT INTO marketplace_plan (public_id, offer_id, code, is_live, is_byol,
        is_open,
        is_one_per_customer, names, position) VALUES (%(new)s, %(theirs_offer)s, 'x', true, false, true, false, '{}',
        0)""",
    "price a foreign plan": NEW_PRICE.format(plan="theirs_plan", day="current_date"),
    "price in the past": NEW_PRICE.format(plan="own_plan", day="'2020-01-01'"),
    "change an amount": "UPDATE marketplace_price SET amount = 1 WHERE id = %(begun)s",
    "withdraw a price that has begun": "UPDATE marketplace_price SET withdrawn_at = now() WHERE id = %(begun)s",
    "withdraw a foreign price": "UPDATE marketplace_price SET withdrawn_at = now() WHERE id = %(theirs_price)s",
    "delete a price": "DELETE FROM marketplace_price WHERE id = %(begun)s",
    "lift the vendor's stop": "UPDATE marketplace_salestop SET lifted_at = now() WHERE id = %(by_vendor)s",
    "make the vendor's stop one's own": "UPDATE marketplace_salestop SET by_vendor = false WHERE id = %(by_vendor)s",
    "lift a foreign stop": "UPDATE marketplace_salestop SET lifted_at = now() WHERE id = %(theirs_stop)s",
    "delete a stop": "DELETE FROM marketplace_salestop WHERE id = %(by_vendor)s",
    "stop a foreign offer": NEW_STOP.format(offer="theirs_offer", plan="theirs_plan", by_vendor="false"),
    "stop a foreign plan by one's own offer": NEW_STOP.format(offer="own_offer", plan="theirs_plan", by_vendor="false"),
    "stop a term of no plan": """INSERT INTO marketplace_salestop (public_id, offer_id, term, by_vendor, began_at)
        VALUES (%(new)s, %(own_offer)s, 'P1M', false, now())""",
    "stop as the vendor": NEW_STOP.format(offer="own_offer", plan="own_plan", by_vendor="true"),
    "end a subscription": "UPDATE marketplace_subscription SET state = 'unsubscribed', ended_at = now()",
    "delete subscriptions": "DELETE FROM marketplace_subscription",
    "make a sale": """INSERT INTO marketplace_subscription (public_id, external_id, offer_id, plan_id, version_id,
        publisher_id, buyer_id, customer_id, customer_name, state, quantity, term, billing, is_renewed, purchased_at)
        VALUES (%(new)s, 'x', %(own_offer)s, %(own_plan)s, %(own_live)s, %(org)s, %(partner)s, %(customer)s, 'x',
        'pending', 1, 'P1M', 'P1M', true, now())""",
    "change what was paid": "UPDATE marketplace_subscriptionterm SET amount = 0",
    "list a reseller": "UPDATE marketplace_resellerlisting SET is_suspended = true",
    "write a health issue of another": """INSERT INTO marketplace_healthissue (public_id, offer_id, publisher_id, kind,
        began_at, reported_at) VALUES (%(new)s, %(theirs_offer)s, %(org)s, 'outage', now(), now())""",
    "rewrite a health report": "UPDATE marketplace_healthreport SET text = 'x'",
    "delete health issues": "DELETE FROM marketplace_healthissue",
    "change markets": "UPDATE marketplace_marketcountry SET currency = 'USD'",
    "decide a request": "UPDATE support_request SET state = 'approved', decided_at = now() "
    "WHERE organization_id = %(org)s",
    "write a foreign request": "UPDATE support_request SET title = 'x' WHERE organization_id <> %(org)s",
    "delete a submitted request": "DELETE FROM support_request WHERE submitted_at IS NOT NULL",
    "rewrite a revision": "UPDATE support_requestrevision SET title = 'x'",
    "rewrite a message": "UPDATE support_requestmessage SET body = 'x'",
    "ask for another": """INSERT INTO support_request (public_id, kind, organization_id, subject_id, subject_label,
        prefilled, title, justification, severity, contact_email, contact_phone, payload, state, open_key, reason,
        revision, version, created_at, updated_at) VALUES (%(new)s, 'audience.any', %(theirs_organization)s, %(new)s,
        'x', '[]', 'x', 'x',
        'moderate', 'a@example.com', '', '{}', 'draft', '', '', 0, 1, now(), now())""",
}  # fmt: skip


def test_a_publisher_cannot(world: World, actor_for: Any, as_tenant: Any, names: dict[str, Any]) -> None:
    done: dict[str, int | str] = {}
    with as_tenant(actor_for("publisher.admin")):
        for what, statement in BY_PUBLISHER.items():
            with transaction.atomic():
                done[what] = attempt(statement, names)
                transaction.set_rollback(True)  # each as if none had been before
    assert {what: rows for what, rows in done.items() if not isinstance(rows, str) and rows > 0} == {}


OWN_WRITES = {
    "an offer": NEW_OFFER.format(publisher="%(org)s"),
    "an authorisation": NEW_AUTHORIZATION.format(offer="own_offer"),
    "a price": NEW_PRICE.format(plan="own_plan", day="current_date"),
    "a stop": NEW_STOP.format(offer="own_offer", plan="own_plan", by_vendor="false"),
    "a reason": "INSERT INTO marketplace_stopreason (stop_id, text) VALUES (%(own_stop)s, 'x')",
    "a draft": "UPDATE marketplace_offerversion SET content = '{{}}' WHERE id = %(own_draft)s".replace("{{}}", "{}"),
    "an addition": """INSERT INTO marketplace_audiencechange (offer_id, publisher_id, organization_id, is_removal,
        source) VALUES (%(own_offer)s, %(org)s, %(partner)s, false, 'selected')""",
    "channel material": "UPDATE marketplace_channelinfo SET content = '{}' WHERE version_id = %(own_draft)s",
    "an audience": "UPDATE marketplace_privateinfo SET next_audience = 'any' WHERE offer_id = %(monitor)s",
}
BY_STAFF_TOO = (
    "an offer",
    "an authorisation",
    "an addition",
    "an audience",
)  # rows that change with the requests that they approve


@pytest.mark.parametrize("what", OWN_WRITES)
def test_what_its_admin_writes_nobody_else_does(
    world: World, actor_for: Any, as_tenant: Any, names: dict[str, Any], rival: Rival, what: str
) -> None:
    """The same statements by each kind of tenant: so the attempts above fail for what they are, not for how."""
    for who in (*WHO, "vendor.admin", "vendor.reader"):
        with as_tenant(actor_for(who)), transaction.atomic():
            done = attempt(OWN_WRITES[what], names)
            transaction.set_rollback(True)  # each as if nobody had before
        if who == "publisher.admin" or (who == "vendor.admin" and what in BY_STAFF_TOO):
            assert done == 1, done
            continue
        assert isinstance(done, str) or done == 0, (who, done)
    with as_tenant(rival.actor):
        assert isinstance(done := attempt(OWN_WRITES[what], names), str) or done == 0, done


def read_all(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(string_agg(to_jsonb(t)::text, ' '), '') FROM {table} t")
        return str(cursor.fetchone()[0])


SEES: dict[str, Callable[[str], bool]] = {
    "qdraftq": lambda who: who.startswith("publisher"),
    "channel@publisher.example": lambda who: who.startswith(("publisher", "partner.", "distributor")),
    "qrivalq": lambda who: False,
    "7771377713": lambda who: False,
    "qsoldq": lambda who: who.startswith(("publisher", "partner.", "distributor", "customer.")),
}


@pytest.mark.parametrize("who", [*WHO, "partner2.admin", "lapsed.admin", "nobadge.admin", "customer2.admin"])
def test_no_table_shows_anybody_the_words_of_others(
    world: World, actor_for: Any, as_tenant: Any, rival: Rival, who: str
) -> None:
    with as_tenant(actor_for(who)):
        seen = {table: read_all(f"marketplace_{table}") for table in TABLES}
    everything = " ".join(seen.values())
    assert {word for word in SEES if word in everything} == {word for word in SEES if SEES[word](who)}


PRIVATE = ("publisher.admin", "publisher.reader", "vendor.admin", "vendor.reader")


@pytest.mark.parametrize("who", [*WHO, "vendor.admin", "vendor.reader", "partner2.admin", "lapsed.admin"])
def test_what_is_private_of_a_published_offer_is_read_by_its_publisher_and_the_vendor_alone(
    world: World, actor_for: Any, as_tenant: Any, who: str
) -> None:
    """Everybody sees the row of a published offer, but not where purchases are told, nor the saved audience."""
    actor, is_reader = actor_for(who), who in PRIVATE
    facts = {"webhook_url": "https://qhookq.example/", "landing_page_url": "https://qlandq.example/"}
    assert PrivateInfo.objects.filter(offer__code="backup").update(**facts, next_audience="none") == 1
    with as_tenant(actor):
        assert '"backup"' in read_all("marketplace_offer")
        seen = " ".join(read_all(f"marketplace_{table}") for table in TABLES)
        assert [word in seen for word in ("qhookq", "qlandq", "next_audience")] == [is_reader] * 3
        assert PrivateInfo.objects.visible_to(actor).filter(offer__code="backup").exists() is is_reader
    assert PrivateInfo.objects.count() == Offer.objects.count()


@pytest.mark.parametrize("table", ["audiencechange", "subscriptionterm", "resellerlisting"])
@pytest.mark.parametrize("who", ["customer.admin", "stranger.admin", "lapsed.admin", "partner2.admin"])
def test_these_tables_are_empty_for(world: World, actor_for: Any, as_tenant: Any, who: str, table: str) -> None:
    with as_tenant(actor_for(who)):
        assert read_all(f"marketplace_{table}") == ""


def test_a_request_about_an_offer_of_another_publisher_is_about_nothing(
    world: World, actor_for: Any, as_tenant: Any, rival: Rival
) -> None:
    """A bare statement can store one, so the decision looks again whose offer it is."""
    row = Request.objects.create(
        kind="audience.none", organization=world.publisher, subject_id=rival.offer.public_id, subject_label="rival"
    )
    with as_tenant(actor_for("vendor.admin")), pytest.raises(NotFound):
        check_request(row)

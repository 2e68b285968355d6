"""Offers, drafts and versions: what the actions do and refuse, and what both locks and the triggers hold."""

from contextlib import nullcontext
from dataclasses import replace
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.models import Operator, Organization, OrganizationKind
from marketplace.actions.offers import create_offer, publish_offer, save_draft, set_technical_configuration
from marketplace.content import find_problems
from marketplace.models import Audience, ChannelInfo, Offer, OfferType, OfferVersion, Plan, PricingModel
from marketplace.policies import OFFERS
from marketplace.queries.offers import get_draft, get_own_offer, list_own_offers
from notifications.models import Event
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound, StaleVersion, TooManyAttempts
from tests.world_offers import CHANNEL, make_content

pytestmark = pytest.mark.django_db


@pytest.fixture
def publisher(world):
    return world.actor("publisher.admin")


@pytest.fixture
def backup(world):
    return Offer.objects.get(code="backup")


@pytest.fixture
def rival(world):
    """An Admin of another publisher."""
    organization = Organization.objects.create(name="Rival", kind=OrganizationKind.PUBLISHER, country="FR")
    admin = world.actor("publisher.admin")
    Operator.objects.create(organization=organization, person_id=admin.person_id, roles=["admin"])
    return replace(admin, organization_id=organization.pk, organization_public_id=str(organization.public_id))


def make_offer(actor, code="vault", **changes):
    values = {"type": OfferType.SAAS, "pricing_model": PricingModel.FLAT} | changes
    return create_offer(actor=actor, code=code, **values)


def save(actor, offer, content, channel=None, revision=None):
    return save_draft(actor=actor, offer=offer, content=content, channel=channel or {}, revision=revision)


@pytest.mark.parametrize("code", ["", "Vault", "-vault", "a b", "a" * 51, "vault\n", "värt"])
def test_a_code_is_of_few_characters(publisher, code):
    with pytest.raises(InvalidInput) as refusal:
        make_offer(publisher, code)
    assert (refusal.value.code, refusal.value.field) == ("malformed_code", "code")


def test_a_code_is_taken_once_of_a_publisher(publisher):
    with pytest.raises(Conflict) as refusal:
        make_offer(publisher, "backup")
    assert refusal.value.code == "code_taken"


def test_a_publisher_has_so_many_offers_at_most(publisher, monkeypatch):
    monkeypatch.setattr("marketplace.actions.offers.OFFERS", 2)
    with pytest.raises(TooManyAttempts):
        make_offer(publisher)
    assert OFFERS == 200


@pytest.mark.parametrize("who", ["publisher.reader", "partner.admin", "customer.admin", "vendor.admin", "nobody"])
def test_only_admins_of_publishers_act(world, backup, who):
    actor = world.actor(who)
    for act in (
        lambda: make_offer(actor),
        lambda: save(actor, backup, make_content("Mine", "basic")),
        lambda: publish_offer(actor=actor, offer=backup, revision=3),
        lambda: set_technical_configuration(actor=actor, offer=backup, landing_page_url="", webhook_url="", seen=None),
    ):
        with pytest.raises(ActionRefused):
            act()


def test_each_publication_is_a_numbered_version(publisher):
    offer = make_offer(publisher)
    first = save(publisher, offer, make_content("One", "basic"))
    publish_offer(actor=publisher, offer=offer, revision=first.revision)
    second = save(publisher, offer, make_content("Two", "basic", "pro"))
    assert second.revision > first.revision  # so that who has seen the first is told
    publish_offer(actor=publisher, offer=offer, revision=second.revision)
    offer.refresh_from_db()
    assert [version.number for version in offer.versions.order_by("number")] == [1, 2]
    assert offer.live_version.content["texts"]["en"]["name"] == "Two"
    assert {plan.code: plan.published_in for plan in offer.plans.all()} == {"basic": 1, "pro": 2}
    told = Event.objects.filter(kind="offer.published", subject_id=offer.public_id).order_by("pk")
    assert [event.data for event in told] == [{"version": 1}, {"version": 2}]


def test_publication_wants_what_was_checked_and_complete(publisher):
    offer = make_offer(publisher)
    draft = save(publisher, offer, make_content("Vault", "basic", support={}))
    with pytest.raises(StaleVersion):
        publish_offer(actor=publisher, offer=offer, revision=draft.revision - 1)
    with pytest.raises(Conflict) as refusal:
        publish_offer(actor=publisher, offer=offer, revision=draft.revision)
    assert refusal.value.code == "incomplete"
    draft = save(publisher, offer, make_content("Vault", "basic"))
    publish_offer(actor=publisher, offer=offer, revision=draft.revision)
    with pytest.raises(Conflict) as refusal:
        publish_offer(actor=publisher, offer=offer, revision=draft.revision)
    assert refusal.value.code == "no_draft"


def problems(offer, channel, **changes):
    return [
        (problem.pointer, problem.code) for problem in find_problems(offer, make_content("V", "a", **changes), channel)
    ]


@pytest.mark.promise("CA-3")
@pytest.mark.parametrize("way", [{"email": "a@b.example"}, {"phone": "1"}, {"url": "https://b.example"}])
def test_each_offer_says_whom_to_ask_for_support(publisher, way):
    offer = make_offer(publisher)
    assert problems(offer, {}, support={"name": "Nobody can be reached"}) == [("/support", "no_support_contact")]
    assert problems(offer, {}, support=way) == []


@pytest.mark.promise("CA-31")
@pytest.mark.parametrize("column", ["audience", "next_audience"])
def test_an_opted_in_offer_has_material_and_a_contact_for_partners(publisher, column):
    """Also before the first publication, which puts the saved audience in force."""
    offer = make_offer(publisher)
    assert problems(offer, {}) == []
    setattr(offer if column == "audience" else offer.private, column, Audience.ANY)
    assert problems(offer, {}) == [
        ("/channel/marketing_url", "no_marketing_url"),
        ("/channel/contact", "no_channel_contact"),
        ("/channel/sales_url", "no_sales_material"),
        ("/channel/support_url", "no_support_material"),
    ]
    assert problems(offer, CHANNEL) == []
    for kind, other in (("sales", "support"), ("support", "sales")):
        documents = {"documents": [{"id": str(uuid4()), "kind": kind}], "sales_url": "", "support_url": ""}
        assert problems(offer, CHANNEL | documents) == [(f"/channel/{other}_url", f"no_{other}_material")]


def test_each_language_that_was_begun_is_to_be_complete(publisher):
    offer = make_offer(publisher)
    texts = make_content("V")["texts"] | {"ja": {"name": "金庫", "summary": "", "description": ""}}
    assert problems(offer, {}, texts=texts) == [
        ("/texts/ja/summary", "text_missing"),
        ("/texts/ja/description", "text_missing"),
    ]
    assert problems(offer, {}, texts={}) == [("/texts", "no_texts")]
    blank = {"en": make_content("V")["texts"]["en"] | {"description": " \n\t"}}
    assert problems(offer, {}, texts=blank) == [("/texts/en/description", "text_missing")]


@pytest.mark.parametrize(
    ("terms", "billing", "found"),
    [
        ([], ["P1M"], [("/plans/0/terms", "no_term")]),
        (["P1M"], [], [("/plans/0/terms", "no_term")]),
        (["P1M"], ["P1Y"], [("/plans/0/billing", "no_billing")]),
        (["P1M", "P1Y"], ["P1Y"], [("/plans/0/billing", "no_billing")]),
        (["P1M"], ["once"], []),
        (["P1Y", "P3Y"], ["P1Y"], []),
    ],
)
def test_each_term_of_a_plan_can_be_billed(publisher, terms, billing, found):
    """What cannot could have no price, and once published its term could not be taken off."""
    plans = [make_content("V", "a")["plans"][0] | {"terms": terms, "billing": billing}]
    assert problems(make_offer(publisher), {}, plans=plans) == found
    plans[0]["is_byol"] = True
    assert problems(make_offer(publisher, code="own"), {}, plans=plans) == [one for one in found if one[1] != "no_term"]


@pytest.mark.promise("CA-5")
@pytest.mark.parametrize("type", OfferType.values)
def test_offers_of_every_type_go_live(publisher, type):
    offer = make_offer(publisher, type=type)
    draft = save(publisher, offer, make_content("Vault", "basic"), CHANNEL)
    publish_offer(actor=publisher, offer=offer, revision=draft.revision)
    assert Offer.objects.published().filter(pk=offer.pk, type=type).exists()


@pytest.mark.promise("CA-6", "CA-31")
@pytest.mark.parametrize(
    ("type", "is_byol", "is_open"),
    [
        ("container", False, True),
        ("virtual_machine", True, True),
        ("virtual_machine", False, False),
        ("saas", False, False),
    ],
)
def test_what_the_whole_programme_may_sell_has_material_and_a_contact_for_partners(publisher, type, is_byol, is_open):
    offer = make_offer(publisher, type=type)
    plan = make_content("V", "a")["plans"][0] | {"is_byol": is_byol}
    assert bool(problems(offer, {}, plans=[plan])) is is_open
    assert problems(offer, CHANNEL, plans=[plan]) == []
    assert problems(offer, {}, plans=[plan | {"is_for_audience_only": True}]) == []


def test_an_unpublished_plan_goes_and_a_published_one_stays(publisher, backup):
    save(publisher, backup, make_content("Backup", "basic"), CHANNEL)
    assert [plan.code for plan in backup.plans.all()] == ["basic"]
    with pytest.raises(Conflict) as refusal:
        save(publisher, backup, make_content("Backup", "pro"), CHANNEL)
    assert refusal.value.code == "plan_fixed"


def test_only_saas_offers_have_a_technical_configuration(publisher):
    offer = make_offer(publisher, type=OfferType.CONTAINER)
    with pytest.raises(Conflict):
        set_technical_configuration(actor=publisher, offer=offer, landing_page_url="", webhook_url="", seen=None)


def test_a_changed_configuration_is_told_with_what_it_was(publisher, backup):
    url = "https://publisher.example/hook"
    for _again in range(2):
        set_technical_configuration(actor=publisher, offer=backup, landing_page_url="", webhook_url=url, seen=None)
    event = Event.objects.get(kind="offer.configured")
    assert event.changes == {"webhook_url": ["", url]}


STATES = {"backup": "changed", "monitor": "live"}


def test_the_state_of_an_offer(publisher, backup):
    draft = make_offer(publisher)
    states = {offer.code: offer.state for offer in list_own_offers(publisher)}
    assert states == STATES | {draft.code: "draft"}
    backup.stops.create()
    assert get_own_offer(publisher, backup.public_id).state == "stopped"


def rows_of(actor, as_tenant, is_locked):
    """What an actor gets of drafts, versions, channel information and plans: by one of the two locks alone."""
    names = {}
    with nullcontext() if is_locked else as_tenant(actor):
        for model in (Offer, OfferVersion, ChannelInfo, Plan):
            rows = model.objects.visible_to(actor) if is_locked else model.objects.all()
            names[model.__name__] = {str(row.pk) for row in rows}
    return names


@pytest.mark.parametrize("is_locked", [True, False], ids=["first lock", "second lock"])
def test_who_sees_what_of_an_offer(world, publisher, rival, backup, as_tenant, is_locked):
    """Drafts are for the publisher; channel information for who may resell; the second lock alone says the same."""
    hidden = make_offer(publisher, "hidden")
    draft = get_draft(backup)
    pro = backup.plans.get(code="pro")
    own = rows_of(publisher, as_tenant, is_locked)
    assert str(hidden.pk) in own["Offer"] and str(draft.pk) in own["OfferVersion"] and str(pro.pk) in own["Plan"]
    assert str(draft.channel.pk) in own["ChannelInfo"]
    for who in ("partner.admin", "customer.admin", "partner2.admin", "distributor.admin", "rival"):
        actor = rival if who == "rival" else world.actor(who)
        seen = rows_of(actor, as_tenant, is_locked)
        assert str(backup.pk) in seen["Offer"] and str(hidden.pk) not in seen["Offer"], who
        assert str(backup.live_version.pk) in seen["OfferVersion"] and str(draft.pk) not in seen["OfferVersion"], who
        assert str(pro.pk) not in seen["Plan"], who
        sells = who in ("partner.admin", "distributor.admin")
        assert (str(backup.live_version.channel.pk) in seen["ChannelInfo"]) is sells, who
        assert str(draft.channel.pk) not in seen["ChannelInfo"], who


def test_another_publisher_finds_and_changes_nothing(rival, backup):
    for act in (
        lambda: get_own_offer(rival, backup.public_id),
        lambda: save(rival, backup, make_content("Mine", "basic")),
        lambda: publish_offer(actor=rival, offer=backup, revision=3),
    ):
        with pytest.raises(NotFound):
            act()


def write(as_tenant, actor, statement, *values):
    with as_tenant(actor), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.rowcount


def test_another_publisher_writes_nothing_by_hand(rival, backup, as_tenant):
    draft = get_draft(backup)
    for statement, key in (
        ("UPDATE marketplace_offer SET audience = 'any' WHERE id = %s", backup.pk),
        ("UPDATE marketplace_offerversion SET content = '{}' WHERE id = %s", draft.pk),
        ("UPDATE marketplace_channelinfo SET content = '{}' WHERE version_id = %s", draft.pk),
        ("DELETE FROM marketplace_plan WHERE offer_id = %s", backup.pk),
    ):
        try:
            assert write(as_tenant, rival, statement, key) == 0
        except DatabaseError as error:
            assert "row-level security" in str(error)


FIXED = {
    "a published version": "UPDATE marketplace_offerversion SET content = '{}' WHERE id = %(live)s",
    "its channel information": "UPDATE marketplace_channelinfo SET content = '{}' WHERE version_id = %(live)s",
    "an offer's code": "UPDATE marketplace_offer SET code = 'other' WHERE id = %(offer)s",
    "an offer's type": "UPDATE marketplace_offer SET type = 'container' WHERE id = %(offer)s",
    "an offer's pricing model": "UPDATE marketplace_offer SET pricing_model = 'flat' WHERE id = %(offer)s",
    "that it is published": (
        "UPDATE marketplace_offer SET live_version_id = NULL, published_at = NULL WHERE id = %(offer)s"
    ),
    "a plan's code": "UPDATE marketplace_plan SET code = 'other' WHERE id = %(plan)s",
    "a plan": "DELETE FROM marketplace_plan WHERE id = %(plan)s",
}


@pytest.mark.parametrize("statement", FIXED.values(), ids=list(FIXED))
def test_the_database_itself_keeps_what_was_published(backup, statement):
    keys = {"offer": backup.pk, "live": backup.live_version_id, "plan": backup.plans.get(code="basic").pk}
    with pytest.raises(IntegrityError, match="violates"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, keys)

"""Audiences: what is saved, what is in force, what needs a request and what sales refuse (CA-7…CA-29, E-8)."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Organization, Program, ProgramMembership
from marketplace.actions.audience import (
    add_to_audience,
    change_live_audience,
    choose_audience,
    deauthorize,
    remove_from_audience,
    sync_audience,
)
from marketplace.actions.offers import create_offer, publish_offer, save_draft
from marketplace.audience_rules import Way, judge_audience_change, judge_removal
from marketplace.filters import ResellerFilterSet
from marketplace.models import Audience, AudienceChange, Authorization, Offer, OfferType, PricingModel, Subscription
from marketplace.queries.audience import (
    count_audience_reach,
    count_sales_through,
    list_resellers,
    match_pasted_entries,
    split_pasted,
)
from notifications.models import Event
from partnerportal.lib.days import today
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound, StaleVersion
from tests.world_offers import CHANNEL, make_content, sell

ANY, SPECIFIC, NONE = Audience.ANY, Audience.SPECIFIC, Audience.NONE


@pytest.fixture
def publisher(world):
    return world.actor("publisher.admin")


@pytest.fixture
def staff(world):
    return world.actor("vendor.admin")


@pytest.fixture
def monitor(world):
    return Offer.objects.get(code="monitor")  # specific: the distributor; a saved addition: the partner


@pytest.fixture
def backup(world):
    return Offer.objects.get(code="backup")  # any; the partner has sold it


def in_program(organization):
    csp = Program.objects.get(code="csp")
    ProgramMembership.objects.create(organization=organization, program=csp, starts_on=today())


def names(world, rows):
    return {world.names[row.organization_id] for row in rows}


def find(world, actor, **filters):
    return names(world, ResellerFilterSet(filters, list_resellers(actor)).qs)


CELLS = {
    # from a live option to another, without sales: the way; with sales, if it is another
    (ANY, ANY): ("unchanged", "unchanged"),
    (ANY, SPECIFIC): ("request", "request"),
    (ANY, NONE): ("request", "request"),
    (SPECIFIC, ANY): ("request", "request"),
    (SPECIFIC, SPECIFIC): ("unchanged", "unchanged"),
    (SPECIFIC, NONE): ("request", "refused"),
    (NONE, ANY): ("free", "free"),
    (NONE, SPECIFIC): ("free", "free"),
    (NONE, NONE): ("unchanged", "unchanged"),
}


@pytest.mark.promise("CA-24", "CA-25", "CA-27", "CA-28", "CA-29", "E-8")
@pytest.mark.parametrize(("change", "ways"), CELLS.items(), ids=lambda value: "-".join(map(str, value)))
def test_each_cell_of_the_table_of_live_offers(change, ways):
    before, after = change
    offer = Offer(live_version_id=1, audience=before)
    assert (judge_audience_change(offer, after, sellers=0).way, judge_audience_change(offer, after, sellers=1).way) == (
        ways
    )


@pytest.mark.parametrize("before", Audience)
@pytest.mark.parametrize("after", Audience)
def test_an_offer_that_is_not_live_changes_freely(before, after):
    offer = Offer(audience=before)
    assert judge_audience_change(offer, after, sellers=3).way == Way.FREE
    assert judge_removal(offer, has_resold=True).way == Way.FREE


def test_a_partner_leaves_a_live_audience_by_request_and_never_with_sales():
    offer = Offer(live_version_id=1, audience=SPECIFIC)
    assert judge_removal(offer, has_resold=False).way == Way.REQUEST
    assert judge_removal(offer, has_resold=True).way == Way.REFUSED


@pytest.mark.promise("CA-14")
def test_what_is_saved_is_not_in_force(world, publisher, monitor):
    assert names(world, monitor.authorizations.active()) == {"distributor"}
    assert names(world, monitor.audience_changes.all()) == {"partner"}


@pytest.mark.promise("CA-17")
def test_a_sync_puts_additions_in_force_and_removes_nobody(world, publisher, monitor):
    remove_from_audience(actor=publisher, offer=monitor, organization_ids=[world.distributor.pk])
    monitor.refresh_from_db()
    assert sync_audience(actor=publisher, offer=monitor, revision=monitor.audience_revision) == 1
    assert names(world, monitor.authorizations.active()) == {"distributor", "partner"}
    assert [(row.organization, row.is_removal) for row in monitor.audience_changes.all()] == [(world.distributor, True)]
    assert Event.objects.filter(kind="offer.audience_changed").latest("pk").data == {"added": 1}


def test_a_sync_needs_the_dry_run_of_what_it_does(world, publisher, monitor):
    seen = monitor.audience_revision
    remove_from_audience(actor=publisher, offer=monitor, organization_ids=[world.partner.pk])
    with pytest.raises(StaleVersion):
        sync_audience(actor=publisher, offer=monitor, revision=seen)


@pytest.mark.promise("CA-15")
def test_the_first_publication_puts_the_saved_audience_in_force(world, publisher):
    offer = create_offer(actor=publisher, code="new", type=OfferType.SAAS, pricing_model=PricingModel.FLAT)
    choose_audience(actor=publisher, offer=offer, audience=SPECIFIC, revision=None)
    add_to_audience(actor=publisher, offer=offer, organization_ids=[world.partner.pk])
    content = make_content("New", "basic")
    draft = save_draft(actor=publisher, offer=offer, content=content, channel=CHANNEL, revision=None)
    offer.refresh_from_db()
    with pytest.raises(Conflict) as refused:
        sync_audience(actor=publisher, offer=offer, revision=offer.audience_revision)
    assert refused.value.code == "not_live"
    assert not offer.authorizations.exists()
    publish_offer(actor=publisher, offer=offer, revision=draft.revision)
    offer.refresh_from_db()
    assert (offer.audience, names(world, offer.authorizations.active())) == (SPECIFIC, {"partner"})


def test_a_later_publication_leaves_the_audience_to_the_sync(world, publisher, backup, monitor):
    """Texts and audiences go by different clocks: only the first publication sets both."""
    change_live_audience(actor=world.actor("vendor.admin"), offer=backup, audience=NONE)
    choose_audience(actor=publisher, offer=backup, audience=ANY, revision=None)
    for offer in (backup, monitor):
        content = make_content("Another", "basic")
        draft = save_draft(actor=publisher, offer=offer, content=content, channel=CHANNEL, revision=None)
        publish_offer(actor=publisher, offer=offer, revision=draft.revision)
        offer.refresh_from_db()
    assert (backup.audience, backup.private.next_audience) == (NONE, ANY)
    assert names(world, monitor.authorizations.active()) == {"distributor"}
    assert names(world, monitor.audience_changes.all()) == {"partner"}


def test_saved_additions_of_an_offer_for_everybody_are_no_authorizations(world, publisher):
    offer = create_offer(actor=publisher, code="new", type=OfferType.SAAS, pricing_model=PricingModel.FLAT)
    choose_audience(actor=publisher, offer=offer, audience=ANY, revision=None)
    add_to_audience(actor=publisher, offer=offer, organization_ids=[world.partner.pk])
    content = make_content("New", "basic")
    draft = save_draft(actor=publisher, offer=offer, content=content, channel=CHANNEL, revision=None)
    publish_offer(actor=publisher, offer=offer, revision=draft.revision)
    assert not offer.authorizations.exists()


def test_a_sync_without_changes_is_refused(world, publisher, backup):
    add_to_audience(actor=publisher, offer=backup, organization_ids=[world.distributor.pk])  # of an offer for any
    backup.refresh_from_db()
    with pytest.raises(Conflict, match="nothing_to_sync"):
        sync_audience(actor=publisher, offer=backup, revision=backup.audience_revision)


def test_only_members_of_the_programme_are_added(world, publisher, monitor):
    for outsider in ("partner2", "customer", "lapsed", "publisher"):
        with pytest.raises(InvalidInput) as refused:
            add_to_audience(actor=publisher, offer=monitor, organization_ids=[world[outsider].pk])
        assert refused.value.code == "not_in_program"


def test_whose_membership_has_ended_is_not_added(world, publisher, backup):
    ProgramMembership.objects.filter(organization=world.distributor).update(ends_on=today() - dt.timedelta(days=1))
    with pytest.raises(InvalidInput) as refused:
        add_to_audience(actor=publisher, offer=backup, organization_ids=[world.distributor.pk])
    assert refused.value.code == "not_in_program"


def test_an_addition_takes_a_saved_removal_back(world, publisher, monitor):
    remove_from_audience(actor=publisher, offer=monitor, organization_ids=[world.distributor.pk])
    assert add_to_audience(actor=publisher, offer=monitor, organization_ids=[world.distributor.pk]) == 0
    assert not monitor.audience_changes.filter(is_removal=True).exists()


@pytest.mark.promise("CA-20")
def test_a_partner_with_sales_is_not_marked_for_removal(world, publisher, monitor):
    sell(world, monitor)
    result = remove_from_audience(actor=publisher, offer=monitor, organization_ids=[world.distributor.pk])
    assert (result.marked, result.locked) == (0, 1)  # the partner sold it through its distributor


def test_a_partner_of_its_own_does_not_lock_its_distributor(world, publisher, staff, monitor):
    sync_audience(actor=publisher, offer=monitor, revision=monitor.audience_revision)
    sell(world, monitor)
    assert count_sales_through(publisher, monitor, [world.partner.pk, world.distributor.pk]) == {world.partner.pk: 1}
    assert deauthorize(actor=staff, offer=monitor, organization_ids=[world.distributor.pk]) == 1
    with pytest.raises(Conflict) as refused:
        deauthorize(actor=staff, offer=monitor, organization_ids=[world.partner.pk])
    assert refused.value.code == "partner_has_sales"


@pytest.mark.parametrize("state", [Subscription.State.UNSUBSCRIBED, Subscription.State.PENDING])
def test_a_sale_that_ended_or_waits_counts_and_one_that_never_began_does_not(world, publisher, monitor, state):
    now, locked = timezone.now(), [world.distributor.pk]
    sell(world, monitor, external_id="never began", state="unsubscribed", activated_at=None, ended_at=now)
    assert count_sales_through(publisher, monitor, locked) == {}
    is_over = state == Subscription.State.UNSUBSCRIBED
    sell(world, monitor, state=state, activated_at=now if is_over else None, ended_at=now if is_over else None)
    assert count_sales_through(publisher, monitor, locked) == {world.distributor.pk: 1}


def test_a_live_option_needs_a_request(world, publisher, backup):
    with pytest.raises(Conflict) as refused:
        choose_audience(actor=publisher, offer=backup, audience=SPECIFIC, revision=None)
    assert refused.value.code == "request_needed"


def test_sales_refuse_that_selected_partners_lose_the_offer(world, publisher, staff, monitor):
    sell(world, monitor)
    for try_it in (
        lambda: choose_audience(actor=publisher, offer=monitor, audience=NONE, revision=None),
        lambda: change_live_audience(actor=staff, offer=monitor, audience=NONE),
    ):
        with pytest.raises(Conflict) as refused:
            try_it()
        assert refused.value.code == "has_sales"


@pytest.mark.promise("CA-26")
def test_from_any_to_specific_those_that_resold_are_authorised(world, staff, backup):
    change_live_audience(actor=staff, offer=backup, audience=SPECIFIC)
    assert [(row.organization, row.source) for row in backup.authorizations.active()] == [(world.partner, "resold")]


def test_from_specific_to_any_and_back_nobody_is_in_twice(world, staff, monitor):
    sell(world, monitor)
    change_live_audience(actor=staff, offer=monitor, audience=ANY)
    assert not monitor.authorizations.active().exists()
    change_live_audience(actor=staff, offer=monitor, audience=SPECIFIC)
    assert names(world, monitor.authorizations.active()) == {"partner"}


@pytest.mark.promise("CA-19")
def test_from_none_to_any_by_a_sync(world, publisher, staff, backup):
    change_live_audience(actor=staff, offer=backup, audience=NONE)
    choose_audience(actor=publisher, offer=backup, audience=ANY, revision=None)
    backup.refresh_from_db()
    assert (backup.audience, backup.private.next_audience) == (NONE, ANY)
    sync_audience(actor=publisher, offer=backup, revision=backup.audience_revision)
    backup.refresh_from_db()
    assert backup.audience == ANY


@pytest.mark.promise("CA-20", "E-8")
def test_from_none_to_specific_those_that_resold_come_along_and_stay(world, publisher, staff, backup):
    in_program(world.partner2)
    change_live_audience(actor=staff, offer=backup, audience=NONE)
    choose_audience(actor=publisher, offer=backup, audience=SPECIFIC, revision=None)
    add_to_audience(actor=publisher, offer=backup, organization_ids=[world.partner2.pk])
    assert names(world, backup.audience_changes.all()) == {"partner", "partner2"}  # what the dry run shows
    both = [world.partner.pk, world.partner2.pk]
    result = remove_from_audience(actor=publisher, offer=backup, organization_ids=both)
    assert (result.dropped, result.marked, result.locked) == (1, 0, 1)
    sell(world, backup, external_id="later", buyer=world.distributor, reseller=None)  # after the option was saved
    backup.refresh_from_db()
    assert sync_audience(actor=publisher, offer=backup, revision=backup.audience_revision) == 2
    assert names(world, backup.authorizations.active()) == {"partner", "distributor"}


@pytest.mark.parametrize("who", ["publisher.reader", "vendor.admin", "partner.admin", "customer.admin"])
def test_others_save_no_audience(world, monitor, who):
    with pytest.raises(ActionRefused):
        add_to_audience(actor=world.actor(who), offer=monitor, organization_ids=[world.partner.pk])


@pytest.mark.parametrize("who", ["publisher.admin", "vendor.reader", "partner.admin"])
def test_others_decide_no_audience(world, monitor, who):
    with pytest.raises((ActionRefused, NotFound)):
        change_live_audience(actor=world.actor(who), offer=monitor, audience=ANY)


# The second lock: what the database itself refuses, though the code forgot.


def test_the_database_keeps_a_live_audience_from_its_publisher(world, as_tenant, publisher, monitor):
    with as_tenant(publisher), pytest.raises(IntegrityError, match="violates"), transaction.atomic():
        Offer.objects.filter(pk=monitor.pk).update(audience=ANY)
    with as_tenant(publisher):
        assert Authorization.objects.filter(offer=monitor).update(ended_at=timezone.now()) == 0


@pytest.mark.promise("CA-20")
def test_the_database_opens_no_offer_without_those_that_resold_it(world, as_tenant, publisher, staff, backup):
    """From any to none, and by the publisher alone to selected partners: nobody that has sold is left out."""
    change_live_audience(actor=staff, offer=backup, audience=NONE)
    with as_tenant(publisher):
        with pytest.raises(IntegrityError, match="violates"), transaction.atomic():
            Offer.objects.filter(pk=backup.pk).update(audience=SPECIFIC)
        Authorization.objects.create(offer=backup, organization=world.partner, source="selected")
        assert Offer.objects.filter(pk=backup.pk).update(audience=SPECIFIC) == 1


def test_the_database_keeps_who_has_sold(world, as_tenant, staff, monitor):
    sell(world, monitor)
    with as_tenant(staff):
        with pytest.raises(IntegrityError, match="violates"), transaction.atomic():
            Authorization.objects.filter(offer=monitor).update(ended_at=timezone.now())
        with pytest.raises(IntegrityError, match="violates"), transaction.atomic():
            Offer.objects.filter(pk=monitor.pk).update(audience=NONE)


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("publisher.reader", {"distributor"}),
        ("vendor.reader", {"distributor"}),
        ("distributor.reader", {"distributor"}),
        ("partner.reader", {"distributor"}),  # it sells through it
        ("partner2.admin", set()),
        ("customer.admin", set()),
    ],
)
def test_both_locks_show_an_audience_to_the_same(world, as_tenant, monitor, who, seen):
    actor = world.actor(who)
    rows = Authorization.objects.filter(offer=monitor)
    assert names(world, rows & Authorization.objects.visible_to(actor)) == seen
    with as_tenant(actor):
        assert names(world, rows.all()) == seen


@pytest.mark.parametrize("who", ["partner.admin", "distributor.admin", "customer.admin"])
def test_what_is_saved_is_for_the_publisher_alone(world, as_tenant, monitor, who):
    actor = world.actor(who)
    assert not AudienceChange.objects.visible_to(actor).exists()
    with as_tenant(actor):
        assert not AudienceChange.objects.exists()


def test_a_partner_that_moves_keeps_what_it_has_sold(world, monitor):
    sell(world, monitor)
    Organization.objects.filter(pk=world.partner.pk).update(parent=world.distributor2)
    rows = monitor.authorizations.active()
    assert {(world.names[row.organization_id], row.source) for row in rows} == {
        ("distributor", "selected"),
        ("partner", "resold"),
    }


def test_a_partner_that_moves_without_sales_loses_what_came_through_its_distributor(world, monitor):
    Organization.objects.filter(pk=world.partner.pk).update(parent=world.distributor2)
    assert names(world, monitor.authorizations.active()) == {"distributor"}


# The picker


@pytest.mark.promise("CA-11", "CA-12")
def test_the_picker_finds_by_name_tenant_id_country_competency_and_skill(world, publisher):
    competency, skill = world.partner.competencies.get(), world.partner.skills.get()
    assert names(world, list_resellers(publisher)) == {"partner", "distributor"}
    assert find(world, publisher, q="QPARTNERQ") == {"partner"}
    assert find(world, publisher, q=str(world.partner.tenant_id)) == {"partner"}
    assert find(world, publisher, country="FR") == set()
    assert find(world, publisher, country="DE", competency=competency.code) == {"partner"}
    assert find(world, publisher, skill=skill.code) == {"partner"}


@pytest.mark.parametrize("who", ["partner.admin", "distributor.admin", "customer.admin"])
def test_only_publishers_and_staff_see_who_may_resell(world, as_tenant, who):
    actor, staff = world.actor(who), world.actor("vendor.admin")
    assert not list_resellers(actor).exists()
    with as_tenant(actor):
        assert not list_resellers(staff).exists()


def test_the_listing_follows_names_memberships_and_suspensions(world, publisher):
    in_program(world.partner2)
    assert find(world, publisher, q="partner2") == {"partner2"}
    Organization.objects.filter(pk=world.partner2.pk).update(name_folded="another name")
    assert find(world, publisher, q="another") == {"partner2"}
    ProgramMembership.objects.filter(organization=world.partner2, program__code="csp").delete()
    assert find(world, publisher, q="another") == set()


def test_a_pasted_list_says_what_cannot_be_added_and_why(world, publisher, monitor):
    in_program(world.partner2)
    pasted = f"{world.partner2.tenant_id}, {world.partner.tenant_id}\n{world.distributor.name}\nNobody Inc.\n\n;"
    entries = match_pasted_entries(publisher, monitor, split_pasted(pasted))
    assert [(entry.organization_id, entry.code) for entry in entries] == [
        (world.partner2.pk, ""),
        (world.partner.pk, "already_there"),
        (world.distributor.pk, "already_there"),
        (None, "unknown"),
    ]


def test_who_has_left_the_programme_is_named_as_such(world, publisher, monitor):
    ProgramMembership.objects.filter(organization=world.partner, program__code="csp").update(ends_on=None)
    (entry,) = match_pasted_entries(publisher, Offer.objects.get(code="backup"), split_pasted(world.partner.name))
    assert entry.code == ""
    csp = ProgramMembership.objects.filter(organization=world.partner, program__code="csp")
    csp.update(ends_on=csp.get().starts_on)
    (entry,) = match_pasted_entries(publisher, Offer.objects.get(code="backup"), split_pasted(world.partner.name))
    assert entry.code == "inactive"
    csp.update(ends_on=None)
    Organization.objects.filter(pk=world.partner.pk).update(state="suspended")
    (entry,) = match_pasted_entries(publisher, Offer.objects.get(code="backup"), split_pasted(world.partner.name))
    assert entry.code == "suspended"


@pytest.mark.promise("CA-20", "E-8")
def test_a_sale_counts_for_its_buyer_and_for_the_partner_on_record(world, publisher, staff, monitor):
    sync_audience(actor=publisher, offer=monitor, revision=monitor.audience_revision)
    sell(world, monitor, buyer=world.distributor, reseller=world.partner)
    both = {world.distributor.pk: 1, world.partner.pk: 1}
    assert count_sales_through(publisher, monitor, both) == both
    for key in both:
        with pytest.raises(Conflict, match="partner_has_sales"):
            deauthorize(actor=staff, offer=monitor, organization_ids=[key])


def test_each_option_says_what_it_means_today(world, publisher, monitor, backup):
    reach = count_audience_reach(publisher, monitor)
    assert (reach.any, reach.selected, reach.covered, reach.sellers) == (2, 2, 1, 0)
    assert count_audience_reach(publisher, backup).sellers == 1

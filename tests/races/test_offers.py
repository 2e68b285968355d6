"""Editors and publishers of one offer at the same moment: each save is of what its editor saw, each version once."""

import pytest

from marketplace.actions.offers import create_offer, discard_draft, publish_offer, save_draft
from marketplace.actions.unpublished import (
    change_unpublished_offer,
    delete_unpublished_offer,
    delete_unpublished_plan,
    rename_unpublished_plan,
)
from marketplace.models import Offer, OfferType, OfferVersion, PricingModel
from marketplace.queries.offers import get_draft, get_newest_version
from partnerportal.lib.errors import Conflict, StaleVersion
from tests.counts import count
from tests.world_offers import CHANNEL, make_content

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]
ROUNDS = 200


@pytest.fixture
def publisher(cast):
    return cast.actor("publisher.admin")


@pytest.fixture
def backup(cast):
    return Offer.objects.get(code="backup")


def save(actor, offer, name, revision):
    content = make_content(name, "basic", "pro")
    return save_draft(actor=actor, offer=offer, content=content, channel=CHANNEL, revision=revision)


def publish(actor, offer, revision):
    return publish_offer(actor=actor, offer=offer, revision=revision)


def name_of(version):
    return version.content["texts"]["en"]["name"]


def test_of_editors_who_saw_the_same_one_saves(cast, race, publisher, backup):
    for number in range(count(ROUNDS)):
        seen = get_newest_version(backup).revision
        names = [f"Round {number} {at}" for at in range(4)]
        results = race.run(
            [(publisher, lambda name=name, seen=seen: save(publisher, backup, name, seen)) for name in names]
        )
        saved = [result for result in results if isinstance(result, OfferVersion)]
        assert len(saved) == 1
        assert all(result.code == "changed_meanwhile" for result in results if result not in saved)
        draft = get_draft(backup)
        assert (draft.revision, name_of(draft)) == (seen + 1, name_of(saved[0]))


def test_a_draft_is_published_once(cast, race, publisher, backup):
    for number in range(1, count(ROUNDS) + 1):
        before = Offer.objects.get(pk=backup.pk).live_version.number
        seen = save(publisher, backup, f"Round {number}", None).revision
        results = race.run([(publisher, lambda seen=seen: publish(publisher, backup, seen))] * 4)
        versions = [result for result in results if isinstance(result, OfferVersion)]
        assert [version.number for version in versions] == [before + 1]
        assert all(isinstance(result, Conflict | StaleVersion) for result in results if result not in versions)
        backup.refresh_from_db()
        assert backup.live_version == versions[0] and get_draft(backup) is None
        plans = {plan["code"] for plan in backup.live_version.content["plans"]}
        assert {plan.code for plan in backup.plans.filter(is_live=True)} == plans


def test_what_is_published_is_what_was_checked(cast, race, publisher, backup):
    """A colleague saves at the moment of the publication: before it, it is refused; after it, there is a new draft."""
    for number in range(count(ROUNDS)):
        seen = save(publisher, backup, f"Checked {number}", None).revision
        saved, published = race.run(
            [
                (publisher, lambda number=number: save(publisher, backup, f"Later {number}", None)),
                (publisher, lambda seen=seen: publish(publisher, backup, seen)),
            ]
        )
        assert isinstance(saved, OfferVersion)
        draft = get_draft(backup)
        assert name_of(draft) == f"Later {number}" and draft.revision == seen + 1
        backup.refresh_from_db()
        if isinstance(published, OfferVersion):
            assert name_of(backup.live_version) == f"Checked {number}"
        else:
            assert published.code == "changed_meanwhile" and name_of(backup.live_version) != f"Checked {number}"


def test_a_code_is_given_once(cast, race, publisher):
    for number in range(count(ROUNDS)):
        values = {"code": f"code-{number}", "type": OfferType.SAAS, "pricing_model": PricingModel.FLAT}
        results = race.run([(publisher, lambda values=values: create_offer(actor=publisher, **values))] * 4)
        made = [result for result in results if isinstance(result, Offer)]
        assert len(made) == 1
        assert all(result.code == "code_taken" for result in results if result not in made)
        delete_unpublished_offer(actor=publisher, offer=made[0], revision=None)


def test_a_draft_is_discarded_or_published_or_saved_first(cast, race, publisher, backup):
    """Of those who saw the same draft one has their way: it is live, or gone, or a newer one.

    Whoever saves after the publication has seen what is live now, and begins the next draft.
    """
    for number in range(count(ROUNDS)):
        seen = save(publisher, backup, f"Round {number}", None).revision
        backup.refresh_from_db()
        before = backup.live_version
        published, discarded, saved = race.run(
            [
                (publisher, lambda seen=seen: publish(publisher, backup, seen)),
                (publisher, lambda seen=seen: discard_draft(actor=publisher, offer=backup, revision=seen)),
                (publisher, lambda seen=seen, number=number: save(publisher, backup, f"Later {number}", seen)),
            ]
        )
        backup.refresh_from_db()
        draft = get_draft(backup)
        assert (backup.live_version != before) == isinstance(published, OfferVersion)
        if isinstance(saved, OfferVersion):
            assert name_of(draft) == f"Later {number}"
        else:
            assert saved.code == "changed_meanwhile" and draft is None
        done = (isinstance(published, OfferVersion), discarded is None, isinstance(saved, OfferVersion))
        assert sum(done) == 1 or done == (True, False, True), (published, discarded, saved)
        if draft:
            discard_draft(actor=publisher, offer=backup, revision=draft.revision)


def begin(publisher, number):
    """Return an offer that can be published and the revision of its draft."""
    values = {"code": f"new-{number}", "type": OfferType.SAAS, "pricing_model": PricingModel.FLAT}
    offer = create_offer(actor=publisher, **values)
    return offer, save(publisher, offer, f"New {number}", None).revision


def test_an_offer_is_published_or_changed_or_deleted_first(cast, race, publisher):
    """Of those who saw the same draft one has their way; what is published has the code that was checked."""
    for number in range(count(ROUNDS)):
        offer, seen = begin(publisher, number)
        values = {"actor": publisher, "offer": offer, "revision": seen}
        other = {"code": f"other-{number}", "type": OfferType.CONTAINER, "pricing_model": PricingModel.PER_SEAT}
        published, changed, deleted = race.run(
            [
                (publisher, lambda values=values: publish_offer(**values)),
                (publisher, lambda values=values, other=other: change_unpublished_offer(**values, **other)),
                (publisher, lambda values=values: delete_unpublished_offer(**values)),
            ]
        )
        left = Offer.objects.filter(pk=offer.pk).first()
        done = (isinstance(published, OfferVersion), isinstance(changed, OfferVersion), deleted is None)
        assert sum(done) == 1, (published, changed, deleted)
        if done[0]:
            assert left.is_published and left.code == offer.code
            assert changed.code == deleted.code == "offer_fixed"
        elif done[1]:
            assert not left.is_published and left.code == other["code"]
            assert published.code == deleted.code == "changed_meanwhile"
            delete_unpublished_offer(actor=publisher, offer=left, revision=None)
        else:
            assert left is None and published.code == changed.code == "not_found"


def test_a_plan_is_published_or_renamed_or_deleted_first(cast, race, publisher, backup):
    """Whoever names no revision comes after the publication, which then has the old code, or before it."""
    for number in range(count(ROUNDS)):
        code = f"plan-{number}"
        published = [plan["code"] for plan in backup.live_version.content["plans"]]
        content = make_content("Backup", *published, code)
        seen = save_draft(actor=publisher, offer=backup, content=content, channel=CHANNEL, revision=None).revision
        plan = backup.plans.get(code=code)
        values = {"actor": publisher, "offer": backup, "plan": plan, "revision": None}
        version, renamed, deleted = race.run(
            [
                (publisher, lambda seen=seen: publish(publisher, backup, seen)),
                (publisher, lambda values=values, code=code: rename_unpublished_plan(**values, code=f"x-{code}")),
                (publisher, lambda values=values: delete_unpublished_plan(**values)),
            ]
        )
        backup.refresh_from_db()
        plan = backup.plans.filter(pk=plan.pk).first()
        if isinstance(version, OfferVersion):
            assert plan.code == code and plan.published_in == version.number
            assert renamed.code == deleted.code == "plan_fixed"
        else:
            assert version.code == "changed_meanwhile"
            assert plan is None and isinstance(deleted, OfferVersion)
            assert isinstance(renamed, OfferVersion) or renamed.code == "not_found"

"""Sales count for their publisher whoever has made them, also organisations that it does not see."""

import pytest

from accounts.models import Organization
from marketplace.actions.audience import change_live_audience, choose_audience, sync_audience
from marketplace.models import Offer, Subscription, SubscriptionTerm
from marketplace.queries.audience import count_sales_by_seller
from tests.world_offers import sell

pytestmark = pytest.mark.django_db


@pytest.fixture
def backup(world):
    """The offer for any partner; an organisation that was never in the programme has sold it beside the partner."""
    offer = Offer.objects.get(code="backup")
    sell(world, offer, external_id="unseen", buyer=world.lapsed, reseller=None)
    return offer


@pytest.mark.promise("E-8")
def test_a_publisher_sees_the_sales_of_whom_it_does_not_see(world, as_tenant, backup):
    actor, pks = world.actor("publisher.admin"), {world.partner.pk, world.lapsed.pk}
    with as_tenant(actor):
        assert not Organization.objects.filter(pk=world.lapsed.pk).exists()
        assert count_sales_by_seller(actor, backup).keys() == pks
        of_offer = Subscription.objects.visible_to(actor).filter(offer=backup)
        assert set(of_offer.values_list("buyer_id", flat=True)) == pks
        terms = SubscriptionTerm.objects.visible_to(actor).filter(subscription__offer=backup)
        assert set(terms.values_list("subscription__buyer_id", flat=True)) == pks


@pytest.mark.promise("CA-20", "E-8")
def test_an_offer_opens_to_selected_partners_with_all_that_have_sold_it(world, as_tenant, backup):
    actor, staff = world.actor("publisher.admin"), world.actor("vendor.admin")
    with as_tenant(staff):
        change_live_audience(actor=staff, offer=backup, audience="none")
    with as_tenant(actor):
        chosen = choose_audience(actor=actor, offer=backup, audience="specific", revision=None)
        assert sync_audience(actor=actor, offer=backup, revision=chosen.audience_revision) == 2
    assert set(backup.authorizations.active().values_list("organization", flat=True)) == {
        world.partner.pk, world.lapsed.pk,
    }  # fmt: skip

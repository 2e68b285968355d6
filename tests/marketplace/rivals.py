"""A second publisher beside that of the cast, so that one publisher meets what is another's."""

import datetime as dt
from dataclasses import dataclass

from accounts.models import Operator, Organization, OrganizationKind, Role
from accounts.queries.operators import list_current_operators_of_person
from connections.actors import build_actor_for_organization
from marketplace.actions.offers import create_offer, publish_offer, save_draft
from marketplace.models import Market, Offer, OfferType, Plan, PricingModel, SaleStop
from partnerportal.lib.actors import Actor
from tests.world import World
from tests.world_offers import CHANNEL, make_content


@dataclass
class Rival:
    """A second publisher: its Admin, and its published offer with a draft, as an id for each thing."""

    actor: Actor
    offer: Offer
    ids: dict[str, int]


def build_rival(world: World) -> Rival:
    """A publisher that is not of the cast, whose draft, channel material and prices hold the word "qrivalq"."""
    organization = Organization.objects.create(
        kind=OrganizationKind.PUBLISHER, name="Rival", country="DE", contact_email="rival@example.com"
    )
    person = world.person("nobody")
    Operator.objects.create(person=person, organization=organization, roles=[Role.ADMIN])
    actor = build_actor_for_organization(person, organization.pk, list_current_operators_of_person(person.pk))
    offer = create_offer(actor=actor, code="rival", type=OfferType.SAAS, pricing_model=PricingModel.FLAT)
    save_draft(actor=actor, offer=offer, content=make_content("Rival", "basic"), channel=CHANNEL, revision=None)
    publish_offer(actor=actor, offer=offer, revision=2)
    secret = CHANNEL | {"sales_url": "https://rival.example/qrivalq"}
    save_draft(actor=actor, offer=offer, content=make_content("Draft qrivalq", "basic"), channel=secret, revision=None)
    plan = Plan.objects.get(offer=offer)
    price = plan.prices.create(
        market=Market.objects.get(code="japan"), currency="JPY", term="P1M", billing="P1M",
        valid_from=dt.date(2026, 1, 1), amount=7_771_377_713,
    )  # fmt: skip
    stop = SaleStop.objects.create(offer=offer, plan=plan, market=Market.objects.get(code="japan"), by_vendor=True)
    offer = Offer.objects.get(pk=offer.pk)
    draft = offer.versions.get(number=None)
    ids = {
        "offer": offer.pk, "plan": plan.pk, "price": price.pk, "stop": stop.pk, "draft": draft.pk,
        "live": offer.live_version_id, "organization": organization.pk,
    }  # fmt: skip
    return Rival(actor, offer, ids)

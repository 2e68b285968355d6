"""The simulator's page: the choice of a partner, a customer or country and a plan, and what the rules say of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.db.models import QuerySet
from django.utils.http import urlencode

from accounts.models import OrganizationKind
from marketplace.models import Offer, Plan
from marketplace.parties import SHOWN, PartyChooser, read_search
from marketplace.queries.catalogue import make_offer_condition
from marketplace.queries.eligibility import ProspectiveSale, find_sale_ground, get_prospective_sale, judge_plan
from marketplace.rows.eligibility import Reason, describe_sale_ground, make_reasons
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import get_country_name, list_country_choices


@dataclass(frozen=True)
class PlanOption:
    """A plan to choose: the names of its offer and itself, and the query that chooses it."""

    offer: str
    plan: str
    publisher: str
    query: str


class Simulation(PartyChooser):
    """A question to the simulator, by the parameters `partner`, `customer`, `country` and `plan`, and its answer.

    Publishers ask about plans of their own offers and about countries, everybody else about plans that are published.
    A plan that the actor may not ask about counts as not chosen. A country counts where no customer is chosen.
    """

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        countries = dict(list_country_choices())
        self.country = params.get("country", "") if params.get("country", "") in countries else ""
        self.plan_q = read_search(params, "plan_q")
        super().__init__(actor, params)
        if self.customer:
            self.country = ""
        self.kept = {"country": self.country, "plan": str(self.plan.public_id) if self.plan else ""}
        self.kept = {name: value for name, value in self.kept.items() if value}

    @cached_property
    def plan(self) -> Plan | None:
        """The chosen plan, or None."""
        try:
            return list_plans_to_ask_about(self.actor).filter(public_id=UUID(self.params.get("plan", ""))).first()
        except ValueError:
            return None

    @cached_property
    def plan_options(self) -> list[PlanOption]:
        """The plans that match the search, the first of them without one."""
        rows = list_plans_to_ask_about(self.actor)
        if self.plan_q:
            rows = rows.filter(
                make_offer_condition(Offer.objects.visible_to(self.actor), self.plan_q, "offer__", "code")
            )
        return [
            PlanOption(
                offer=name_offer(row.offer),
                plan=row.local_name,
                publisher=row.offer.publisher.name,
                query=urlencode(self.without_plan | {"plan": str(row.public_id)}),
            )
            for row in rows.order_by("offer__sort_en", "offer", "position", "pk")[:SHOWN]
        ]

    @property
    def shows_first_only(self) -> dict[str, bool]:
        """Whether there are probably more to choose from than are shown, by "partner", "customer" and "plan"."""
        return super().shows_first_only | {"plan": len(self.plan_options) == SHOWN}

    @cached_property
    def sale(self) -> ProspectiveSale | None:
        """The sale in question, or None while a partner or a plan is to be chosen."""
        if self.partner is None or self.plan is None:
            return None
        return get_prospective_sale(self.actor, self.partner, customer=self.customer, country=self.country)

    @property
    def ground(self) -> str:
        """By what the audience lets the partner sell the plan, in words, or ""."""
        if self.sale is None or self.plan is None:
            return ""
        return describe_sale_ground(self.sale, find_sale_ground(self.actor, self.sale, self.plan))

    @cached_property
    def reasons(self) -> list[Reason] | None:
        """The rules that keep the sale from being made, none if it can be; None while something is to be chosen."""
        if self.sale is None or self.plan is None:
            return None
        return make_reasons(self.actor, self.sale, judge_plan(self.actor, self.sale, self.plan))

    @property
    def without_country(self) -> dict[str, str]:
        """What is chosen beside the country, as parameters by name; choosing a country leaves out the customer."""
        plan = {"plan": str(self.plan.public_id)} if self.plan else {}
        return self.partner_value | plan

    @property
    def without_plan(self) -> dict[str, str]:
        """What is chosen beside the plan, as parameters by name."""
        return self.partner_value | self.customer_value | ({"country": self.country} if self.country else {})

    @property
    def plan_name(self) -> str:
        """The names of the chosen plan and its offer."""
        return f"{name_offer(self.plan.offer)} · {self.plan.local_name}" if self.plan else ""

    @property
    def country_name(self) -> str:
        """The name of the chosen country, or ""."""
        return get_country_name(self.country) if self.country else ""

    @property
    def country_choices(self) -> list[tuple[str, str]]:
        """All countries by name."""
        return list_country_choices()


def name_offer(offer: Offer) -> str:
    """Return the name of an offer in the reader's language, or its code before it is published."""
    return offer.shown_listing.get("name") or offer.code


def list_plans_to_ask_about(actor: Actor) -> QuerySet[Plan]:
    """Return the plans about whose sale the actor may ask: a publisher its own, others those that were published.

    They come with their offers and publishers.
    """
    plans = Plan.objects.visible_to(actor).select_related("offer__publisher")
    if actor.organization_kind == OrganizationKind.PUBLISHER:
        return plans.filter(offer__publisher=actor.organization_id)
    return plans.exclude(published_in=None)

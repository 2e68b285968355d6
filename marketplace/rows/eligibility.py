"""Why a sale cannot be made, in the reader's words: each rule with the fact that it rests on and what to do next."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from accounts.models import OrganizationKind
from marketplace.models import Plan
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.eligibility import ProspectiveSale, SaleGround, SaleRule
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.errors import Message

# Short names, for lists and filters.
RULE_LABELS: dict[SaleRule, Message] = {
    SaleRule.OFFER_NOT_PUBLISHED: gettext_lazy("Not published"),
    SaleRule.PLAN_NOT_LIVE: gettext_lazy("Plan not on sale"),
    SaleRule.OFFER_STOPPED: gettext_lazy("Sale stopped"),
    SaleRule.PLAN_STOPPED: gettext_lazy("Sale of the plan stopped"),
    SaleRule.PLAN_STOPPED_IN_MARKET: gettext_lazy("Sale stopped in the partner’s market"),
    SaleRule.TERMS_STOPPED: gettext_lazy("Sale stopped for all terms"),
    SaleRule.OPTED_OUT: gettext_lazy("Not sold through partners"),
    SaleRule.NOT_IN_AUDIENCE: gettext_lazy("For selected partners only"),
    SaleRule.NO_PRICE: gettext_lazy("No price in the partner’s currency"),
    SaleRule.PARTNER_SUSPENDED: gettext_lazy("Partner suspended"),
    SaleRule.NO_MEMBERSHIP: gettext_lazy("No programme membership"),
    SaleRule.NO_MARKET: gettext_lazy("Partner not in any market"),
    SaleRule.OUTSIDE_MARKET: gettext_lazy("Customer outside the partner’s market"),
    SaleRule.NOT_CONNECTED: gettext_lazy("Customer not connected"),
    SaleRule.ALREADY_HELD: gettext_lazy("Customer already has the plan"),
}
_SENTENCES: dict[SaleRule, Message] = {
    SaleRule.OFFER_NOT_PUBLISHED: gettext_lazy("The offer is not published."),
    SaleRule.PLAN_NOT_LIVE: gettext_lazy("The live version of the offer doesn’t have this plan."),
    SaleRule.OFFER_STOPPED: gettext_lazy("The sale of the offer has been stopped."),
    SaleRule.PLAN_STOPPED: gettext_lazy("The sale of this plan has been stopped."),
    SaleRule.PLAN_STOPPED_IN_MARKET: gettext_lazy("The sale of this plan has been stopped in the market %(market)s."),
    SaleRule.TERMS_STOPPED: gettext_lazy(
        "The sale of this plan has been stopped for all terms in the market %(market)s."
    ),
    SaleRule.OPTED_OUT: gettext_lazy("The publisher doesn’t sell this offer through partners."),
    SaleRule.NOT_IN_AUDIENCE: gettext_lazy(
        "Only selected partners may sell this offer, and %(partner)s is not one of them."
    ),
    SaleRule.NO_PRICE: gettext_lazy("The plan has no price in %(currency)s for the market %(market)s."),
    SaleRule.PARTNER_SUSPENDED: gettext_lazy("%(partner)s is suspended."),
    SaleRule.NO_MEMBERSHIP: gettext_lazy("%(partner)s has no active membership of the CSP programme."),
    SaleRule.NO_MARKET: gettext_lazy("%(partner_country)s, the country of %(partner)s, is not in any market."),
    SaleRule.OUTSIDE_MARKET: gettext_lazy("%(country)s is outside the market of %(partner)s."),
    SaleRule.NOT_CONNECTED: gettext_lazy("%(customer)s is not connected to %(partner)s."),
    SaleRule.ALREADY_HELD: gettext_lazy("%(customer)s already has this plan, and each customer can have it only once."),
}
_NO_PLACE = gettext_lazy("The plan has no price for %(partner)s, whose country is not in any market.")
_OF_PUBLISHER = {
    SaleRule.PLAN_NOT_LIVE,
    SaleRule.OFFER_STOPPED,
    SaleRule.PLAN_STOPPED,
    SaleRule.PLAN_STOPPED_IN_MARKET,
    SaleRule.TERMS_STOPPED,
    SaleRule.OPTED_OUT,
    SaleRule.NOT_IN_AUDIENCE,
    SaleRule.NO_PRICE,
}
_OF_ACCOUNT = {SaleRule.PARTNER_SUSPENDED, SaleRule.NO_MEMBERSHIP, SaleRule.NO_MARKET}
_OF_MARKETS = {SaleRule.NO_MARKET, SaleRule.OUTSIDE_MARKET}


@dataclass(frozen=True)
class Reason:
    """A rule that fails: its code, its words, the fact that it rests on, and the next step as a link."""

    code: str
    label: str
    text: str
    fact: str
    step: str
    step_url: str


_GROUNDS = {
    SaleGround.ANY: gettext_lazy("Every partner in the CSP programme may sell this offer."),
    SaleGround.OPEN_PLAN: gettext_lazy("Every partner in the CSP programme may sell this plan, whatever the audience."),
    SaleGround.SELECTED: gettext_lazy("The publisher has selected %(partner)s."),
    SaleGround.DISTRIBUTOR: gettext_lazy("The publisher has selected the partner’s distributor, %(distributor)s."),
}
_UNNAMED = gettext_lazy("The publisher has selected the partner’s distributor.")


def describe_sale_ground(sale: ProspectiveSale, ground: SaleGround | None) -> str:
    """Return in words by what the audience lets the partner sell, or "" without a ground."""
    if ground is None:
        return ""
    sentence = _UNNAMED if ground.code == SaleGround.DISTRIBUTOR and not ground.distributor else _GROUNDS[ground.code]
    distributor = ground.distributor.name if ground.distributor else ""
    return str(sentence) % {"partner": sale.partner.name, "distributor": distributor}


def make_reasons(actor: Actor, sale: ProspectiveSale, plan: Plan) -> list[Reason]:
    """Return why a plan cannot be sold, for each of its `failed_rules`. `plan` comes with its offer."""
    return [_reason(SaleRule(code), actor, sale, plan) for code in plan.failed_rules]  # type: ignore[attr-defined]


def _reason(rule: SaleRule, actor: Actor, sale: ProspectiveSale, plan: Plan) -> Reason:
    sentence = _NO_PLACE if rule is SaleRule.NO_PRICE and sale.market_id is None else _SENTENCES[rule]
    words = {
        "partner": sale.partner.name,
        "customer": sale.customer.name if sale.customer else "",
        "country": get_country_name(sale.country),
        "partner_country": get_country_name(sale.partner.country),
        "market": sale.market,
        "currency": sale.currency,
    }
    step, url = _next_step(rule, actor, sale, plan)
    return Reason(rule.value, str(RULE_LABELS[rule]), str(sentence) % words, _fact(rule, sale, plan), step, url)


def _fact(rule: SaleRule, sale: ProspectiveSale, plan: Plan) -> str:
    """Return what the rule looked at, as "Market: Europe"."""
    place = [(_("Market"), sale.market), (_("Currency"), sale.currency)]
    facts: dict[SaleRule, list[tuple[str, str]]] = {
        SaleRule.OFFER_NOT_PUBLISHED: [(_("Offer"), plan.offer.code)],
        SaleRule.PLAN_NOT_LIVE: [(_("Plan"), plan.code)],
        SaleRule.OFFER_STOPPED: [(_("Offer"), plan.offer.code)],
        SaleRule.PLAN_STOPPED: [(_("Plan"), plan.code)],
        SaleRule.PLAN_STOPPED_IN_MARKET: [(_("Plan"), plan.code), place[0]],
        SaleRule.TERMS_STOPPED: [(_("Plan"), plan.code), place[0]],
        SaleRule.OPTED_OUT: [(_("CSP reseller audience"), str(plan.offer.get_audience_display()))],
        SaleRule.NOT_IN_AUDIENCE: [(_("CSP reseller audience"), str(plan.offer.get_audience_display()))],
        SaleRule.NO_PRICE: place if sale.market_id else [(_("Country"), get_country_name(sale.partner.country))],
        SaleRule.PARTNER_SUSPENDED: [(_("Status"), pgettext("organization", "suspended"))],
        SaleRule.NO_MEMBERSHIP: [(_("Active membership"), pgettext("fact", "none"))],
        SaleRule.NO_MARKET: [(_("Country"), get_country_name(sale.partner.country))],
        SaleRule.OUTSIDE_MARKET: [(_("Country"), get_country_name(sale.country)), *place[: bool(sale.market)]],
        SaleRule.NOT_CONNECTED: [(_("Connection"), pgettext("fact", "none"))],
        SaleRule.ALREADY_HELD: [(_("Plan"), plan.code)],
    }
    return " · ".join(_("%(label)s: %(value)s") % {"label": label, "value": value} for label, value in facts[rule])


def _next_step(rule: SaleRule, actor: Actor, sale: ProspectiveSale, plan: Plan) -> tuple[str, str]:
    """Return the label and the URL of what the reader can do about a rule."""
    kind, offer = actor.organization_kind, plan.offer
    another_partner = _("Choose another partner"), f"{reverse('simulator')}?{urlencode({'plan': str(plan.public_id)})}"
    if kind == OrganizationKind.PUBLISHER:
        is_offers = rule in _OF_PUBLISHER or rule is SaleRule.OFFER_NOT_PUBLISHED
        return (_("Open the offer"), reverse("offer", args=[offer.public_id])) if is_offers else another_partner
    if kind == OrganizationKind.VENDOR:
        if rule in _OF_MARKETS:
            return _("View markets"), reverse("catalogue_markets")
        is_offers = rule in _OF_PUBLISHER
        return (_("Open the offer"), reverse("vendor_offer", args=[offer.public_id])) if is_offers else another_partner
    if rule in _OF_PUBLISHER:
        if not ROLE_TABLE[OfferPermission.CONTACT_PUBLISHER].check_actor(actor):
            return _("Choose another offer"), reverse("catalogue")
        return _("Contact publisher"), reverse("contact_publisher", args=[offer.public_id])
    if rule in _OF_ACCOUNT:
        is_own = sale.partner.pk == actor.organization_id
        return (_("Open account details"), reverse("account_details")) if is_own else another_partner
    return _("Choose another customer"), reverse("catalogue_choose")


def format_reason_counts(counts: dict[str, int]) -> Iterable[tuple[SaleRule, str, int]]:
    """Yield each rule that some offers fail, with its short name and their number, in the order of the rules."""
    for rule in SaleRule:
        if counts.get(rule.value):
            yield rule, str(RULE_LABELS[rule]), counts[rule.value]


NOT_BUYABLE = pgettext_lazy("offer", "Can’t be sold")

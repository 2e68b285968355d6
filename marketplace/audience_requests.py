"""The requests by which the audience of a live offer changes, which vendor staff decide (CA-20…CA-28, E-8).

One request ends authorisations of partners without sales; three change the option. What they refuse and why stands in
`audience_rules`, which the page of the audience and the API read too.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from accounts.models import Organization, OrganizationKind, Role
from marketplace.actions.audience import change_live_audience
from marketplace.audience_facts import (
    MOST_NAMED,
    NOT_LIVE,
    SYSTEM,
    get_request_offer,
    make_fingerprint,
    name_first,
)
from marketplace.audience_rules import HAS_SALES, Way, judge_audience_change
from marketplace.deauthorization import (
    DeauthorizeForm,
    check_deauthorization,
    deauthorize_partners,
    describe_deauthorization,
    describe_partners,
    read_partners,
    summarize_deauthorization,
)
from marketplace.models import Audience, Offer, OfferType
from marketplace.queries.audience import summarize_sales
from marketplace.queries.offers import get_own_offer
from marketplace.rows.offers import get_offer_name
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.policies import PermissionRule
from support.kinds import (
    BeginningPage,
    Fact,
    Findings,
    LabelledText,
    PrefilledField,
    Reason,
    RequestKind,
    register_request_kind,
)
from support.models import Request

DEAUTHORIZE = "audience.deauthorize"
OPEN_KEY = "audience:%s"  # with the public id of the offer
RULE = PermissionRule(
    label=gettext_lazy("Request changes to a live offer’s audience"),
    kinds=frozenset({OrganizationKind.PUBLISHER}),
    roles=frozenset({Role.ADMIN}),
)


def _name_offer(offer: Offer) -> str:
    """Return the name that the publisher reads, and the code, which is the same for every reader."""
    name = get_offer_name(offer)
    return offer.code if name == offer.code else f"{name} ({offer.code})"


def _lock_offer(actor: Actor, request: Request) -> None:
    """Lock the row of the offer, for which a sale of it waits too."""
    list(Offer.objects.visible_to(actor).select_for_update(of=("self",)).filter(public_id=request.subject_id))


def _prefill(actor: Actor, offer: Offer) -> list[PrefilledField]:
    """Return what the seed's form has chosen already: product version, category and problem (CA-22, CA-23)."""
    return [
        PrefilledField(gettext_noop("Offer"), _name_offer(offer), is_name=True),
        PrefilledField(gettext_noop("Product version"), gettext_noop("Live offer management")),
        PrefilledField(gettext_noop("Category"), CATEGORIES[offer.type]),
        PrefilledField(gettext_noop("Problem"), gettext_noop("Update existing offer")),
    ]


CATEGORIES: Mapping[str, str] = {
    OfferType.SAAS: gettext_noop("SaaS"),
    OfferType.VIRTUAL_MACHINE: gettext_noop("Virtual machine"),
    OfferType.SOLUTION_TEMPLATE: gettext_noop("Solution template"),
    OfferType.MANAGED_APPLICATION: gettext_noop("Managed application"),
    OfferType.BUSINESS_CENTRAL: gettext_noop("Dynamics 365 Business Central"),
    OfferType.CONTAINER: gettext_noop("Container"),
}


def _make_option_check(audience: Audience) -> Callable[[Request], Findings]:
    """Return the check of requests for an option: whether the rules let staff choose it now, and who has sold."""

    def check(request: Request) -> Findings:
        offer = get_request_offer(request)
        sold = summarize_sales(SYSTEM, offer)
        countries, number = formats.join_names(sold.country_names), len(sold.sellers)
        facts: tuple[Fact, ...] = (
            Fact("audience", _("Current audience"), offer.audience, Audience(offer.audience).label),
            Fact("sellers", _("Number of partners with sales"), str(number), formats.format_number(number)),
            _name_group("who", _("Partners with sales"), sold.sellers),
            Fact("quantity", _("Licences sold"), str(sold.quantity), formats.format_number(sold.quantity)),
            Fact("countries", _("Customers’ countries"), " ".join(sold.countries), countries or "–"),
        )
        if audience == Audience.SPECIFIC:
            facts += _count_additions(offer, sold.sellers)
        if not offer.is_published:
            return Findings(facts=facts, reasons=(NOT_LIVE,))
        verdict = judge_audience_change(offer, audience, sellers=number)
        if verdict.way != Way.REQUEST:
            message = HAS_SALES if verdict.way == Way.REFUSED else verdict.message
            return Findings(facts=facts, reasons=(Reason(verdict.code, message),))
        text = f"{Audience(offer.audience).label} → {audience.label}"
        return Findings(facts=facts, changes=(LabelledText(_("CSP reseller audience"), text),))

    return check


def _count_additions(offer: Offer, sellers: Collection[int]) -> tuple[Fact, Fact]:
    """Return the facts how many saved additions come into the audience beside those that have sold, and who."""
    saved = offer.audience_changes.filter(is_removal=False).exclude(organization__in=sellers)
    keys = list(saved.values_list("organization_id", flat=True))
    number = len(keys)
    return (
        Fact("additions", _("Saved partners to be added"), str(number), formats.format_number(number)),
        _name_group("who_comes", _("Partners to be added"), keys),
    )


def _name_group(name: str, label: str, keys: Collection[int]) -> Fact:
    """Return the fact who some partners are: the first by name. Its value tells any two groups apart."""
    rows = Organization.objects.visible_to(SYSTEM).filter(pk__in=keys).order_by("name_folded", "pk")
    names = [row.name for row in rows[:MOST_NAMED]]
    return Fact(name, label, make_fingerprint(keys), name_first(names, len(keys)) or "–")


def _make_option_effect(audience: Audience) -> Callable[[Actor, Request], tuple[()]]:
    def change(actor: Actor, request: Request) -> tuple[()]:
        change_live_audience(actor=actor, offer=get_request_offer(request), audience=audience)
        return ()

    return change


def _open_key(request: Request) -> str:
    return OPEN_KEY % request.subject_id


def find_open_audience_request(actor: Actor, offer: Offer) -> Request | None:
    """Return the request about an offer's audience that is not decided, or None: only one can be open."""
    return Request.objects.visible_to(actor).open().filter(open_key=OPEN_KEY % offer.public_id).first()


OPTIONS = {  # the option that is asked for: the title of the request
    Audience.ANY: gettext_noop("Open the offer to any partner"),
    Audience.SPECIFIC: gettext_noop("Limit the offer to specific partners"),
    Audience.NONE: gettext_noop("Close the offer to all partners"),
}


def register_audience_requests() -> None:
    """Register the requests about audiences."""
    common: dict[str, Any] = {
        "rule": RULE,
        "find_subject": get_own_offer,
        "describe_subject": _name_offer,
        "prefilled": _prefill,
        "lock": _lock_offer,
        "open_key": _open_key,
        "begun_on": BeginningPage(
            gettext_lazy("To make a request about an offer, use its “Audience” tab."),
            gettext_lazy("View offers"),
            "offers",
        ),
    }
    register_request_kind(
        RequestKind(
            code=DEAUTHORIZE,
            label=gettext_lazy("Deauthorize partners"),
            title=gettext_noop("Deauthorize CSP"),
            details=DeauthorizeForm,
            read_query=read_partners,
            describe_details=describe_partners,
            check=check_deauthorization,
            effect=deauthorize_partners,
            describe_results=describe_deauthorization,
            summarize_results=summarize_deauthorization,
            **common,
        )
    )
    for audience, title in OPTIONS.items():
        register_request_kind(
            RequestKind(
                code=get_option_request_code(audience),
                label=gettext_lazy(title),
                title=title,
                check=_make_option_check(audience),
                effect=_make_option_effect(audience),
                **common,
            )
        )


def get_option_request_code(audience: str) -> str:
    """Return the code of the kind of requests that ask for an option of an audience."""
    return f"audience.{audience}"

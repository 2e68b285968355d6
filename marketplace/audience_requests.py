"""The requests by which the audience of a live offer changes, which vendor staff decide (CA-20…CA-28, E-8).

One request ends authorisations of partners without sales; three change the option. What they refuse and why stands in
`audience_rules`, which the page of the audience and the API read too.
"""

from collections.abc import Callable, Collection, Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from accounts.models import Organization, OrganizationKind, Role
from marketplace.actions.audience import change_live_audience, deauthorize
from marketplace.audience_rules import HAS_SALES, NOBODY_LEFT, REMOVAL_REFUSED, Way, judge_audience_change
from marketplace.models import Audience, Offer, OfferType, ResellerListing
from marketplace.queries.audience import count_sales_through, parse_tenant_id, summarize_sales
from marketplace.queries.offers import get_own_offer
from marketplace.rows.offers import get_offer_name
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import NotFound
from partnerportal.lib.policies import PermissionRule
from support.kinds import (
    BeginningPage,
    Fact,
    Findings,
    LabelledText,
    PrefilledField,
    Reason,
    RequestDetailsForm,
    RequestKind,
    register_request_kind,
)
from support.models import Request

DEAUTHORIZE = "audience.deauthorize"
OPEN_KEY = "audience:%s"  # with the public id of the offer
MOST_PARTNERS = 500  # of one request
MOST_NAMED = 20  # of those that have sold, on the page of the decision
SYSTEM = Actor.system()  # row-level security still shows whoever asks no more than its own
RULE = PermissionRule(
    label=gettext_lazy("Ask for a change of a live offer’s audience"),
    kinds=frozenset({OrganizationKind.PUBLISHER}),
    roles=frozenset({Role.ADMIN}),
)
NOT_LIVE = Reason("not_live", gettext_lazy("The offer is not published, so its audience changes without a request."))


def _get_offer(request: Request) -> Offer:
    """Return the offer that a request is about, which is of the organisation that asks. Raises NotFound."""
    offer = Offer.objects.filter(publisher=request.organization_id, public_id=request.subject_id).first()
    if offer is None:
        raise NotFound("not_found", "")
    return offer


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


class DeauthorizeForm(RequestDetailsForm):
    """The form for the partners that are to leave an audience: those that are marked in its table, all chosen.

    By API others of the audience can be named, because only the pages and imports mark.
    """

    partners = forms.MultipleChoiceField(label=gettext_lazy("Partners"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        offer = get_own_offer(self.actor, self.request.subject_id)
        marked = offer.audience_changes.filter(is_removal=True).values("organization")
        listing = ResellerListing.objects.visible_to(self.actor).order_by("name_folded")
        rows = [*listing.filter(organization__in=marked)[:MOST_PARTNERS]]
        held = offer.authorizations.active().values("organization")
        named = listing.filter(public_id__in=self._list_named(), organization__in=held)
        more = [row for row in named[:MOST_PARTNERS] if row not in rows]
        choices = [(str(row.public_id), row.name) for row in (rows + more)[:MOST_PARTNERS]]
        self.fields["partners"].choices = choices  # type: ignore[attr-defined]
        self.fields["partners"].initial = [str(row.public_id) for row in rows]

    def _list_named(self) -> list[UUID]:
        """Return the public ids that the draft or its new fields name."""
        given = self.data.getlist("partners") if isinstance(self.data, QueryDict) else self.data.get("partners")
        texts = [*(given if isinstance(given, list) else []), *self.request.payload.get("partners", [])]
        return [found for text in texts if (found := parse_tenant_id(str(text)))]


def _read_partners(actor: Actor, offer: Offer, query: QueryDict) -> dict[str, Any]:
    """Return the partners of the audience that a link names, such as that of the API's `request_needed`."""
    named = [found for text in query.getlist("partner")[:MOST_PARTNERS] if (found := parse_tenant_id(text))]
    held = offer.authorizations.active().values("organization")
    rows = ResellerListing.objects.visible_to(actor).filter(public_id__in=named, organization__in=held)
    partners = [str(row.public_id) for row in rows.order_by("name_folded")]
    return {"partners": partners} if partners else {}


def _list_partners(request: Request) -> list[ResellerListing]:
    """Return the partners that a request names, by name."""
    named = request.payload.get("partners", [])
    return list(ResellerListing.objects.filter(public_id__in=named).order_by("name_folded"))


def _describe_partners(request: Request) -> list[LabelledText]:
    return [LabelledText(_("Partners"), formats.join_names(row.name for row in _list_partners(request)) or "–")]


def _check_deauthorization(request: Request) -> Findings:
    """Return of each partner whether it has sales; the request is allowed while one has none and is in the audience."""
    offer, partners = _get_offer(request), _list_partners(request)
    keys = [row.organization_id for row in partners]
    held = set(offer.authorizations.active().filter(organization__in=keys).values_list("organization_id", flat=True))
    sales = count_sales_through(SYSTEM, offer, keys)
    facts = tuple(_describe_partner(row, held, sales) for row in partners)
    leaving = [row.name for row in partners if row.organization_id in held and row.organization_id not in sales]
    if not offer.is_published:
        return Findings(facts=facts, reasons=(NOT_LIVE,))
    if not held:
        return Findings(facts=facts, reasons=(Reason("not_in_audience", NOBODY_LEFT),))
    if not leaving:
        return Findings(facts=facts, reasons=(Reason("partner_has_sales", REMOVAL_REFUSED),))
    return Findings(facts=facts, changes=(LabelledText(_("Leave the audience"), formats.join_names(leaving)),))


def _describe_partner(row: ResellerListing, held: set[int], sales: Mapping[int, int]) -> Fact:
    if row.organization_id not in held:
        return Fact(str(row.public_id), row.name, "gone", _("Not in the audience any more"))
    if number := sales.get(row.organization_id):
        text = _("Stays: %(number)s subscriptions sold") % {"number": formats.format_number(number)}
        return Fact(str(row.public_id), row.name, f"sold {number}", text)
    return Fact(str(row.public_id), row.name, "unsold", _("Has sold nothing"))


def _deauthorize(actor: Actor, request: Request) -> int:
    """End the authorisation of each partner of the request that has no sales."""
    offer, partners = _get_offer(request), _list_partners(request)
    keys = {row.organization_id for row in partners}
    leaving = keys - count_sales_through(SYSTEM, offer, keys).keys()
    return deauthorize(actor=actor, offer=offer, organization_ids=leaving)


def _make_option_check(audience: Audience) -> Callable[[Request], Findings]:
    """Return the check of requests for an option: whether the rules let staff choose it now, and who has sold."""

    def check(request: Request) -> Findings:
        offer = _get_offer(request)
        sold = summarize_sales(SYSTEM, offer)
        countries, number = formats.join_names(sold.country_names), len(sold.sellers)
        facts: tuple[Fact, ...] = (
            Fact("audience", _("Audience now"), offer.audience, Audience(offer.audience).label),
            Fact("sellers", _("Partners with sales"), str(number), formats.format_number(number)),
            _name_group("who", _("Who has sold"), sold.sellers),
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
        Fact("additions", _("Saved partners that come in"), str(number), formats.format_number(number)),
        _name_group("who_comes", _("Who comes in"), keys),
    )


def _name_group(name: str, label: str, keys: Collection[int]) -> Fact:
    """Return the fact who some partners are: the first MOST_NAMED by name. Its value tells any two groups apart."""
    rows = Organization.objects.visible_to(SYSTEM).filter(pk__in=keys).order_by("name_folded", "pk")
    names = [row.name for row in rows[: MOST_NAMED + 1]]
    text = formats.join_names([*names[:MOST_NAMED], "…"] if len(names) > MOST_NAMED else names)
    value = sha256(" ".join(map(str, sorted(keys))).encode()).hexdigest()[:16] if keys else ""
    return Fact(name, label, value, text or "–")


def _make_option_effect(audience: Audience) -> Callable[[Actor, Request], object]:
    def change(actor: Actor, request: Request) -> object:
        return change_live_audience(actor=actor, offer=_get_offer(request), audience=audience)

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
            gettext_lazy("What your offers need the vendor for is asked on their tab “Audience”."),
            gettext_lazy("Open offers"),
            "offers",
        ),
    }
    register_request_kind(
        RequestKind(
            code=DEAUTHORIZE,
            label=gettext_lazy("Deauthorize partners"),
            title=gettext_noop("Deauthorize CSP"),
            details=DeauthorizeForm,
            read_query=_read_partners,
            describe_details=_describe_partners,
            check=_check_deauthorization,
            effect=_deauthorize,
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

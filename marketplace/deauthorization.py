"""The request by which partners without sales leave the audience of a live offer (CA-20…CA-23).

Each partner that it names is judged for itself, at submit and at the decision, and its result is kept with the request.
However many are marked, they are one request: more than MOST_LISTED are shown as groups.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from marketplace.actions.audience import deauthorize
from marketplace.audience_facts import NOT_LIVE, SYSTEM, get_request_offer, make_fingerprint, name_first
from marketplace.audience_rules import NOBODY_LEFT, REMOVAL_REFUSED
from marketplace.models import Offer, ResellerListing
from marketplace.queries.audience import count_sales_through, parse_tenant_id
from marketplace.queries.offers import get_own_offer
from marketplace.rows.audience import describe_lock
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from support.kinds import Fact, Findings, LabelledText, PartResult, Reason, RequestDetailsForm
from support.models import Request

MOST_LISTED = 500  # partners that a page lists one by one
MARKED = "marked"  # stands for all partners that are marked
# What becomes of a partner: what a request finds, and what an approval has done.
UNSOLD, LEFT, SOLD, GONE = "unsold", "left", "partner_has_sales", "not_in_audience"
WORDS: Mapping[str, Message] = {
    SOLD: gettext_lazy("Stay, because they have sold the offer"),
    GONE: gettext_lazy("No longer in the audience"),
    UNSOLD: gettext_lazy("No sales of the offer"),
    LEFT: gettext_lazy("Left the audience"),
}


class PartnersField(forms.MultipleChoiceField):
    """A form field for partners by public id, of `offered`. `all_of_them` and MARKED stand for all of these."""

    widget = forms.CheckboxSelectMultiple
    offered: Mapping[str, str]
    all_of_them: str

    def offer(self, names: Mapping[str, str]) -> None:
        """Offer these partners, names by public id: one by one, or if they are many by one choice for all."""
        self.offered = names
        self.all_of_them = f"{MARKED}:{make_fingerprint(names)}"
        text = _("All %(number)s partners: %(names)s")
        shown = {"number": formats.format_number(len(names)), "names": name_first([*names.values()])}
        self.choices = [(self.all_of_them, text % shown)] if self.is_summarized else [*names.items()]

    @property
    def is_summarized(self) -> bool:
        """Whether there are too many partners to list them."""
        return len(self.offered) > MOST_LISTED

    def valid_value(self, value: str) -> bool:
        """Return whether a value stands for a partner that is offered, or for all of them."""
        return value in self.offered or value in (MARKED, self.all_of_them)

    def clean(self, value: Any) -> list[str]:
        """Return the public ids of the partners that are chosen."""
        chosen: list[str] = super().clean(value)
        return [*self.offered] if {MARKED, self.all_of_them} & set(chosen) else chosen


class DeauthorizeForm(RequestDetailsForm):
    """The form for the partners that are to leave an audience: those that are marked in its table, all chosen.

    By API others of the audience can be named, because only the pages and imports mark.
    """

    partners = PartnersField(label=gettext_lazy("Partners"))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        offer = get_own_offer(self.actor, self.request.subject_id)
        listing = ResellerListing.objects.visible_to(self.actor).order_by("name_folded")
        marked = offer.audience_changes.filter(is_removal=True).values("organization")
        held = offer.authorizations.active().values("organization")
        rows = _name_rows(listing.filter(organization__in=marked))
        named = self._list_named() - rows.keys()
        field: Any = self.fields["partners"]
        field.offer(rows | _name_rows(listing.filter(public_id__in=named, organization__in=held)) if named else rows)
        field.initial = [*rows]
        if field.is_summarized:
            self.initial = {**self.initial, "partners": [field.all_of_them]}

    def _list_named(self) -> set[str]:
        """Return the public ids that the draft or its new fields name."""
        given = self.data.getlist("partners") if isinstance(self.data, QueryDict) else self.data.get("partners")
        texts = [*(given if isinstance(given, list) else []), *self.request.payload.get("partners", [])]
        return {str(found) for text in texts if (found := parse_tenant_id(str(text)))}


def read_partners(actor: Actor, offer: Offer, query: QueryDict) -> dict[str, Any]:
    """Return the partners of the audience that a link names, such as that of the API's `request_needed`."""
    named = [found for text in query.getlist("partner")[:MOST_LISTED] if (found := parse_tenant_id(text))]
    held = offer.authorizations.active().values("organization")
    rows = ResellerListing.objects.visible_to(actor).filter(public_id__in=named, organization__in=held)
    partners = [str(row.public_id) for row in rows.order_by("name_folded")]
    return {"partners": partners} if partners else {}


def _name_rows(rows: Any) -> dict[str, str]:
    """Return the names of partners by public id, in the order of the query."""
    return {str(public_id): name for public_id, name in rows.values_list("public_id", "name")}


def _list_partners(request: Request) -> list[ResellerListing]:
    """Return the partners that a request names, by name."""
    named = request.payload.get("partners", [])
    return list(ResellerListing.objects.filter(public_id__in=named).order_by("name_folded"))


def _join(names: Sequence[str]) -> str:
    return formats.join_names(names) if len(names) <= MOST_LISTED else name_first(names)


def describe_partners(request: Request) -> list[LabelledText]:
    """Return the partners that a request names, for its readers."""
    return [LabelledText(_("Partners"), _join([row.name for row in _list_partners(request)]) or "–")]


@dataclass(frozen=True)
class _Judged:
    """A partner of a request with what is found of it: UNSOLD, SOLD or GONE, and how much it has sold."""

    row: ResellerListing
    code: str
    sales: int = 0

    def as_result(self) -> PartResult:
        code = LEFT if self.code == UNSOLD else self.code
        return PartResult(str(self.row.public_id), self.row.name, code, self.sales, code == LEFT)


def _judge_partners(request: Request, offer: Offer) -> list[_Judged]:
    """Return what is so of each partner that a request names, by name."""
    partners = _list_partners(request)
    keys = [row.organization_id for row in partners]
    held = set(offer.authorizations.active().filter(organization__in=keys).values_list("organization_id", flat=True))
    sales = count_sales_through(SYSTEM, offer, keys)
    return [_judge_partner(row, held, sales) for row in partners]


def _judge_partner(row: ResellerListing, held: set[int], sales: Mapping[int, int]) -> _Judged:
    if row.organization_id not in held:
        return _Judged(row, GONE)
    number = sales.get(row.organization_id, 0)
    return _Judged(row, SOLD if number else UNSOLD, number)


def check_deauthorization(request: Request) -> Findings:
    """Return of each partner whether it has sales; the request is allowed while one has none and is in the audience."""
    offer = get_request_offer(request)
    judged = _judge_partners(request, offer)
    facts = tuple(_describe_each(judged) if len(judged) <= MOST_LISTED else _describe_groups(judged))
    leaving = [each.row.name for each in judged if each.code == UNSOLD]
    if not offer.is_published:
        return Findings(facts=facts, reasons=(NOT_LIVE,))
    if all(each.code == GONE for each in judged):
        return Findings(facts=facts, reasons=(Reason("not_in_audience", NOBODY_LEFT),))
    if not leaving:
        return Findings(facts=facts, reasons=(Reason("partner_has_sales", REMOVAL_REFUSED),))
    return Findings(facts=facts, changes=(LabelledText(_("Partners leaving the audience"), _join(leaving)),))


def _describe_each(judged: Iterable[_Judged]) -> Iterable[Fact]:
    for each in judged:
        value = f"{each.code} {each.sales}" if each.sales else each.code
        yield Fact(str(each.row.public_id), each.row.name, value, describe_lock(each.sales) or WORDS[each.code])


def _describe_groups(judged: Sequence[_Judged]) -> Iterable[Fact]:
    """Yield one fact for each group of partners, with their number and the first names."""
    for code in (SOLD, GONE, UNSOLD):
        group = [each for each in judged if each.code == code]
        if group:
            value = make_fingerprint(f"{each.row.public_id}:{each.sales}" for each in group)
            yield Fact(code, WORDS[code], value, _describe_group([each.row.name for each in group]))


def _describe_group(names: Sequence[str]) -> str:
    return f"{formats.format_number(len(names))} – {name_first(names)}"


def deauthorize_partners(actor: Actor, request: Request) -> list[PartResult]:
    """End the authorisation of each partner of the request that has no sales, and return what became of each."""
    offer = get_request_offer(request)
    judged = _judge_partners(request, offer)
    deauthorize(
        actor=actor,
        offer=offer,
        organization_ids={each.row.organization_id for each in judged if each.code == UNSOLD},
        staying={each.row.organization_id for each in judged if each.code == SOLD},
    )
    return [each.as_result() for each in judged]


def describe_deauthorization(results: Sequence[PartResult]) -> list[LabelledText]:
    """Return what became of each partner, first those that stayed; of many, of each group."""
    groups = {code: [each for each in results if each.code == code] for code in (SOLD, GONE, LEFT)}
    if len(results) <= MOST_LISTED:
        shown = [each for group in groups.values() for each in group]
        return [LabelledText(each.label, describe_lock(each.number) or WORDS[each.code]) for each in shown]
    return [
        LabelledText(WORDS[code], _describe_group([each.label for each in group]))
        for code, group in groups.items()
        if group
    ]


def summarize_deauthorization(results: Sequence[PartResult]) -> str:
    """Return in sentences who left the audience, who stayed, and why."""
    sentences = []
    for code in (LEFT, SOLD, GONE):
        names = [each.label for each in results if each.code == code]
        if names:
            sentences.append(_say_of(code, len(names)) % {"names": name_first(names)})
    return " ".join(sentences)


def _say_of(code: str, number: int) -> str:
    """Return the sentence about partners that left, stayed or were gone, with a place for their names."""
    if code == LEFT:
        return ngettext("Left the audience: %(names)s.", "Left the audience: %(names)s.", number)
    if code == SOLD:
        return ngettext(
            "Stays, because it has sold the offer: %(names)s.",
            "Stay, because they have sold the offer: %(names)s.",
            number,
        )
    return ngettext("Had already left the audience: %(names)s.", "Had already left the audience: %(names)s.", number)

"""The lists of pending customers and pending partners: the activation links that were sent to them."""

from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from accounts.models import OrganizationKind
from entitlements.filters import ActivationFilterSet
from entitlements.models import ActivationLink
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.activation import annotate_present_step, list_activation_links
from entitlements.rows.activations import ActivationRow, build_activation_rows
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import pair_countries
from partnerportal.lib.keyset import annotate_total_row_count, fetch_keyset_page_or_first
from partnerportal.lib.list_filters import DAYS, Choices, FilterRange, SeveralValues
from partnerportal.lib.lists import ListColumn, ListDefinition, ListTab
from partnerportal.lib.personal_lists import PersonalizedList


def _is_above_partners(actor: Actor) -> bool:
    """Return whether the links of several senders, to customers of several partners, may stand in the actor's list."""
    return actor.organization_kind != OrganizationKind.PARTNER


Kind = ActivationLink.Kind
OPEN = "open"  # the usual tab
COUNTED = 1000  # "1,000" then means at least so many
_NAME = ListColumn(name="name", label=gettext_lazy("Organisation"), sort="name_folded")
_STEP = ListColumn(name="step", label=gettext_lazy("Step"), sort="step_place")
_REST = (  # each column has its branch in parts/activation_row.html
    ListColumn(name="email", label=gettext_lazy("Email"), sort="email", css="wide-only", is_usual=False),
    ListColumn(name="since", label=pgettext_lazy("activation", "Since"), sort="step_since"),
    ListColumn(name="sent", label=pgettext_lazy("day", "Sent"), sort="created_at", css="wide-only", is_usual=False),
    ListColumn(
        name="ends", label=gettext_lazy("Can be accepted until"), sort="expires_at", css="wide-only", is_usual=False
    ),
    ListColumn(name="turn", label=gettext_lazy("Waiting for"), css="wide-only of-turn"),
    ListColumn(
        name="sender", label=gettext_lazy("Sent by"), css="widest-only", is_usual=False, seen_by=_is_above_partners
    ),
)


def list_countries_of_links(actor: Actor, kind: str) -> Choices:
    """Return the countries of whom the actor has sent activation links of a kind, by name."""
    links = list_activation_links(actor, kind).order_by()
    return pair_countries(links.values_list("country", flat=True).distinct())


PENDING_CUSTOMERS = ListDefinition(
    key="pending_customers",
    label=gettext_lazy("Pending customers"),
    url_name="pending_customers",
    rule=(ROLE_TABLE, EntitlementPermission.VIEW_PENDING_CUSTOMERS),
    columns=(
        _NAME,
        ListColumn(name="offer", label=gettext_lazy("Service"), css="wide-only"),
        ListColumn(
            name="partner", label=gettext_lazy("Partner"), css="widest-only", is_usual=False, seen_by=_is_above_partners
        ),
        _STEP,
        *_REST,
    ),
    filter_set=ActivationFilterSet,
    fields=("q",),
    ranges=(
        FilterRange("sent_from", "sent_to", pgettext_lazy("day", "Sent"), DAYS),
        FilterRange("valid_from", "valid_to", gettext_lazy("Can be accepted until"), DAYS),
    ),
    several={"country": SeveralValues(gettext_lazy("Country"), partial(list_countries_of_links, kind=Kind.CUSTOMER))},
    default_sort="-sent",
)
PENDING_PARTNERS = ListDefinition(
    key="pending_partners",
    label=gettext_lazy("Pending partners"),
    url_name="pending_partners",
    rule=(ROLE_TABLE, EntitlementPermission.VIEW_PENDING_PARTNERS),
    columns=(_NAME, ListColumn(name="offer", label=gettext_lazy("Programme"), css="wide-only"), _STEP, *_REST),
    filter_set=ActivationFilterSet,
    fields=PENDING_CUSTOMERS.fields,
    ranges=PENDING_CUSTOMERS.ranges,
    several={"country": SeveralValues(gettext_lazy("Country"), partial(list_countries_of_links, kind=Kind.PARTNER))},
    default_sort="-sent",
)
DEFINITIONS = {Kind.CUSTOMER: PENDING_CUSTOMERS, Kind.PARTNER: PENDING_PARTNERS}


class ActivationList(PersonalizedList):
    """The activation links of one kind of organisation as their page shows them, those sent last first."""

    usual: ClassVar[Mapping[str, Any]] = {"state": OPEN}
    tab_filters = ("state",)

    def __init__(self, actor: Actor, kind: str, params: Mapping[str, str]) -> None:
        self.definition = DEFINITIONS[Kind(kind)]
        super().__init__(actor, params)
        self.kind = kind
        values = ActivationFilterSet(params).cleaned_values
        self.tab = values.get("state", OPEN)
        self.filter_values = values | {"state": self.tab}
        self.links = list_activation_links(actor, kind)
        rows = annotate_total_row_count(ActivationFilterSet(self.filter_values, self.links).qs)
        self.page = fetch_keyset_page_or_first(annotate_present_step(rows), **self.keyset_page_options)
        self.matching = self.page.rows[0].total_count if self.page.rows else 0

    @cached_property
    def rows(self) -> list[ActivationRow]:
        """The rows of the page."""
        return build_activation_rows(self.actor, self.page.rows)

    @property
    def filter_tabs(self) -> list[ListTab]:
        """The tabs of the list, one for each of ACTIVATION_STATES that the kind can have."""
        labels = {OPEN: pgettext("activation", "In progress"), "late": _("Needs attention")}
        if self.kind == Kind.PARTNER:
            labels["unconfirmed"] = _("Awaiting confirmation")
        labels |= {"done": pgettext("activation", "Activated"), "ended": _("Expired or withdrawn")}
        counted = (OPEN, "late", "unconfirmed")
        return [
            ListTab(
                label, self.build_url(state=tab, view=""), self._count(tab) if tab in counted else None, tab == self.tab
            )
            for tab, label in labels.items()
        ]

    @property
    def match_count_label(self) -> str:
        words = ngettext("%(count)s activation link", "%(count)s activation links", self.matching or 0)
        return words % {"count": self.total}

    def _count(self, tab: str) -> int:
        return ActivationFilterSet({"state": tab}, self.links).qs.order_by()[:COUNTED].count()

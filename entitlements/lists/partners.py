"""The lists of partners and of distributors: their columns, and the state of their pages."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from accounts.models import Organization, OrganizationKind
from accounts.queries.organizations import ADMIN_CHOICES
from entitlements.filters import EXPIRES_WITHIN
from entitlements.models.partner import PartnerListingQuerySet
from entitlements.partner_filters import NO_BADGE, NO_PARENT, PARTNER_STATES, PartnerFilterSet
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.partners import (
    BADGE_SOON,
    bring_sums_up_to_date,
    get_partner_totals,
    list_partners,
    list_partners_by_name,
    list_programs,
    list_skus_of_partners,
)
from entitlements.rows.partners import make_partner_table_rows
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import pair_countries
from partnerportal.lib.days import SOON
from partnerportal.lib.keyset import annotate_total_row_count, fetch_keyset_page_or_first
from partnerportal.lib.list_filters import DAYS, NUMBERS, Choices, FilterRange, SeveralValues
from partnerportal.lib.lists import ListColumn, ListDefinition, ListTab
from partnerportal.lib.neighbours import RecordList

NAME = ListColumn(name="name", label=gettext_lazy("Organisation"), sort="name_folded")
COLUMNS = (  # each column has its branch in parts/partner_rows.jinja
    ListColumn(name="org_id", label=gettext_lazy("ORGID"), sort="org_id", css="wide-only org-id"),
    ListColumn(
        name="partner_id", label=gettext_lazy("Partner ID"), sort="partner_id", css="wide-only", is_usual=False
    ),
    ListColumn(name="country", label=gettext_lazy("Country"), sort="country", css="widest-only"),
    ListColumn(name="badges", label=gettext_lazy("Badges"), sort="next_lapse_on", css="wide-only of-badges"),
    ListColumn(name="customers", label=gettext_lazy("Customers"), sort="customers", css="num"),
    ListColumn(name="assigned", label=gettext_lazy("Licences assigned"), sort="assigned", css="num"),
    ListColumn(name="trend", label=gettext_lazy("Trend"), css="wide-only"),
    ListColumn(name="over", label=gettext_lazy("Over limit"), sort="overage", css="num wide-only", is_usual=False),
    ListColumn(name="skus", label=gettext_lazy("SKUs"), sort="sku_count", css="num wide-only", is_usual=False),
    ListColumn(name="expires_on", label=pgettext_lazy("column", "Next expiry"), sort="next_expiry_on"),
    ListColumn(
        name="last_customer", label=gettext_lazy("Latest customer"), sort="last_customer_at", css="widest-only",
        is_usual=False,
    ),
    ListColumn(
        name="last_sign_in", label=gettext_lazy("Last sign-in"), sort="last_sign_in_at", css="widest-only",
        is_usual=False,
    ),
    ListColumn(name="created", label=gettext_lazy("Created"), sort="created_at", css="widest-only", is_usual=False),
    ListColumn(name="status", label=gettext_lazy("Status"), sort="state"),
)  # fmt: skip
PARENT = ListColumn(
    name="parent", label=gettext_lazy("Distributor"), sort="parent_name", css="wide-only", is_usual=False
)


def list_countries_of_kind(actor: Actor, kind: OrganizationKind) -> Choices:
    """Return the countries of the partners or distributors that the actor sees, by name."""
    return pair_countries(get_partner_totals(actor, kind).countries)


def pair_badges(programs: Mapping[str, str]) -> Choices:
    """Return pairs of a programme's code and its name, and one for no badge."""
    return [*programs.items(), (NO_BADGE, _("No badge"))]


def list_badges(actor: Actor) -> Choices:
    """Return the programmes, and one choice for no badge."""
    return pair_badges({program.code: program.name for program in list_programs()})


PARTNERS = ListDefinition(
    key="partners",
    label=gettext_lazy("Partners"),
    url_name="partners",
    rule=(ROLE_TABLE, EntitlementPermission.VIEW_PARTNERS),
    columns=(NAME, *COLUMNS[:4], PARENT, *COLUMNS[4:]),
    filter_set=PartnerFilterSet,
    fields=("q", "country", "badge", "parent", "badge_ends_within", "expires_within", "state", "admin"),
    ranges=(
        FilterRange("customers_min", "customers_max", gettext_lazy("Customers"), NUMBERS),
        FilterRange("seats_min", "seats_max", gettext_lazy("Licences purchased"), NUMBERS),
        FilterRange("expires_from", "expires_to", gettext_lazy("Next expiry"), DAYS),
        FilterRange("created_from", "created_to", gettext_lazy("Created"), DAYS),
    ),
    several={
        "country": SeveralValues(
            gettext_lazy("Country"), partial(list_countries_of_kind, kind=OrganizationKind.PARTNER)
        ),
        "badge": SeveralValues(gettext_lazy("Badge"), list_badges),
    },
    default_sort="name",
    more_sorts={"seats": "seats"},  # licences purchased have no column: they stand beside those assigned
)
DISTRIBUTORS = replace(
    PARTNERS,
    key="distributors",
    label=gettext_lazy("Distributors"),
    url_name="distributors",
    rule=(ROLE_TABLE, EntitlementPermission.VIEW_DISTRIBUTORS),
    columns=(NAME, *COLUMNS),
    fields=tuple(name for name in PARTNERS.fields if name != "parent"),
    several=PARTNERS.several
    | {
        "country": SeveralValues(
            gettext_lazy("Country"), partial(list_countries_of_kind, kind=OrganizationKind.DISTRIBUTOR)
        )
    },
)


class PartnerList(RecordList):
    """The list of partners as its page shows it: the filters of the URL, and the rows, tabs and choices.

    However many partners there are, it sends the same queries: for the person's settings, the rows (with how many
    match, if a filter narrows them), the sums that are not in the rows yet, the totals, the SKUs and the programmes.
    """

    definition = PARTNERS
    kind = OrganizationKind.PARTNER

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        super().__init__(actor, params)
        order = self.order_records(actor, params)
        partners, self.filter_values = order.listed, order.filter_values
        if self.filter_values:
            partners = annotate_total_row_count(partners)
        self.page = fetch_keyset_page_or_first(partners, size=self.size, cursor=self.cursor, **order.options)
        if not self.page.previous_cursor:  # the page is the first: the cursor was out of date, or not one of ours
            self.cursor = ""
        self.numbers = get_partner_totals(actor, self.kind)
        self.matching = self.numbers.partners
        if self.filter_values:
            self.matching = self.page.rows[0].total_count if self.page.rows else 0
        bring_sums_up_to_date(self.page.rows)
        self.programs = {program.code: program.name for program in list_programs()}
        sku_names = list_skus_of_partners(self.page.rows)
        self.rows = make_partner_table_rows(actor, self.page.rows, sku_names, self.programs)

    @classmethod
    def list_records(cls, actor: Actor) -> PartnerListingQuerySet:
        return list_partners(actor, cls.kind)

    @property
    def filter_tabs(self) -> list[ListTab]:
        """The tabs of the most used filters, each with the number of its partners."""
        numbers = self.numbers
        narrowings = (
            (_("Over limit"), "over", True, numbers.over, "-over"),
            (_("Expiring within 30 days"), "expires_within", SOON.days, numbers.expiring, "expires_on"),
            (_("Badge ends within 60 days"), "badge_ends_within", BADGE_SOON.days, numbers.lapsing, "badges"),
            (_("No new customers in 90 days"), "quiet", True, numbers.quiet, "last_customer"),
        )
        tabs = [
            ListTab(
                label,
                self.build_url_with_query({name: value, "sort": sort}),
                count,
                self.filter_values.get(name) == value,
            )
            for label, name, value, count, sort in narrowings
        ]
        is_all = not any(tab.is_current for tab in tabs)
        return [ListTab(pgettext("partners", "All"), self.build_url_with_query({}), numbers.partners, is_all), *tabs]

    @property
    def match_count_label(self) -> str:
        words = ngettext("%(total)s partner", "%(total)s partners", self.matching or 0)
        return words % {"total": self.total}

    def get_stored_row_count(self, query: Mapping[str, str]) -> int | None:
        """Return how many partners a saved view with this query holds, or None if no total tells it."""
        narrowing = {name: value for name, value in query.items() if name != "sort"}
        numbers = {
            (): self.numbers.partners,
            (("over", "true"),): self.numbers.over,
            (("expires_within", str(SOON.days)),): self.numbers.expiring,
            (("badge_ends_within", str(BADGE_SOON.days)),): self.numbers.lapsing,
            (("quiet", "true"),): self.numbers.quiet,
            (("state", Organization.State.SUSPENDED.value),): self.numbers.suspended,
        }
        return numbers.get(tuple(narrowing.items()))

    def list_choices(self, name: str) -> Choices:
        """Return the choices of the filter by country or by badge, from what the page has read."""
        return pair_countries(self.numbers.countries) if name == "country" else pair_badges(self.programs)

    @property
    def country_choices(self) -> Choices:
        """The choices of the filter by country: pairs of a country's code and name, by name."""
        return self.list_field_choices("country")

    @property
    def badge_choices(self) -> Choices:
        """The choices of the filter by badge: pairs of a programme's code and name, and one for no badge."""
        return self.list_field_choices("badge")

    @property
    def parent_choices(self) -> list[tuple[str, str]]:
        """The choices of the filter by distributor for the vendor's staff; a distributor sees its own alone."""
        if self.kind != OrganizationKind.PARTNER or self.actor.organization_kind != OrganizationKind.VENDOR:
            return []
        return [
            *list_partners_by_name(self.actor, OrganizationKind.DISTRIBUTOR),
            (NO_PARENT, _("Without a distributor")),
        ]

    @property
    def admin_choices(self) -> list[tuple[str, str]]:
        """The choices of the filter by Admins for the vendor's staff."""
        is_vendor = self.actor.organization_kind == OrganizationKind.VENDOR
        return [(value, str(label)) for value, label in ADMIN_CHOICES] if is_vendor else []

    @property
    def state_choices(self) -> list[tuple[str, str]]:
        """The choices of the filter by status."""
        return [(state, str(label)) for state, label in PARTNER_STATES]

    @property
    def expiry_choices(self) -> list[tuple[int, str]]:
        """The choices of the filters by next expiry and by the end of a badge: pairs of days and their label."""
        return [(days, str(label)) for days, label in EXPIRES_WITHIN]


class DistributorList(PartnerList):
    """The list of distributors as its page shows it, for the vendor's staff."""

    definition = DISTRIBUTORS
    kind = OrganizationKind.DISTRIBUTOR

    @property
    def match_count_label(self) -> str:
        words = ngettext("%(total)s distributor", "%(total)s distributors", self.matching or 0)
        return words % {"total": self.total}

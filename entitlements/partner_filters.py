"""The filters of partners and distributors, for their pages and exports. On a page a bad value narrows nothing."""

from datetime import date, timedelta

import django_filters as df
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from accounts.queries.organizations import ADMIN_CHOICES, make_vacancy_condition
from entitlements.filters import EXPIRES_WITHIN
from entitlements.models import PartnerListing
from entitlements.models.listing import NO_EXPIRY
from entitlements.models.partner import HAS_OVERAGE, PartnerListingQuerySet
from entitlements.queries.partners import make_expiring_condition, make_lapsing_condition, make_quiet_condition
from partnerportal.lib.countries import list_country_choices
from partnerportal.lib.filters import (
    DayFilter,
    FilterSet,
    SeveralFilter,
    SeveralTextsFilter,
    SinceDayFilter,
    UntilDayFilter,
    WholeNumberFilter,
    combine_with_or,
    make_words_condition,
)

AWAITED = "awaited"  # the state of a partner that vendor staff have not confirmed by a membership yet
PARTNER_STATES = (
    (Organization.State.ACTIVE.value, _("Active")),
    (AWAITED, _("Unconfirmed")),
    (Organization.State.SUSPENDED.value, _("Suspended")),
)
NO_BADGE, NO_PARENT = "none", "none"  # stand for partners without a badge, and for those directly under the vendor


class PartnerFilterSet(FilterSet):
    """The filters of partners: by text, country, badge, distributor, status, numbers, days, and what needs attention.

    Each word of `q` is part of the name, the web domain, the ORGID or the partner ID, without regard to case and
    accents.
    """

    q = df.CharFilter(method="filter_by_text", label=_("Name, web domain, ORGID or partner ID"), max_length=200)
    country = SeveralFilter(choices=list_country_choices, label=_("Country"))
    badge = SeveralTextsFilter(method="filter_by_badge", label=_("Badge"), max_length=50)
    customers_min = WholeNumberFilter("customers", "gte")
    customers_max = WholeNumberFilter("customers", "lte")
    seats_min = WholeNumberFilter(method="filter_by_seats")
    seats_max = WholeNumberFilter(method="filter_by_seats")
    expires_from = DayFilter(method="filter_by_last_day")
    expires_to = DayFilter(method="filter_by_last_day")
    created_from = SinceDayFilter("created_at")
    created_to = UntilDayFilter("created_at")
    badge_ends_within = df.TypedChoiceFilter(
        method="filter_by_badge_end", choices=EXPIRES_WITHIN, coerce=int, label=_("Badge ends within")
    )
    parent = df.CharFilter(method="filter_by_parent", label=_("Distributor"), max_length=8)
    state = df.ChoiceFilter(method="filter_by_state", choices=PARTNER_STATES, label=_("Status"))
    admin = df.ChoiceFilter(method="filter_by_admin", choices=ADMIN_CHOICES, label=_("Admins"))
    over = df.BooleanFilter(method="filter_over_licence", label=_("Over limit"), widget=df.widgets.BooleanWidget)
    expires_within = df.TypedChoiceFilter(
        method="filter_by_expiry", choices=EXPIRES_WITHIN, coerce=int, label=_("Expires within")
    )
    quiet = df.BooleanFilter(
        method="filter_quiet", label=_("No new customers in 90 days"), widget=df.widgets.BooleanWidget
    )

    class Meta:
        model = PartnerListing
        fields: list[str] = []

    def filter_by_text(self, rows: PartnerListingQuerySet, name: str, value: str) -> PartnerListingQuerySet:
        """Keep partners of whom each word of the text is part of the name, domain, ORGID or partner ID."""
        return rows.filter(make_words_condition(value, "name_folded", "website", "org_id", "partner_id"))

    def filter_by_badge(self, rows: PartnerListingQuerySet, name: str, value: list[str]) -> PartnerListingQuerySet:
        """Keep partners with an active membership of a programme with such a code, or with none for NO_BADGE."""
        return rows.filter(
            combine_with_or(
                Q(badges=[]) if code == NO_BADGE else Q(badges__contains=[{"program": code}]) for code in value
            )
        )

    def filter_by_seats(self, rows: PartnerListingQuerySet, name: str, value: int) -> PartnerListingQuerySet:
        """Keep partners by the licences of their customers. Of whom no customer shares them, nobody knows."""
        bound = {"seats__gte" if name == "seats_min" else "seats__lte": value}
        return rows.filter(sharing__gt=0, **bound)

    def filter_by_last_day(self, rows: PartnerListingQuerySet, name: str, value: date) -> PartnerListingQuerySet:
        """Keep partners whose customers' nearest expiry is this day or later, or this day or before."""
        bound = {"next_expiry_on__gte" if name == "expires_from" else "next_expiry_on__lte": value}
        return rows.filter(**bound).exclude(next_expiry_on=NO_EXPIRY)

    def filter_by_badge_end(self, rows: PartnerListingQuerySet, name: str, value: int) -> PartnerListingQuerySet:
        """Keep partners of whom a badge ends at most `value` days from today (UTC)."""
        return rows.filter(make_lapsing_condition(timedelta(days=value)))

    def filter_by_parent(self, rows: PartnerListingQuerySet, name: str, value: str) -> PartnerListingQuerySet:
        """Keep partners of the distributor with this ORGID, or those directly under the vendor for NO_PARENT."""
        if value == NO_PARENT:
            return rows.filter(parent=None)
        return rows.filter(parent__org_id=value)

    def filter_by_state(self, rows: PartnerListingQuerySet, name: str, value: str) -> PartnerListingQuerySet:
        """Keep partners in this state. Who is active does not await confirmation."""
        if value == Organization.State.SUSPENDED:
            return rows.filter(state=value)
        return rows.filter(state=Organization.State.ACTIVE, is_confirmed=value != AWAITED)

    def filter_by_admin(self, rows: PartnerListingQuerySet, name: str, value: str) -> PartnerListingQuerySet:
        """Keep partners that have no Admin, which vendor staff alone find."""
        return rows.filter(make_vacancy_condition(self.acting))

    def filter_over_licence(self, rows: PartnerListingQuerySet, name: str, value: bool) -> PartnerListingQuerySet:
        """Keep partners of whom a customer is over its licence; for False those of whom none is known to be."""
        return rows.filter(HAS_OVERAGE) if value else rows.exclude(HAS_OVERAGE)

    def filter_by_expiry(self, rows: PartnerListingQuerySet, name: str, value: int) -> PartnerListingQuerySet:
        """Keep partners whose customers' nearest expiry is at most `value` days from today (UTC)."""
        return rows.filter(make_expiring_condition(timedelta(days=value)))

    def filter_quiet(self, rows: PartnerListingQuerySet, name: str, value: bool) -> PartnerListingQuerySet:
        """Keep partners without a new customer in 90 days; for False those with one, and those that are new."""
        return rows.filter(make_quiet_condition()) if value else rows.exclude(make_quiet_condition())

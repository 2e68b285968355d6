"""The filters of the vendor's lists of organisations and memberships. On a page a bad value narrows nothing."""

import datetime as dt

import django_filters as df
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, Program, ProgramMembership
from accounts.models.organization import OrganizationQuerySet
from accounts.models.program import ProgramMembershipQuerySet, make_running_condition
from accounts.queries.organizations import ADMIN_CHOICES, make_vacancy_condition
from partnerportal.lib.countries import list_country_choices
from partnerportal.lib.days import today
from partnerportal.lib.filters import (
    DayFilter,
    FilterSet,
    SeveralFilter,
    SinceDayFilter,
    UntilDayFilter,
    combine_with_or,
    make_words_condition,
)

ENDS_WITHIN = ((30, _("30 days")), (60, _("60 days")), (90, _("90 days")))  # days ahead of a membership's last day
ACTIVE, ENDED, COMING = "active", "ended", "coming"
MEMBERSHIP_STATES = ((ACTIVE, _("Active")), (COMING, _("Not started yet")), (ENDED, _("Ended")))


def list_program_choices() -> list[tuple[str, str]]:
    """Return the programmes as pairs of code and name."""
    return list(Program.objects.order_by("name").values_list("code", "name"))


class OrganizationFilterSet(FilterSet):
    """The filters of organisations of one kind: by country, by day, and by whether they take part.

    `q` matches part of the name, without regard to case and accents, or the beginning of the ORGID.
    """

    q = df.CharFilter(method="filter_by_text", label=_("Name or ORGID"), max_length=200)
    country = SeveralFilter(choices=list_country_choices, label=_("Country"))
    created_from = SinceDayFilter("created_at")
    created_to = UntilDayFilter("created_at")
    suspended = df.BooleanFilter(method="filter_suspended", label=_("Suspended"), widget=df.widgets.BooleanWidget)
    admin = df.ChoiceFilter(method="filter_by_admin", choices=ADMIN_CHOICES, label=_("Admins"))

    class Meta:
        model = Organization
        fields: list[str] = []

    def filter_by_text(self, rows: OrganizationQuerySet, name: str, value: str) -> OrganizationQuerySet:
        """Keep organisations of whom each word of the text is part of the name (any accents) or the ORGID."""
        return rows.filter(make_words_condition(value, "name_folded", "org_id"))

    def filter_suspended(self, rows: OrganizationQuerySet, name: str, value: bool) -> OrganizationQuerySet:
        """Keep suspended organisations, or for False those that take part."""
        state = Organization.State.SUSPENDED if value else Organization.State.ACTIVE
        return rows.filter(state=state)

    def filter_by_admin(self, rows: OrganizationQuerySet, name: str, value: str) -> OrganizationQuerySet:
        """Keep organisations that have no Admin."""
        return rows.filter(make_vacancy_condition(self.acting))


class MembershipFilterSet(FilterSet):
    """The filters of programme memberships: by programme, whether they run, when they end, and whose they are.

    `q` matches part of the organisation's name, or the beginning of its ORGID.
    """

    q = df.CharFilter(method="filter_by_text", label=_("Name or ORGID"), max_length=200)
    program = df.ChoiceFilter("program__code", choices=list_program_choices, label=_("Programme"))
    starts_from = DayFilter("starts_on", "gte")
    starts_to = DayFilter("starts_on", "lte")
    ends_from = DayFilter("ends_on", "gte")
    ends_to = DayFilter("ends_on", "lte")
    state = SeveralFilter(method="filter_by_state", choices=MEMBERSHIP_STATES, label=_("Status"))
    ends_within = df.TypedChoiceFilter(method="filter_by_end", choices=ENDS_WITHIN, coerce=int, label=_("Ends within"))

    class Meta:
        model = ProgramMembership
        fields: list[str] = []

    def filter_by_text(self, rows: ProgramMembershipQuerySet, name: str, value: str) -> ProgramMembershipQuerySet:
        """Keep memberships of organisations of whom each word of the text is part of the name or the ORGID."""
        return rows.filter(make_words_condition(value, "organization__name_folded", "organization__org_id"))

    def filter_by_state(
        self, rows: ProgramMembershipQuerySet, name: str, value: list[str]
    ) -> ProgramMembershipQuerySet:
        """Keep memberships that run today (UTC), that have not begun, or that have ended."""
        conditions = {
            ACTIVE: make_running_condition(today()),
            ENDED: Q(ends_on__lt=today()),
            COMING: Q(starts_on__gt=today()),
        }
        return rows.filter(combine_with_or(conditions[state] for state in value))

    def filter_by_end(self, rows: ProgramMembershipQuerySet, name: str, value: int) -> ProgramMembershipQuerySet:
        """Keep memberships whose last day is at most `value` days from today (UTC)."""
        return rows.filter(ends_on__range=(today(), today() + dt.timedelta(days=value)))

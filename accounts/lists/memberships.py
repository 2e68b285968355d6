"""The vendor's list of programme memberships: who is a member of what, and until when."""

from collections.abc import Mapping
from functools import cached_property

from django.utils.translation import gettext_lazy, pgettext

from accounts.filters.organizations import ENDS_WITHIN, MEMBERSHIP_STATES, MembershipFilterSet
from accounts.policies import ROLE_TABLE, AccountPermission
from accounts.queries.organizations import count_active_members, list_all_memberships, list_programs
from accounts.rows.organizations import MembershipRow, make_membership_rows
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.keyset import fetch_keyset_page_or_first, make_search_conditions
from partnerportal.lib.list_filters import DAYS, Choices, FilterRange, SeveralValues
from partnerportal.lib.lists import ListColumn, ListDefinition, ListTab
from partnerportal.lib.personal_lists import PersonalizedList

MEMBERSHIPS = ListDefinition(
    key="memberships",
    label=gettext_lazy("Programmes"),
    url_name="memberships",
    rule=(ROLE_TABLE, AccountPermission.VIEW_ORGANIZATIONS),
    columns=(  # each column has its branch in memberships.html
        ListColumn(name="organization", label=gettext_lazy("Organisation")),
        ListColumn(name="program", label=gettext_lazy("Programme")),
        ListColumn(name="first", label=gettext_lazy("First day"), sort="starts_on"),
        ListColumn(name="last", label=gettext_lazy("Last day")),
        ListColumn(name="state", label=gettext_lazy("Status")),
    ),
    filter_set=MembershipFilterSet,
    fields=("q", "state", "ends_within"),
    ranges=(
        FilterRange("starts_from", "starts_to", gettext_lazy("First day"), DAYS),
        FilterRange("ends_from", "ends_to", gettext_lazy("Last day"), DAYS),
    ),
    several={"state": SeveralValues.from_choices(gettext_lazy("Status"), MEMBERSHIP_STATES)},
    default_sort="-first",
)


class MembershipList(PersonalizedList):
    """The vendor's list of memberships as its page shows it, with a tab for each programme; the latest come first."""

    definition = MEMBERSHIPS
    tab_filters = ("program",)

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        super().__init__(actor, params)
        filters = MembershipFilterSet(params, list_all_memberships(actor))
        self.filter_values = filters.cleaned_values
        any_of = make_search_conditions(self.filter_values)
        self.page = fetch_keyset_page_or_first(filters.qs, any_of=any_of, **self.keyset_page_options)

    @cached_property
    def rows(self) -> list[MembershipRow]:
        """The rows of the page."""
        return make_membership_rows(self.page.rows)

    @property
    def state_choices(self) -> Choices:
        """The choices of the filter by state: pairs of value and label."""
        return self.list_field_choices("state")

    @property
    def end_choices(self) -> list[tuple[str, Message]]:
        """The choices of the filter by last day: pairs of days and label."""
        return [(str(days), label) for days, label in ENDS_WITHIN]

    @property
    def filter_tabs(self) -> list[ListTab]:
        """The tab of all memberships, and one for each programme with the number of its active members."""
        chosen = self.filter_values.get("program")
        tabs = [
            ListTab(
                program.name,
                self.build_url(program=program.code, view=""),
                count_active_members(self.actor, program),
                program.code == chosen,
            )
            for program in list_programs()
        ]
        return [ListTab(pgettext("memberships", "All"), self.build_url(program=None, view=""), None, not chosen), *tabs]

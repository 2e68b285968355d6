"""The vendor's list of publishers: what its URL asks for, and its rows."""

from collections.abc import Mapping
from functools import cached_property

from django.utils.translation import gettext_lazy

from accounts.filters import PublisherFilterSet
from accounts.organization_queries import list_publishers
from accounts.organization_rows import PublisherRow, make_publisher_rows
from accounts.policies import ROLE_TABLE, AccountPermission
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import list_country_choices
from partnerportal.lib.keyset import fetch_keyset_page_or_first, make_search_conditions
from partnerportal.lib.lists import ListColumn, ListDefinition
from partnerportal.lib.personal_lists import PersonalizedList

PUBLISHERS = ListDefinition(
    key="publishers",
    label=gettext_lazy("Publishers"),
    url_name="publishers",
    rule=(ROLE_TABLE, AccountPermission.VIEW_ORGANIZATIONS),
    columns=(  # each column has its branch in publishers.html
        ListColumn(name="name", label=gettext_lazy("Organisation"), sort="name_folded"),
        ListColumn(name="country", label=gettext_lazy("Country")),
        ListColumn(name="manager", label=gettext_lazy("Account manager")),
        ListColumn(name="created", label=gettext_lazy("In the portal since")),
        ListColumn(name="state", label=gettext_lazy("Status")),
    ),
    filter_set=PublisherFilterSet,
    default_sort="name",
)


class PublisherList(PersonalizedList):
    """The vendor's list of publishers as its page shows it, by name."""

    definition = PUBLISHERS

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        super().__init__(actor, params)
        filters = PublisherFilterSet(params, list_publishers(actor))
        self.filter_values = filters.cleaned_values
        any_of = make_search_conditions(self.filter_values)
        self.page = fetch_keyset_page_or_first(filters.qs, any_of=any_of, **self.keyset_page_options)
        self.country_choices = list_country_choices()

    @cached_property
    def rows(self) -> list[PublisherRow]:
        """The rows of the page."""
        return make_publisher_rows(self.page.rows)

"""The vendor's list of publishers: what its URL asks for, and its rows."""

from collections.abc import Mapping
from functools import cached_property, partial

from django.utils.translation import gettext_lazy

from accounts.filters.organizations import OrganizationFilterSet
from accounts.models import OrganizationKind
from accounts.models.organization import OrganizationQuerySet
from accounts.policies import ROLE_TABLE, AccountPermission
from accounts.queries.organizations import ADMIN_CHOICES, list_organizations_of_kind
from accounts.rows.organizations import OrganizationRow, make_organization_rows
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import pair_countries
from partnerportal.lib.errors import Message
from partnerportal.lib.keyset import fetch_keyset_page_or_first
from partnerportal.lib.list_filters import DAYS, Choices, FilterRange, SeveralValues
from partnerportal.lib.lists import ListColumn, ListDefinition
from partnerportal.lib.neighbours import RecordList

COLUMNS = (  # each column has its branch in organizations.html
    ListColumn(name="name", label=gettext_lazy("Organisation"), sort="name_folded"),
    ListColumn(name="country", label=gettext_lazy("Country")),
    ListColumn(name="manager", label=gettext_lazy("Account manager")),
    ListColumn(name="created", label=gettext_lazy("In the portal since")),
    ListColumn(name="state", label=gettext_lazy("Status")),
)


def list_countries_of_kind(actor: Actor, kind: OrganizationKind) -> Choices:
    """Return the countries of the organisations of one kind, by name."""
    codes = list_organizations_of_kind(actor, kind).order_by().values_list("country", flat=True).distinct()
    return pair_countries(codes)


PUBLISHERS = ListDefinition(
    key="publishers",
    label=gettext_lazy("Publishers"),
    url_name="publishers",
    rule=(ROLE_TABLE, AccountPermission.VIEW_ORGANIZATIONS),
    columns=COLUMNS,
    filter_set=OrganizationFilterSet,
    fields=("q", "country", "admin"),
    ranges=(FilterRange("created_from", "created_to", gettext_lazy("In the portal since"), DAYS),),
    several={
        "country": SeveralValues(
            gettext_lazy("Country"), partial(list_countries_of_kind, kind=OrganizationKind.PUBLISHER)
        )
    },
    default_sort="name",
)


class OrganizationList(RecordList):
    """The vendor's list of all organisations of one kind as its page shows it, by name."""

    kind: OrganizationKind
    purpose: Message
    register_label: Message

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        super().__init__(actor, params)
        order = self.order_records(actor, params)
        self.filter_values = order.filter_values
        self.page = fetch_keyset_page_or_first(order.listed, size=self.size, cursor=self.cursor, **order.options)
        self.admin_choices = [(value, str(label)) for value, label in ADMIN_CHOICES]

    @classmethod
    def list_records(cls, actor: Actor) -> OrganizationQuerySet:
        return list_organizations_of_kind(actor, cls.kind)

    @property
    def country_choices(self) -> Choices:
        """The choices of the filter by country: pairs of a country's code and name, by name."""
        return self.list_field_choices("country")

    @cached_property
    def rows(self) -> list[OrganizationRow]:
        """The rows of the page."""
        return make_organization_rows(self.page.rows)


class PublisherList(OrganizationList):
    """The vendor's list of publishers."""

    definition = PUBLISHERS
    kind = OrganizationKind.PUBLISHER
    purpose = gettext_lazy("Organisations that offer their own products on the marketplace.")
    register_label = gettext_lazy("Register publisher…")

"""The inbox as a list: the notices that its URL asks for, and the URLs of its tabs and pages."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from notifications import queries, registry
from notifications.filters import NoticeFilterSet
from notifications.policies import ROLE_TABLE, NoticePermission
from notifications.rows import build_notice_rows, group_rows_by_day
from partnerportal.lib.actors import Actor
from partnerportal.lib.keyset import fetch_keyset_page_or_first
from partnerportal.lib.list_filters import DAYS, Choices, FilterRange, SeveralValues
from partnerportal.lib.lists import ListDefinition, ListTab
from partnerportal.lib.personal_lists import PersonalizedList


def list_kinds(actor: Actor) -> Choices:
    """Return the kinds of notices that the actor can get, by name."""
    return sorted(registry.list_notice_kind_choices(actor), key=lambda choice: choice[1])


INBOX = ListDefinition(
    key="inbox",
    label=gettext_lazy("Inbox"),
    url_name="inbox",
    rule=(ROLE_TABLE, NoticePermission.VIEW),
    filter_set=NoticeFilterSet,
    fields=("customer", "kind"),
    ranges=(FilterRange("at_from", "at_to", pgettext_lazy("notice", "Received"), DAYS),),
    several={"kind": SeveralValues(gettext_lazy("Type"), list_kinds)},
)


class NoticeList(PersonalizedList):
    """The list of notices in the inbox, as the parameters of its URL ask for them.

    They are notices to the actor's organisation. Values that make no sense filter nothing.
    """

    definition = INBOX
    tab_filters = ("unread", "dismissed")

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        super().__init__(actor, params)
        filters = NoticeFilterSet(params, queries.list_notices(actor))
        rows = filters.qs
        self.filter_values = filters.cleaned_values
        self.page = fetch_keyset_page_or_first(rows, sort="at", descending=True, size=self.size, cursor=self.cursor)
        self.rows = build_notice_rows(actor, self.page.rows)
        self.groups = group_rows_by_day(self.rows)
        self.customers = queries.list_customers_with_notices(
            actor, self.filter_values.get("customer"), self.filter_values.get("kind")
        )

    @property
    def kind_choices(self) -> Choices:
        """The choices of the filter by kind: pairs of code and label."""
        return self.list_field_choices("kind")

    @property
    def current_tab(self) -> str:
        """The name of the tab that is shown: "dismissed", "unread", or "" for all open notices."""
        return next((tab for tab in ("dismissed", "unread") if self.filter_values.get(tab)), "")

    @property
    def filter_tabs(self) -> list[ListTab]:
        """The tabs of the inbox, for all open notices, unread ones and dismissed ones.

        Another tab keeps the filters.
        """
        neither = {"unread": None, "dismissed": None, "view": ""}
        labels = {"": _("All"), "unread": _("Unread"), "dismissed": _("Dismissed")}
        return [
            ListTab(label, self.build_url(**neither | ({tab: True} if tab else {})), None, tab == self.current_tab)
            for tab, label in labels.items()
        ]

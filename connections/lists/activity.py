"""The activity log: which events its URL asks for, and the URLs to which its page leads."""

from collections.abc import Mapping
from contextlib import nullcontext
from functools import cached_property
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.queries.operators import list_operators
from connections.filters import ActivityFilterSet
from connections.policies import ROLE_TABLE, ConnectionPermission
from connections.queries import (
    find_organization_name,
    list_own_activity,
    make_party_conditions,
    name_acting_persons,
)
from connections.timeline import LogRow, build_log_rows
from notifications.timeline import ActivityTopic
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.keyset import fetch_keyset_page_or_first, fetch_searched_keyset_page
from partnerportal.lib.list_filters import Choices, SeveralValues
from partnerportal.lib.lists import ListColumn, ListDefinition, ListTab
from partnerportal.lib.personal_lists import PersonalizedList

SHOWS_TIME = "utc"  # the one filter that leaves no event out
INDEXED = {"since", "until", "actor", SHOWS_TIME}  # filters whose events are found without looking at others
LOOKED_AT = (200, 5_000)  # events of each side that a page looks at, where another filter may leave most of them out

ACTIVITY = ListDefinition(
    key="activity_log",
    label=gettext_lazy("Activity"),
    url_name="activity_log",
    rule=(ROLE_TABLE, ConnectionPermission.VIEW_ACTIVITY),
    columns=(
        ListColumn(name="at", label=gettext_lazy("Date and time"), sort="at"),
        ListColumn(name="actor", label=gettext_lazy("Done by")),
        ListColumn(name="customer", label=gettext_lazy("Organisation concerned")),
        ListColumn(name="action", label=gettext_lazy("Action")),
        ListColumn(name="changes", label=gettext_lazy("Before → after")),
        ListColumn(name="topic", label=gettext_lazy("Topic"), is_usual=False),
        ListColumn(name="subject", label=gettext_lazy("Object"), is_usual=False),
    ),
    filter_set=ActivityFilterSet,
    fields=("q", "since", "until", "topic", "actor", "customer"),
    several={"topic": SeveralValues.from_choices(gettext_lazy("Topic"), ActivityTopic.choices)},
    default_sort="-at",
)


class ActivityList(PersonalizedList):
    """The activity log of the actor's organisation as its page shows it, the latest first."""

    definition = ACTIVITY
    tab_filters = ("people", SHOWS_TIME)  # which its form sends along, and Clear keeps

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        super().__init__(actor, params)
        filters = ActivityFilterSet(params, list_own_activity(actor), acting=actor)
        rows = filters.qs
        self.filter_values = filters.cleaned_values
        if self.filter_values.get("since") == filters.usual_since:  # the form always sends a first day
            del self.filter_values["since"]
        self.since = str(self.filter_values.get("since") or filters.usual_since)  # also where it is the usual one
        any_of = make_party_conditions(actor, is_own=bool(self.chosen_actor))
        options = {**self.keyset_page_options, "any_of": any_of}
        if self.filter_values.keys() <= INDEXED:
            self.page = fetch_keyset_page_or_first(rows, **options)
        else:
            indexed = {name: params[name] for name in INDEXED & params.keys()}
            candidates = ActivityFilterSet(indexed, list_own_activity(actor), acting=actor).qs
            self.page = fetch_searched_keyset_page(rows, candidates=candidates, looked_at=LOOKED_AT, **options)
        self.rows: list[LogRow] = build_log_rows(actor, self.page.rows, in_utc=self.is_in_utc)

    @property
    def topic_choices(self) -> Choices:
        """The choices of the filter by topic."""
        return self.list_field_choices("topic")

    @property
    def until(self) -> str:
        """The last day that is shown, as the form has it, or ""."""
        return str(self.filter_values.get("until") or "")

    @property
    def chosen_actor(self) -> str:
        """The public id of the person whose events are shown, or ""."""
        return str(self.filter_values.get("actor") or "")

    @property
    def chosen_customer(self) -> str:
        """The public id of the other organisation whose events are shown, or ""."""
        return str(self.filter_values.get("customer") or "")

    @property
    def filter_tabs(self) -> list[ListTab]:
        """The tabs of the log: everything, what people did, and what clients and the portal itself did."""
        chosen = self.filter_values.get("people")
        labels = {None: _("All"), True: _("People only"), False: _("Systems only")}
        return [
            ListTab(label, self.build_url(people=value, view=""), None, value is chosen)
            for value, label in labels.items()
        ]

    @property
    def is_in_utc(self) -> bool:
        """Whether times and days are those of UTC, and not of the reader's time zone."""
        return bool(self.filter_values.get(SHOWS_TIME))

    @cached_property
    def searched_to(self) -> str:
        """A sentence that says how far the events were looked through, or "" if there are no others to look at."""
        if self.page.searched_to is None:
            return ""
        with timezone.override("UTC") if self.is_in_utc else nullcontext():
            moment = formats.format_date_and_time(self.page.searched_to)
        words = _("Searched back to %(moment)s.") if self._leads_to_earlier_events else _("Searched up to %(moment)s.")
        return words % {"moment": moment}

    @property
    def search_on_label(self) -> str:
        """The label of the link that goes on with the search where this page has stopped, or "" if it has not."""
        if self.page.searched_to is None:
            return ""
        return _("Search earlier events") if self._leads_to_earlier_events else _("Search later events")

    @property
    def search_on_url(self) -> str:
        """The URL of the page that goes on with the search where this one has stopped, or "" if it has not."""
        if self.page.searched_to is None:
            return ""
        return self.previous_url if self.page.is_backwards else self.next_url

    @property
    def _leads_to_earlier_events(self) -> bool:
        return self.sort.startswith("-") != self.page.is_backwards

    @property
    def actor_choices(self) -> list[tuple[str, str]]:
        """The operators, then who else acted for the organisation on this page or is chosen, as (public id, name)."""
        operators = {str(row.person.public_id): str(row.person) for row in list_operators(self.actor)}
        others = name_acting_persons(self.actor, self.page.rows, self.filter_values.get("actor"))
        former = {key: name for key, name in others.items() if key not in operators}
        return [*operators.items(), *sorted(former.items(), key=lambda choice: (choice[1], choice[0]))]

    @property
    def customer_choices(self) -> list[tuple[str, str]]:
        """The organisations on the other side of the events on this page and the chosen one, as (public id, name)."""
        known = {row.other_id: row.other for row in self.rows if row.other_id}
        chosen = self.filter_values.get("customer")
        if chosen and str(chosen) not in known and (name := find_organization_name(self.actor, chosen)):
            known[str(chosen)] = name
        return sorted(known.items(), key=lambda choice: (choice[1], choice[0]))

    @property
    def time_choices(self) -> list[dict[str, Any]]:
        """The ways to show times: `label`, the `url` of this list so, and whether it is the present one.

        There is nothing to choose for a reader whose own time zone is UTC.
        """
        own = timezone.get_current_timezone_name()
        labels = {own: None, "UTC": True} if own != "UTC" else {}
        return [
            {"label": label, "url": self.build_url(**{SHOWS_TIME: value}), "is_current": bool(value) == self.is_in_utc}
            for label, value in labels.items()
        ]

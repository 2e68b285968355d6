"""The filters of requests, each set for a page, its export and the API. On a page a bad value narrows nothing."""

import django_filters as df
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.filters import (
    FilterSet,
    SeveralFilter,
    SeveralTextsFilter,
    SinceDayFilter,
    UntilDayFilter,
    make_words_condition,
)
from partnerportal.lib.visible_rows import parse_public_ids
from support.kinds import list_request_kinds
from support.models import Request, Severity
from support.models.request import RequestQuerySet
from support.queries import NOBODY, OWN_VIEWS, QUEUE_VIEWS


def list_kind_choices() -> list[tuple[str, str]]:
    """Return the registered kinds of requests as pairs of code and label."""
    return [(kind.code, str(kind.label)) for kind in list_request_kinds()]


class RequestFilterSet(FilterSet):
    """The filters that every list of requests has: by kind, by severity and by days."""

    kind = SeveralFilter(choices=list_kind_choices, label=_("Type"))
    severity = SeveralFilter(choices=Severity.choices, label=_("Severity"))
    submitted_from = SinceDayFilter("submitted_at")
    submitted_to = UntilDayFilter("submitted_at")
    updated_from = SinceDayFilter("updated_at")
    updated_to = UntilDayFilter("updated_at")

    class Meta:
        model = Request
        fields: list[str] = []


class OwnRequestFilterSet(RequestFilterSet):
    """The filters of an organisation's own requests: also by state, those of a tab."""

    state = df.ChoiceFilter(method="filter_by_state", choices=[(name, name) for name in OWN_VIEWS])

    def filter_by_state(self, rows: RequestQuerySet, name: str, value: str) -> RequestQuerySet:
        """Keep requests in the states of a tab."""
        return rows.filter(state__in=OWN_VIEWS[value])


class RequestQueueFilterSet(RequestFilterSet):
    """The filters of the vendor's queue: also by who asks, to whom it is assigned, and by state, those of a tab.

    Each word of `q` is part of the organisation's name or ORGID, without regard to case and accents, or `q` is the
    beginning of the request's number. `assignee` is the public id of an operator, or "none".
    """

    q = df.CharFilter(method="filter_by_text", label=_("Name, ORGID or number"), max_length=200)
    state = df.ChoiceFilter(method="filter_by_state", choices=[(name, name) for name in QUEUE_VIEWS])
    assignee = SeveralTextsFilter(method="filter_by_assignee", max_length=36, label=_("Assigned to"))

    def filter_by_text(self, rows: RequestQuerySet, name: str, value: str) -> RequestQuerySet:
        """Keep requests of organisations of whom each word is part of the name or ORGID, and those of this number."""
        matches = make_words_condition(value, "organization__name_folded", "organization__org_id")
        return rows.filter(matches | Q(number__istartswith=value.strip()))

    def filter_by_state(self, rows: RequestQuerySet, name: str, value: str) -> RequestQuerySet:
        """Keep requests in the states of a tab."""
        return rows.filter(state__in=QUEUE_VIEWS[value])

    def filter_by_assignee(self, rows: RequestQuerySet, name: str, value: list[str]) -> RequestQuerySet:
        """Keep requests that are assigned to one of these operators, or to nobody for NOBODY.

        Values that are neither narrow nothing.
        """
        operators = parse_public_ids(value)
        assigned = Q(assignee__public_id__in=operators) if operators else Q()
        return rows.filter(assigned | Q(assignee=None) if NOBODY in value else assigned)

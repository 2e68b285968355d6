"""The filters of requests, each set for a page, its export and the API. On a page a bad value narrows nothing."""

import django_filters as df
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.filters import FilterSet, make_words_condition
from support.kinds import list_request_kinds
from support.models import Request, Severity
from support.models.request import RequestQuerySet
from support.queries import OWN_VIEWS, QUEUE_VIEWS


def list_kind_choices() -> list[tuple[str, str]]:
    """Return the registered kinds of requests as pairs of code and label."""
    return [(kind.code, str(kind.label)) for kind in list_request_kinds()]


class RequestFilterSet(FilterSet):
    """The filters that every list of requests has: by kind and by severity."""

    kind = df.ChoiceFilter(choices=list_kind_choices, label=_("Type"))
    severity = df.ChoiceFilter(choices=Severity.choices, label=_("Severity"))

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
    """The filters of the vendor's queue: also by who asks, and by state, those of a tab.

    Each word of `q` is part of the organisation's name or ORGID, without regard to case and accents, or `q` is the
    beginning of the request's number.
    """

    q = df.CharFilter(method="filter_by_text", label=_("Name, ORGID or number"), max_length=200)
    state = df.ChoiceFilter(method="filter_by_state", choices=[(name, name) for name in QUEUE_VIEWS])

    def filter_by_text(self, rows: RequestQuerySet, name: str, value: str) -> RequestQuerySet:
        """Keep requests of organisations of whom each word is part of the name or ORGID, and those of this number."""
        matches = make_words_condition(value, "organization__name_folded", "organization__org_id")
        return rows.filter(matches | Q(number__istartswith=value.strip()))

    def filter_by_state(self, rows: RequestQuerySet, name: str, value: str) -> RequestQuerySet:
        """Keep requests in the states of a tab."""
        return rows.filter(state__in=QUEUE_VIEWS[value])

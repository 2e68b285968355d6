"""The filters of requests, each set for a page, its export and the API. On a page a bad value narrows nothing."""

import django_filters as df
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.filters import FilterSet
from partnerportal.lib.text import make_search_key
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

    `q` matches part of the name of the organisation, without regard to case and accents, or the beginning of its ORGID
    or of the request's number.
    """

    q = df.CharFilter(method="filter_by_text", label=_("Name, ORGID or number"), max_length=200)
    state = df.ChoiceFilter(method="filter_by_state", choices=[(name, name) for name in QUEUE_VIEWS])

    def filter_by_text(self, rows: RequestQuerySet, name: str, value: str) -> RequestQuerySet:
        """Keep requests of organisations with this text in their name, and those whose number begins with it."""
        folded = make_search_key(value)
        matches = Q(organization__name_folded__contains=folded) | Q(organization__org_id__startswith=folded)
        return rows.filter(matches | Q(number__istartswith=value.strip())) if folded else rows

    def filter_by_state(self, rows: RequestQuerySet, name: str, value: str) -> RequestQuerySet:
        """Keep requests in the states of a tab."""
        return rows.filter(state__in=QUEUE_VIEWS[value])

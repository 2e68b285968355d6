"""The filters of the activity log, one set for its page and its export. On the page a bad value filters nothing."""

import datetime as dt
from uuid import UUID

import django_filters as df
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from connections.queries import find_organization_id
from notifications.models import Event
from notifications.models.event import EventQuerySet
from notifications.timeline import ActivityTopic, list_event_kinds_of_topic
from partnerportal.lib.actors import ActorKind
from partnerportal.lib.days import make_beginning_of_day, make_end_of_day
from partnerportal.lib.filters import FilterSet, SeveralFilter

USUAL_DAYS = 30  # how far back the log goes without the filter `since`


class ActivityFilterSet(FilterSet):
    """The filters of the activity log, for `queries.list_own_activity`.

    `since` and `until` are days, in UTC with the filter `utc` and else in the reader's time zone; without `since` the
    last USUAL_DAYS are kept. `actor` is a person's public id, `customer` that of an organisation on the other side, and
    `topic` one or several of ActivityTopic. `people` leaves out what clients and the portal itself did. `q` matches
    part of what was acted on, of an organisation's name, or of the name of a person of one's own organisation, or the
    beginning of a number.
    """

    q = df.CharFilter(method="filter_by_text", max_length=200)
    since = df.DateFilter(method="filter_since", label=_("From"))
    until = df.DateFilter(method="filter_until", label=_("Until"))
    actor = df.UUIDFilter(method="filter_by_actor")
    customer = df.UUIDFilter(method="filter_by_customer")
    topic = SeveralFilter(method="filter_by_topic", choices=ActivityTopic.choices)
    people = df.BooleanFilter(method="filter_people", widget=df.widgets.BooleanWidget)
    utc = df.BooleanFilter(method="keep_all", widget=df.widgets.BooleanWidget)

    class Meta:
        model = Event
        fields: tuple[str, ...] = ()

    def filter_queryset(self, queryset: EventQuerySet) -> EventQuerySet:
        rows: EventQuerySet = super().filter_queryset(queryset)
        if self.form.cleaned_data.get("since") is None:
            rows = self.filter_since(rows, "since", self.usual_since)
        return rows

    @property
    def zone(self) -> dt.tzinfo:
        """The time zone in which days begin: UTC if the reader has chosen it, else the reader's own."""
        return dt.UTC if self.form.cleaned_data.get("utc") else timezone.get_current_timezone()

    @property
    def usual_since(self) -> dt.date:
        """The first day that is shown without the filter `since`."""
        return timezone.localdate() - dt.timedelta(days=USUAL_DAYS)

    def filter_since(self, rows: EventQuerySet, name: str, value: dt.date) -> EventQuerySet:
        """Keep events of this day and later."""
        return rows.filter(at__gte=make_beginning_of_day(value, self.zone))

    def filter_until(self, rows: EventQuerySet, name: str, value: dt.date) -> EventQuerySet:
        """Keep events of this day and earlier."""
        return rows.filter(at__lt=make_end_of_day(value, self.zone))

    def filter_by_actor(self, rows: EventQuerySet, name: str, value: UUID) -> EventQuerySet:
        """Keep what this person did for the reader's organisation."""
        person = Person.objects.filter(public_id=value).values_list("pk", flat=True).first()
        return rows.filter(is_own=True, actor_kind=ActorKind.PERSON, actor_id=person or 0)

    def filter_by_customer(self, rows: EventQuerySet, name: str, value: UUID) -> EventQuerySet:
        """Keep events that concern this organisation."""
        other = find_organization_id(self.acting, value) or 0
        return rows.filter(Q(customer_id=other) | Q(counterpart_id=other) | Q(organization_id=other))

    def filter_by_topic(self, rows: EventQuerySet, name: str, value: list[str]) -> EventQuerySet:
        """Keep events of any of these topics."""
        return rows.filter(kind__in=[kind for topic in value for kind in list_event_kinds_of_topic(topic)])

    def filter_people(self, rows: EventQuerySet, name: str, value: bool) -> EventQuerySet:
        """Keep what people did, or for False what clients and the portal itself did."""
        people = Q(actor_kind=ActorKind.PERSON)
        return rows.filter(people if value else ~people)

    def filter_by_text(self, rows: EventQuerySet, name: str, value: str) -> EventQuerySet:
        """Keep events with this text. The names of persons count for what the reader's organisation did alone."""
        text = value.strip()
        columns = ("subject_label", "organization_label", "counterpart_label")
        matches = Q(is_own=True, actor_label__icontains=text) | Q(is_own=True, on_behalf_label__icontains=text)
        for column in columns:
            matches |= Q(**{f"{column}__icontains": text})
        return rows.filter(matches | Q(data__number__istartswith=text)) if text else rows

    def keep_all(self, rows: EventQuerySet, name: str, value: bool) -> EventQuerySet:
        """Keep all events: the value says how times are shown."""
        return rows

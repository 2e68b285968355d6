"""The filters of the list of notices, one set for the page and the API. On the page a bad value filters nothing."""

import django_filters as df

from notifications import registry
from notifications.models import Notice
from notifications.models.notice import NoticeQuerySet
from partnerportal.lib.filters import FilterSet, SeveralFilter, SinceDayFilter, UntilDayFilter


class NoticeFilterSet(FilterSet):
    """The filters of the list of notices, for `queries.list_notices`. `customer` is a customer's public id.

    Without `dismissed` only open notices are kept, and without `kind` only those of kinds that the person has not
    switched off.
    """

    customer = df.UUIDFilter(field_name="about_public_id")
    kind = SeveralFilter(choices=registry.list_notice_kind_choices)
    at_from = SinceDayFilter("at")
    at_to = UntilDayFilter("at")
    unread = df.BooleanFilter(method="filter_unread", widget=df.widgets.BooleanWidget)
    dismissed = df.BooleanFilter(method="filter_dismissed", widget=df.widgets.BooleanWidget)

    class Meta:
        model = Notice
        fields: tuple[str, ...] = ()

    def filter_queryset(self, queryset: NoticeQuerySet) -> NoticeQuerySet:
        rows = super().filter_queryset(queryset)
        if not self.form.cleaned_data.get("kind"):
            rows = rows.filter(is_in_inbox=True)
        return rows.not_dismissed() if self.form.cleaned_data.get("dismissed") is None else rows

    def filter_unread(self, rows: NoticeQuerySet, name: str, value: bool) -> NoticeQuerySet:
        """Keep the notices that the person has not opened, or for False those that they have opened."""
        return rows.filter(is_unread=value)

    def filter_dismissed(self, rows: NoticeQuerySet, name: str, value: bool) -> NoticeQuerySet:
        """Keep the notices that were dismissed, or for False all others."""
        return rows.filter(dismissed_at__isnull=not value)

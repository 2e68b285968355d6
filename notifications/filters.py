"""The filters of the list of notices, one set for the page and the API. On the page a bad value filters nothing."""

import django_filters as df

from notifications import registry
from notifications.models import Notice
from notifications.models.notice import NoticeQuerySet
from partnerportal.lib.filters import FilterSet


class NoticeFilterSet(FilterSet):
    """The filters of notices, for `queries.list_notices`. `customer` is a customer's public id.

    Open notices are kept, unless `dismissed` asks for the others, and none of the kinds that the person has switched
    off, unless `kind` asks for one.
    """

    customer = df.UUIDFilter(field_name="about_public_id")
    kind = df.ChoiceFilter(choices=registry.list_notice_kind_choices)
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
        """Keep the notices that the person has not opened; for False keep the notices that the person has opened."""
        return rows.filter(is_unread=value)

    def filter_dismissed(self, rows: NoticeQuerySet, name: str, value: bool) -> NoticeQuerySet:
        """Keep the notices that were dismissed; for False keep all others."""
        return rows.filter(dismissed_at__isnull=not value)

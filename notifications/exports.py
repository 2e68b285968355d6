"""The list of notices that can be exported: the inbox."""

from typing import Any

from django.db.models import QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from notifications.filters import NoticeFilterSet
from notifications.policies import ROLE_TABLE, NoticePermission
from notifications.queries import list_notices
from notifications.rows import render_notice_body, render_notice_subject
from partnerportal.lib.actors import Actor
from partnerportal.lib.exports.columns import (
    make_boolean_column,
    make_datetime_column,
    make_text_column,
    make_translated_column,
    make_unchanged_column,
)
from partnerportal.lib.exports.lists import ExportableList, ExportSubject, Query


def _inbox(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the actor's notices that the filters keep: open ones, unless the filters ask for dismissed ones."""
    return NoticeFilterSet(query, list_notices(actor)).qs


LISTS = (
    ExportableList(
        key="inbox",
        label=_("Inbox"),
        counted_rows=ngettext_lazy("%(total)s notification", "%(total)s notifications", "number"),
        rows=_inbox,
        subject=ExportSubject.OWN_OR_ALL,
        rule=(ROLE_TABLE, NoticePermission.VIEW),
        filters=frozenset(NoticeFilterSet.base_filters),
        columns=(
            make_datetime_column("at"),
            make_unchanged_column("kind"),
            make_text_column("about", "about_label"),
            make_text_column("service", KeyTextTransform("sku_name", "params")),
            make_translated_column("text", render_notice_subject),
            make_translated_column("details", render_notice_body),
            make_boolean_column("is_unread"),
            make_datetime_column("dismissed_at"),
        ),
    ),
)

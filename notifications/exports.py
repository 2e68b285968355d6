"""The list of notices that can be exported: the inbox."""

from typing import Any

from django.db.models import QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext_lazy as _

from notifications.filters import NoticeFilterSet
from notifications.policies import ROLE_TABLE, NoticePermission
from notifications.queries import inbox
from notifications.rows import body, subject
from partnerportal.lib.actors import Actor
from partnerportal.lib.exports.columns import flag, in_words, moment, raw, text
from partnerportal.lib.exports.lists import ExportList, Query, Subject


def _inbox(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the actor's notices that the filters keep: open ones, unless the filters ask for dismissed ones."""
    return NoticeFilterSet(query, inbox(actor)).qs


LISTS = (
    ExportList(
        key="inbox",
        label=_("Inbox"),
        rows=_inbox,
        subject=Subject.OWN_OR_ALL,
        rule=(ROLE_TABLE, NoticePermission.VIEW),
        filters=frozenset(NoticeFilterSet.base_filters),
        columns=(
            moment("at"),
            raw("kind"),
            text("about", "about_label"),
            text("service", KeyTextTransform("sku_name", "params")),
            in_words("text", subject),
            in_words("details", body),
            flag("is_unread"),
            moment("dismissed_at"),
        ),
    ),
)

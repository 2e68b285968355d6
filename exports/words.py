"""The words of the activity log for exports."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from exports.catalogue import LISTS
from exports.events import ExportEventKind
from notifications.models import Event
from notifications.timeline import ActivityDescription, ActivityTopic, register_activity_descriptions
from partnerportal.lib import formats


def _list_name(event: Event) -> dict[str, str]:
    exported_list = LISTS.get(event.subject_label)
    return {"list": str(exported_list.label) if exported_list else event.subject_label}


def _row_count(event: Event) -> str:
    count = event.data.get("rows")
    if not isinstance(count, int):
        return ""
    return ngettext("%(count)s row", "%(count)s rows", count) % {"count": formats.format_number(count)}


def register_export_words() -> None:
    """Register how the activity log shows the events of this app."""
    text = ActivityDescription("file-down", _("The list “%(list)s” was exported"), _list_name, _row_count)
    register_activity_descriptions(ActivityTopic.FILES, {ExportEventKind.EXPORTED: text})

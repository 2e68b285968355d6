"""The words of the activity log for imports."""

from django.utils.translation import gettext_lazy as _

from imports.catalogue import KINDS
from imports.events import ImportEventKind as Kind
from notifications.models import Event
from notifications.timeline import ActivityDescription, ActivityTopic, register_activity_descriptions


def _kind_name(event: Event) -> dict[str, str]:
    kind = KINDS.get(event.subject_label)
    return {"kind": str(kind.label) if kind else event.subject_label}


def register_import_words() -> None:
    """Register how the activity log shows the events of this app."""
    texts = {
        Kind.UPLOADED: ("file-up", _("An import or bulk action was started: %(kind)s")),
        Kind.CONFIRMED: ("check", _("An import or bulk action was confirmed: %(kind)s")),
        Kind.CANCELLED: ("circle-x", _("An import or bulk action was cancelled: %(kind)s")),
    }
    register_activity_descriptions(
        ActivityTopic.FILES,
        {kind: ActivityDescription(icon, text, _kind_name) for kind, (icon, text) in texts.items()},
    )

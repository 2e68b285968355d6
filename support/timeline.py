"""The words of the activity log for requests to the vendor."""

from django.utils.translation import gettext_lazy as _

from notifications.timeline import (
    ActivityDescription,
    ActivityTopic,
    register_activity_descriptions,
    register_changed_fields,
)
from support.events import SupportEventKind as Kind
from support.models import Request


def register_request_words() -> None:
    """Register how the activity log shows the events of this app."""
    texts = {
        Kind.REQUEST_SUBMITTED: ("send", _("Request %(subject)s was submitted")),
        Kind.REQUEST_ANSWERED: ("message-square", _("The vendor’s question about request %(subject)s was answered")),
        Kind.REQUEST_WITHDRAWN: ("undo-2", _("Request %(subject)s was withdrawn")),
        Kind.REQUEST_INFORMATION_ASKED: (
            "circle-question-mark",
            _("More information was requested about request %(subject)s"),
        ),
        Kind.REQUEST_ASSIGNED: ("user-check", _("The assignment of request %(subject)s was changed")),
        Kind.REQUEST_APPROVED: ("circle-check", _("Request %(subject)s was approved")),
        Kind.REQUEST_DECLINED: ("circle-x", _("Request %(subject)s was declined")),
        Kind.REQUEST_OVERTAKEN: ("circle-slash", _("Request %(subject)s was overtaken by events")),
        Kind.REQUEST_COMMENTED: ("message-square", _("A message was added to request %(subject)s")),
    }
    register_activity_descriptions(
        ActivityTopic.REQUESTS, {kind: ActivityDescription(icon, text) for kind, (icon, text) in texts.items()}
    )
    register_changed_fields(
        {"state": _("State")}, words={"state": {state.value: state.label for state in Request.State}}
    )

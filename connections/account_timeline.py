"""The words for events of accounts, as the vendor's page of an organisation shows what was done with it."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.events import AccountEventKind
from connections.timeline import ActivityDescription, register_activity_descriptions
from notifications.models import Event
from partnerportal.lib.formats import join_names
from partnerportal.lib.text import make_single_line


def _name_program(event: Event) -> Mapping[str, str]:
    return {"program": event.data.get("program", "")}


def _describe_dates(event: Event) -> str:
    ends_on = event.data.get("ends_on")
    return _("until %(day)s") % {"day": ends_on} if ends_on else _("no end date")


def _describe_move(event: Event) -> str:
    before, after = event.changes.get("parent", (None, None))
    return f"{before or '–'} → {after or '–'}"


def _list_fields(event: Event) -> str:
    return join_names(event.changes)


def _quote_note(event: Event) -> str:
    return make_single_line(event.note)


register_activity_descriptions(
    {
        AccountEventKind.ORGANIZATION_CREATED: ActivityDescription(
            "plus", gettext_lazy("%(counterpart)s was registered")
        ),
        AccountEventKind.FIRST_ADMIN_INVITED: ActivityDescription(
            "send", gettext_lazy("The first Admin of %(counterpart)s was invited")
        ),
        AccountEventKind.IDENTITY_CORRECTED: ActivityDescription(
            "pencil", gettext_lazy("Verified details of %(counterpart)s were corrected"), detail=_list_fields
        ),
        AccountEventKind.SUSPENDED: ActivityDescription(
            "lock", gettext_lazy("%(counterpart)s was suspended"), detail=_quote_note
        ),
        AccountEventKind.REACTIVATED: ActivityDescription(
            "check", gettext_lazy("The suspension of %(counterpart)s was lifted")
        ),
        AccountEventKind.PARTNER_MOVED: ActivityDescription(
            "building-2", gettext_lazy("%(counterpart)s moved to another distributor"), detail=_describe_move
        ),
        AccountEventKind.ACCOUNT_MANAGER_CHANGED: ActivityDescription(
            "users", gettext_lazy("%(counterpart)s has another account manager")
        ),
        AccountEventKind.QUALIFICATIONS_CHANGED: ActivityDescription(
            "list-tree", gettext_lazy("Competencies and skills of %(counterpart)s changed")
        ),
        AccountEventKind.MEMBERSHIP_CHANGED: ActivityDescription(
            "badge-check",
            gettext_lazy("Membership of %(counterpart)s changed: %(program)s"),
            values=_name_program,
            detail=_describe_dates,
        ),
    }
)

"""Rows of requests and their messages, in the reader's words."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.row_actions import RowActionMenuItem, list_decisions, list_row_action_menu_items
from partnerportal.lib.rows import WaitingTime
from support.kinds import LabelledText, Reason, describe_kind, get_request_kind, list_results
from support.models import Request, RequestFile, RequestMessage, Severity
from support.request_actions import REQUEST_ACTIONS

State = Request.State
TONES = {
    State.SUBMITTED: "info",
    State.NEEDS_INFORMATION: "warn",
    State.APPROVED: "ok",
    State.DECLINED: "bad",
}
SEVERITY_TONES = {Severity.CRITICAL: "bad", Severity.MODERATE: "", Severity.MINIMAL: ""}


@dataclass(frozen=True)
class RequestTableRow:
    """A row of a list of requests, with its dates written out."""

    public_id: str
    number: str
    kind: str
    subject: str
    organization: str
    org_id: str
    severity: str
    severity_tone: str
    state: str
    tone: str
    date: str  # of the submission; of a draft, of the last change
    age: str  # the same in words while it is recent
    waits: WaitingTime | None  # for the vendor's decision; None unless it waits for one
    assignee: str
    is_draft: bool
    menu: list[RowActionMenuItem]  # what whoever decides may do; empty once nothing is to be decided

    @property
    def decisions(self) -> list[RowActionMenuItem]:
        """What is decided in the row: the menu has it too, where there is no room."""
        return list_decisions(self.menu)


def make_request_table_rows(
    requests: Iterable[Request], assignees: Mapping[int, str] | None = None
) -> list[RequestTableRow]:
    """Return a RequestTableRow for each request.

    `assignees` are the names of those to whom they are assigned, by the operator's primary key. They are given for the
    vendor's staff, whose rows have a menu.
    """
    return [_row(request, assignees) for request in requests]


def _row(row: Request, assignees: Mapping[int, str] | None) -> RequestTableRow:
    at = row.submitted_at or row.updated_at
    date, near = formats.format_date(at), formats.format_relative_time(at)
    return RequestTableRow(
        public_id=str(row.public_id),
        number=row.number,
        kind=describe_kind(row.kind),
        subject=row.subject_label,
        organization=row.organization.name,
        org_id=row.organization.org_id,
        severity=row.get_severity_display(),
        severity_tone=SEVERITY_TONES[Severity(row.severity)],
        state=row.get_state_display(),
        tone=TONES.get(State(row.state), ""),
        date=date,
        age=near if near != date else "",
        assignee=(assignees or {}).get(row.assignee_id or 0, ""),
        is_draft=row.is_draft,
        waits=WaitingTime.since(at) if row.state == State.SUBMITTED else None,
        menu=[] if assignees is None else _list_decisions(row),
    )


def _list_decisions(row: Request) -> list[RowActionMenuItem]:
    """Return what the vendor's staff may do with a request in its present state, approval first."""
    deciding = {name: REQUEST_ACTIONS[name] for name in ("decline", "ask")}
    items = list_row_action_menu_items(deciding, row, "request_")
    if row.state != State.SUBMITTED:
        return items
    url = reverse("request_approve", args=[row.public_id])
    return [RowActionMenuItem("approve", _("Approve…"), "check", url, is_danger=False), *items]


@dataclass(frozen=True)
class FileRow:
    """A file of a request, with the URL at which it is saved."""

    name: str
    size: str
    at: dt.datetime
    url: str


def make_file_rows(request: Request, files: Iterable[RequestFile]) -> dict[int | None, list[FileRow]]:
    """Return the files of a request by the primary key of their message; those of its details are under None."""
    found: dict[int | None, list[FileRow]] = {}
    for file in files:
        url = reverse("request_file", args=[request.public_id, file.public_id])
        row = FileRow(file.name, formats.format_file_size(file.size), file.created_at, url)
        found.setdefault(file.message_id, []).append(row)
    return found


@dataclass(frozen=True)
class OvertakenNote:
    """Why a request was overtaken, and the facts at that moment, in the reader's language."""

    reasons: list[Reason]
    facts: list[LabelledText]
    at: str


def describe_overtaken(request: Request) -> OvertakenNote | None:
    """Return why a request was overtaken, or None if it was not."""
    kept = request.overtaken_by
    if not kept or not request.decided_at:
        return None
    found = kept.get(get_language()) or kept[settings.LANGUAGE_CODE]
    return OvertakenNote(
        reasons=[Reason(**each) for each in found["reasons"]],
        facts=[LabelledText(**each) for each in found["facts"]],
        at=formats.format_date_and_time(request.decided_at),
    )


def describe_results(request: Request) -> list[LabelledText]:
    """Return what an approval has done of each part of a request, in the reader's language."""
    results = list_results(request)
    return get_request_kind(request.kind).describe_results(results) if results else []


@dataclass(frozen=True)
class MessageRow:
    """A message of a request's thread, as either side reads it: which side wrote it, but not who."""

    author: str
    icon: str
    body: str
    at: dt.datetime
    files: list[FileRow]


def make_message_rows(
    actor: Actor, request: Request, messages: Iterable[RequestMessage], files: Mapping[int | None, list[FileRow]]
) -> list[MessageRow]:
    """Return a MessageRow for each message, in the order given, with its files by the message's primary key."""
    return [_message_row(actor, request, message, files.get(message.pk, [])) for message in messages]


def _message_row(actor: Actor, request: Request, message: RequestMessage, files: list[FileRow]) -> MessageRow:
    is_of_asker = message.organization_id == request.organization_id
    name = request.organization.name if is_of_asker else _("Vendor")
    is_own = message.organization_id == actor.organization_id
    author = _("%(name)s (you)") % {"name": name} if is_own else name
    icon = "building-2" if is_of_asker else "headset"
    return MessageRow(author, icon, message.body, message.at, files)


def describe_next_step(actor: Actor, request: Request) -> str:
    """Return what happens next with a request, as its reader sees it."""
    is_own = request.organization_id == actor.organization_id
    if not all(result.is_done for result in list_results(request)):
        return _("The request was approved and carried out where possible. See the result.")
    own = {
        State.DRAFT: _("Only your organisation can see this draft. Complete and submit it."),
        State.SUBMITTED: _("The vendor’s staff will decide, and your Admins will get a notification."),
        State.NEEDS_INFORMATION: _("The vendor needs more information. Read the messages, then answer."),
        State.APPROVED: _("What you requested has been done."),
        State.DECLINED: _("Nothing was changed. You can make a new request."),
        State.WITHDRAWN: _("Nothing was changed. You can make a new request."),
        State.OVERTAKEN: _("What you requested is no longer possible or has already been done. Nothing was changed."),
    }
    vendors = {
        State.SUBMITTED: _("Waiting for your staff to decide."),
        State.NEEDS_INFORMATION: _("Waiting for the organisation’s answer."),
        State.APPROVED: _("What was requested has been done."),
        State.DECLINED: _("The organisation was given the reason. Nothing was changed."),
        State.WITHDRAWN: _("The organisation has withdrawn the request. Nothing was changed."),
        State.OVERTAKEN: _("What was requested is no longer possible or has already been done. Nothing was changed."),
    }
    return (own if is_own else vendors).get(State(request.state), "")

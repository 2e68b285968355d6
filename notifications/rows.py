"""The rows of the inbox, ready for the template, and the texts of notices."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse

from notifications import registry
from notifications.models import Notice
from partnerportal.lib.actors import Actor


@dataclass(frozen=True)
class NoticeRow:
    """One notice as the inbox shows it, in the reader's language."""

    public_id: str
    icon: str
    kind: str
    subject: str
    lines: list[str]  # of the text below the subject
    customer: str  # the name of the customer whose news it is; "" for news of one's own organisation
    customer_id: str  # the public id of that customer, or ""
    at: dt.datetime
    is_unread: bool
    is_dismissed: bool
    open_url: str
    dismiss_url: str
    restore_url: str


def render_notice_subject(notice: Notice) -> str:
    """Return the subject of a notice in the active language, or "" if its kind no longer exists."""
    kind = registry.get_notice_kinds().get(notice.kind)
    return kind.get_subject(notice) if kind else ""


def render_notice_body(notice: Notice) -> str:
    """Return the text of a notice below its subject in the active language, or "" if its kind no longer exists."""
    kind = registry.get_notice_kinds().get(notice.kind)
    return kind.get_body(notice) if kind else ""


def build_notice_rows(actor: Actor, notices: Iterable[Notice]) -> list[NoticeRow]:
    """Return a NoticeRow for each notice of `queries.list_notices`.

    Notices whose kind no longer exists are left out.
    """
    kinds = registry.get_notice_kinds()
    urls = {name: reverse(name, args=[UUID(int=0)]) for name in ("notice_open", "notice_dismiss", "notice_restore")}
    rows = []
    for notice in notices:
        if notice.kind not in kinds:
            continue
        kind, public_id = kinds[notice.kind], str(notice.public_id)
        is_theirs = notice.about_id is not None and notice.about_id != actor.organization_id
        rows.append(
            NoticeRow(
                public_id=public_id,
                icon=kind.icon,
                kind=str(kind.label),
                subject=kind.get_subject(notice),
                lines=kind.get_body(notice).splitlines(),
                customer=notice.about_label if is_theirs else "",
                customer_id=str(notice.about_public_id) if is_theirs else "",
                at=notice.at,
                is_unread=notice.is_unread,  # type: ignore[attr-defined]
                is_dismissed=notice.dismissed_at is not None,
                open_url=urls["notice_open"].replace(str(UUID(int=0)), public_id),
                dismiss_url=urls["notice_dismiss"].replace(str(UUID(int=0)), public_id),
                restore_url=urls["notice_restore"].replace(str(UUID(int=0)), public_id),
            )
        )
    return rows

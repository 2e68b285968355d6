"""Notices as templates show them."""

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
    public_id: str
    icon: str
    kind: str
    subject: str
    body: str
    has_lines: bool  # more than one, in the body
    customer: str  # name, when the news is of somebody else
    customer_id: str  # public
    at: dt.datetime
    is_unread: bool
    is_dismissed: bool
    open_url: str
    dismiss_url: str
    restore_url: str


def subject(notice: Notice) -> str:
    """Its sentence, in the language of the moment; nothing where its kind no longer exists. So with its body."""
    kind = registry.kinds().get(notice.kind)
    return kind.subject(notice) if kind else ""


def body(notice: Notice) -> str:
    kind = registry.kinds().get(notice.kind)
    return kind.body(notice) if kind else ""


def notice_rows(actor: Actor, notices: Iterable[Notice]) -> list[NoticeRow]:
    """Notices from `queries.inbox`. One of a kind that no longer exists is left out."""
    kinds = registry.kinds()
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
                subject=kind.subject(notice),
                body=(words := kind.body(notice)),
                has_lines="\n" in words,
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

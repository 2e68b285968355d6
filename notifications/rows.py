"""The rows of the inbox, ready for the template, and the texts of notices."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications import registry
from notifications.models import Notice
from partnerportal.lib.actors import Actor
from partnerportal.lib.known_pages import page_url

CONNECTED_KINDS = frozenset({"partner", "distributor"})  # have a page for each customer that is connected


@dataclass(frozen=True)
class NoticeRow:
    """One notice as the inbox shows it, in the reader's language."""

    public_id: str
    icon: str
    kind: str
    subject: str
    lines: list[str]  # of the text below the subject
    customer: str  # the name of the customer whose news it is; "" for news of one's own organisation
    customer_url: str  # the page of that customer, or "" where the reader has none
    only_customer_url: str  # the inbox with nothing but that customer's notices, or ""
    at: dt.datetime
    is_unread: bool
    is_dismissed: bool
    open_url: str
    dismiss_url: str
    restore_url: str


@dataclass(frozen=True)
class NoticeGroup:
    """The notices of one day, or of all days before yesterday, under the words for it."""

    label: str
    rows: list[NoticeRow]


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
    inbox, rows = reverse("inbox"), []
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
                customer_url=_build_customer_url(actor, notice) if is_theirs else "",
                only_customer_url=f"{inbox}?customer={notice.about_public_id}" if is_theirs else "",
                at=notice.at,
                is_unread=notice.is_unread,  # type: ignore[attr-defined]
                is_dismissed=notice.dismissed_at is not None,
                open_url=urls["notice_open"].replace(str(UUID(int=0)), public_id),
                dismiss_url=urls["notice_dismiss"].replace(str(UUID(int=0)), public_id),
                restore_url=urls["notice_restore"].replace(str(UUID(int=0)), public_id),
            )
        )
    return rows


def _build_customer_url(actor: Actor, notice: Notice) -> str:
    """Return the URL of the page on which the actor sees the organisation that a notice is about, or "" for none."""
    if actor.organization_kind == "vendor":
        return page_url("organization", notice.about_public_id)
    return page_url("customer", notice.about_public_id) if actor.organization_kind in CONNECTED_KINDS else ""


def group_rows_by_day(rows: Iterable[NoticeRow]) -> list[NoticeGroup]:
    """Return rows, the newest first, in groups of their day in the reader's time zone: today, yesterday, earlier."""
    today = timezone.localdate()
    labels = {today: _("Today"), today - dt.timedelta(days=1): _("Yesterday")}
    days = groupby(rows, key=lambda row: labels.get(timezone.localdate(row.at), _("Earlier")))
    return [NoticeGroup(label, list(of_day)) for label, of_day in days]

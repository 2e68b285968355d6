"""What an organisation does about ends, as the list of renewals and its dialog show it."""

import datetime as dt
from dataclasses import dataclass
from itertools import groupby

from django.utils.translation import gettext as _

from entitlements.models import Entitlement, RenewalState, RenewalWork
from entitlements.queries.renewal_work import (
    ADDED_UP,
    RenewalTotal,
    RenewalValue,
    list_owner_names,
    list_renewal_steps,
)
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor

TONES = {
    RenewalState.OPEN: "",
    RenewalState.CONTACTED: "info",
    RenewalState.QUOTED: "info",
    RenewalState.RENEWING: "ok",
    RenewalState.WILL_LAPSE: "warn",
}


@dataclass(frozen=True)
class RenewalWorkCells:
    """What a row of the list says of the work on an end, in the reader's language."""

    value: str  # "–" where it is unknown
    owner: str  # "" for nobody
    state: str
    tone: str
    note: str
    noted: str  # the date of the note


@dataclass(frozen=True)
class RenewalHistoryEntry:
    """A change of the work on an end: when, by whom, and how it stood afterwards."""

    at: str
    iso: str
    person: str
    state: str
    owner: str
    note: str


@dataclass(frozen=True)
class RenewalTerm:
    """The changes of the work on one end of an entitlement, the latest first."""

    ends_on: str
    is_present: bool
    entries: list[RenewalHistoryEntry]


def make_renewal_work_cells(
    work: RenewalWork | None, value: RenewalValue | None, owner_names: dict[int, str]
) -> RenewalWorkCells:
    """Return what a row says of the work on its end; without work it is open, and nobody looks after it."""
    state = RenewalState(work.state) if work else RenewalState.OPEN
    return RenewalWorkCells(
        value=formats.format_money(value.amount, value.currency) if value else "–",
        owner=owner_names.get(work.owner_id or 0, "") if work else "",
        state=str(state.label),
        tone=TONES[state],
        note=work.note if work else "",
        noted=formats.format_date(work.noted_at) if work and work.noted_at else "",
    )


@dataclass(frozen=True)
class RenewalTotalLine:
    """What the renewals of a list are worth together, in the reader's language."""

    amounts: str  # one for each currency; "–" where no value is known
    covers: str  # how many of the renewals have a value, or why they are not added up


def make_renewal_total_line(total: RenewalTotal | None, count: int) -> RenewalTotalLine:
    """Return the line that says what `count` renewals are worth together; None for more than are added up."""
    if total is None:
        text = _("Too many renewals to add up. Narrow the list to %(most)s or fewer.")
        return RenewalTotalLine("–", text % {"most": formats.format_number(ADDED_UP)})
    amounts = " + ".join(formats.format_money(one.amount, one.currency) for one in total.sums)
    text = _("%(known)s of %(count)s with a known value")
    numbers = {"known": formats.format_number(total.known), "count": formats.format_number(count)}
    return RenewalTotalLine(amounts or "–", text % numbers)


def list_renewal_history(actor: Actor, entitlement: Entitlement) -> list[RenewalTerm]:
    """Return what the actor's organisation did about the ends of an entitlement, by end, the latest first."""
    names = list_owner_names(actor)
    steps = list_renewal_steps(actor, entitlement)
    return [
        RenewalTerm(
            ends_on=formats.format_date(ends_on),
            is_present=ends_on == entitlement.ends_on,
            entries=[
                RenewalHistoryEntry(
                    at=formats.format_date_and_time(step.at),
                    iso=step.at.astimezone(dt.UTC).isoformat(timespec="seconds"),
                    person=names.get(step.person_id, "") or _("A former operator"),
                    state=step.get_work_state_display(),
                    owner=names.get(step.owner_id or 0, ""),
                    note=step.note,
                )
                for step in group
            ],
        )
        for ends_on, group in groupby(steps, key=lambda step: step.work.ends_on)
    ]

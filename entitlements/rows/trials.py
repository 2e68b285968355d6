"""Trials as the vendor's staff see them, and the question before each deed."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from entitlements.actions import extended_to
from entitlements.models import Entitlement
from entitlements.rows.customers import NAMES_SHOWN, Day
from partnerportal.lib import formats
from partnerportal.lib.countries import country_name
from partnerportal.lib.days import today

State = Entitlement.State
TONES = {State.ACTIVE: "ok", State.REQUESTED: "info"}


@dataclass(frozen=True)
class TrialRow:
    public_id: str
    service: str
    code: str
    customer: str
    org_id: str
    country: str
    has: str  # what the customer runs
    more: str  # "+2"
    quantity: str
    since: str  # requested, or changed last
    ends: Day | None
    tone: str
    state: str
    reason: str
    is_waiting: bool
    is_running: bool
    may_be_extended: bool


def trial_rows(trials: Iterable[Entitlement], has: dict[int, list[str]]) -> list[TrialRow]:
    """`has`: names of the services that each customer runs, by its primary key."""
    return [_trial_row(row, has.get(row.customer_id, [])) for row in trials]


def _trial_row(row: Entitlement, names: list[str]) -> TrialRow:
    left_out = len(names) - NAMES_SHOWN
    return TrialRow(
        public_id=str(row.public_id),
        service=row.sku.name,
        code=row.sku.code,
        customer=row.customer.name,
        org_id=row.customer.org_id,
        country=country_name(row.customer.country),
        has=formats.listed(names[:NAMES_SHOWN]),
        more=f"+{formats.number(left_out)}" if left_out > 0 else "",
        quantity=formats.number(row.quantity),
        since=formats.date(row.updated_at),
        ends=Day.of(row.ends_on),
        tone=TONES.get(State(row.state), ""),
        state=row.get_state_display(),
        reason=row.reason,
        is_waiting=row.state == State.REQUESTED,
        is_running=row.state == State.ACTIVE and (row.ends_on is None or row.ends_on >= today()),
        may_be_extended=extended_to(row) is not None,
    )


@dataclass(frozen=True)
class Decision:
    """A dialog: what happens, and the words on its button."""

    title: str
    text: str
    button: str
    icon: str
    tone: str = "primary"
    note: str = ""


def decision(deed: str, trial: Entitlement) -> Decision:
    names = {"service": trial.sku.name, "customer": trial.customer.name}
    return _DECISIONS[deed](trial, names)


def _approve(trial: Entitlement, names: dict[str, str]) -> Decision:
    dates = {"date": formats.date(today() + settings.PORTAL_TRIAL_TIME), "seats": formats.number(trial.quantity)}
    text = _("%(customer)s may use it from today, with %(seats)s seats, until %(date)s (UTC).") % (names | dates)
    return Decision(_("Approve the trial of %(service)s?") % names, text, _("Approve"), "check")


def _decline(trial: Entitlement, names: dict[str, str]) -> Decision:
    text = (
        _("%(customer)s reads the reason, and so do the partners it is connected with. Name no person in it.") % names
    )
    return Decision(_("Decline the trial of %(service)s?") % names, text, _("Decline"), "x", "danger-solid")


def _extend(trial: Entitlement, names: dict[str, str]) -> Decision:
    new = extended_to(trial)
    assert trial.ends_on and new, "the view has asked"
    time = settings.PORTAL_TRIAL_TIME
    dates = {"old": formats.date(trial.ends_on), "new": formats.date(new)}
    text = _("For %(customer)s it then ends on %(new)s (UTC) instead of %(old)s.") % (names | dates)
    before = (trial.ends_on - trial.starts_on) // time - 1 if trial.starts_on else 0
    note = ""
    if before > 0:
        note = ngettext(
            "It has been extended once already.", "It has been extended %(count)s times already.", before
        ) % {"count": formats.number(before)}
    return Decision(_("Extend the trial of %(service)s?") % names, text, _("Extend"), "calendar-plus", note=note)


def _convert(trial: Entitlement, names: dict[str, str]) -> Decision:
    text = _("%(customer)s goes on using it, from now on in production.") % names
    return Decision(_("Convert the trial of %(service)s?") % names, text, _("Convert to production"), "package-check")


def _cancel(trial: Entitlement, names: dict[str, str]) -> Decision:
    if trial.state == State.REQUESTED:
        text = _("The request of %(customer)s is taken back. It can be made again.") % names
        return Decision(
            _("Cancel the request for %(service)s?") % names, text, _("Cancel the request"), "x", "danger-solid"
        )
    text = _("%(customer)s can no longer use it, from now on.") % names
    return Decision(_("Cancel the trial of %(service)s?") % names, text, _("Cancel the trial"), "x", "danger-solid")


_DECISIONS = {"approve": _approve, "decline": _decline, "extend": _extend, "convert": _convert, "cancel": _cancel}

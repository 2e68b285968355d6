"""Activation links as their senders see them: how far each has come, whose turn it is, and what stands in the way."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts.models import OrganizationKind
from accounts.queries.own_account import sees_customers
from entitlements.models import ActivationLink
from entitlements.models.activation import describe_activation_problem
from entitlements.notices.news import describe_licence_count
from entitlements.queries.activation import (
    ACTIVATED_WITHIN,
    CONFIRMED_WITHIN,
    OPENED_WITHIN,
    SIGNED_IN_WITHIN,
    find_own_activation_link,
)
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.errors import Message

DONE, CURRENT, LATE, FAILED, TO_COME = "done", "current", "late", "failed", "to_come"
TONES = {DONE: "ok", CURRENT: "info", LATE: "warn", FAILED: "bad", TO_COME: ""}
ICONS = {DONE: "circle-check", CURRENT: "circle-dot", LATE: "circle-alert", FAILED: "circle-alert", TO_COME: "clock"}
NEEDS_SOMEBODY = frozenset({LATE, FAILED})  # states of a step that does not go on by itself
HINTS: dict[str, Message] = {  # what the sender can do about a problem, in the few words that fit into a list
    ActivationLink.Problem.SKU_WITHDRAWN: gettext_lazy("Choose another service."),
    ActivationLink.Problem.TRIAL_TAKEN: gettext_lazy("Choose another service."),
    ActivationLink.Problem.PARTNER_NOT_ACTIVE: gettext_lazy("The partner’s membership is not active."),
    ActivationLink.Problem.PARTNER_MOVED: gettext_lazy("Choose another partner."),
    ActivationLink.Problem.NAME_TAKEN: gettext_lazy("Correct the name."),
}


@dataclass(frozen=True)
class ActivationStep:
    """One step of an activation: its name, whether it is done, current, late, failed or to come, and since when."""

    label: str
    state: str
    at: dt.datetime | None = None  # when it was done, or since when it is waited for
    note: str = ""  # what is wrong, and what to do
    hint: str = ""  # the same in the few words that fit into a list; "" where the note does

    @property
    def tone(self) -> str:
        """The tone of the step's status: a late one warns, and one that has failed is bad."""
        return TONES[self.state]

    @property
    def note_tone(self) -> str:
        """The tone of the note above the steps, which says what is wrong with this one."""
        return "warn" if self.state in NEEDS_SOMEBODY else "info"

    @property
    def is_done(self) -> bool:
        """Whether the step is done, so that `at` says when."""
        return self.state == DONE

    @property
    def icon(self) -> str:
        """The name of the step's icon."""
        return ICONS[self.state]


@dataclass(frozen=True)
class _Wait:
    """A step that is not done yet: since when it could be, how long it may take, and what is said when it is late."""

    label: str
    awaited: str  # what is said in place of the label as long as it is waited for
    done_at: dt.datetime | None
    since: dt.datetime | None
    within: dt.timedelta
    late: str
    hint: str  # `late` in a few words


def build_activation_steps(link: ActivationLink) -> list[ActivationStep]:
    """Return the steps of an activation in their order, from the mail to the trial or the membership.

    Exactly one is current, late or failed while the link leads anywhere; of one that has ended the steps that were not
    done are to come for ever.
    """
    sent = ActivationStep(_("Sent"), DONE, link.last_sent_at)
    is_undelivered = link.bounced_at is not None and not link.account_id  # a copied link may be used all the same
    if is_undelivered:
        note = _("The email was not delivered. Once the address is corrected, the link will be sent again.")
        sent = ActivationStep(_("Not delivered"), FAILED, link.bounced_at, note, _("Correct the address."))
    steps, is_waiting = [sent], not is_undelivered and (link.is_live or bool(link.account_id and not link.declined_at))
    for wait in _list_waits(link):
        if wait.done_at:
            steps.append(ActivationStep(wait.label, DONE, wait.done_at))
        elif is_waiting:
            steps.append(_build_current_step(link, wait))
            is_waiting = False
        else:
            steps.append(ActivationStep(wait.label, TO_COME))
    return steps


def _build_current_step(link: ActivationLink, wait: _Wait) -> ActivationStep:
    if (problem := find_problem(link)) and not link.account_id:
        note, hint = describe_activation_problem(problem), str(HINTS.get(problem, ""))
        return ActivationStep(wait.awaited, FAILED, link.problem_at or wait.since, note, hint)
    if wait.since is None or timezone.now() - wait.since <= wait.within:
        return ActivationStep(wait.awaited, CURRENT, wait.since)
    return ActivationStep(wait.awaited, LATE, wait.since, wait.late, wait.hint)


def find_problem(link: ActivationLink) -> str:
    """Return what stands in the way of a link of `list_activation_links`, or "" if nothing is known to."""
    is_lost: bool = getattr(link, "is_partner_lost", False)
    return ActivationLink.Problem.PARTNER_MOVED if is_lost else link.problem


def _list_waits(link: ActivationLink) -> list[_Wait]:
    """Return the steps after the mail, whether they are done or not."""
    done = link.closed_at if link.account_id else None
    lost = _("The email may have been overlooked. Resend it, or contact the recipient another way.")
    stuck = _("The recipient may need help. Ask them, send the link again, or withdraw it.")
    again = _("Resend it, or contact the recipient.")
    ask = _("Ask the recipient, or resend the link.")
    not_there = _("Not activated yet")
    waits = [
        _Wait(_("Opened"), _("Not opened yet"), link.opened_at, link.last_sent_at, OPENED_WITHIN, lost, again),
        _Wait(_("Signed in"), _("Not signed in yet"), link.signed_in_at, link.opened_at, SIGNED_IN_WITHIN, stuck, ask),
        _Wait(_("Organisation created"), not_there, done, link.signed_in_at, ACTIVATED_WITHIN, stuck, ask),
    ]
    if not link.is_for_customer:
        confirmed = done if getattr(link, "is_confirmed", False) else None
        slow = _("The vendor has not confirmed the membership yet. Ask your account manager.")
        awaited = _("Membership not confirmed yet")
        hint = _("Ask your account manager.")
        return [*waits, _Wait(_("Membership confirmed"), awaited, confirmed, done, CONFIRMED_WITHIN, slow, hint)]
    if link.partner_id:
        waits.append(_Wait(pgettext("activation", "Connected"), not_there, done, None, ACTIVATED_WITHIN, "", ""))
    return [*waits, _Wait(_("Trial started"), not_there, done, None, ACTIVATED_WITHIN, "", "")]


def find_present_step(link: ActivationLink, steps: list[ActivationStep]) -> ActivationStep:
    """Return the step that describes best how far an activation is: what is waited for, is wrong, or how it ended."""
    if link.state == ActivationLink.State.REVOKED:
        is_superseded = link.problem == ActivationLink.Problem.SUPERSEDED
        note = describe_activation_problem(link.problem) if is_superseded else link.reason
        return ActivationStep(pgettext("activation", "Withdrawn"), TO_COME, link.closed_at, note)
    if is_declined(link):
        return ActivationStep(pgettext("activation", "Declined"), TO_COME, link.declined_at, link.decline_reason)
    if link.is_expired and not link.bounced_at:  # else the first step says what became of the mail
        return ActivationStep(
            pgettext("activation", "Expired"),
            LATE,
            link.expires_at,
            _("Nobody has used the link. It can be sent again."),
        )
    return next((step for step in steps if step.state in (LATE, FAILED, CURRENT)), steps[-1])


def is_declined(link: ActivationLink) -> bool:
    """Return whether vendor staff have declined the partner of a link, and it has become no member since."""
    return link.declined_at is not None and not getattr(link, "is_confirmed", False)


def describe_turn(actor: Actor, link: ActivationLink, step: ActivationStep) -> str:
    """Return whose turn it is, in words; "" once nothing is to be done any more."""
    if link.state == ActivationLink.State.REVOKED or step.state == DONE or is_declined(link):
        return ""
    if link.account_id:
        is_vendor = actor.organization_kind == OrganizationKind.VENDOR
        return _("Your confirmation") if is_vendor else _("The vendor")
    is_mine = link.organization_id == actor.organization_id
    if step.state in NEEDS_SOMEBODY:
        return pgettext("turn", "You") if is_mine else link.sender_name
    return _("The recipient")


@dataclass(frozen=True)
class ActivationRow:
    """A row of a list of activation links, with everything in the reader's words."""

    public_id: str
    url: str
    name: str
    country: str
    email: str
    offer: str  # the service or programme
    quantity: str
    partner: str
    sender: str
    step: ActivationStep
    since: str
    sent: str
    ends: str
    turn: str
    may_change: bool  # whether the reader's organisation has sent it, and it can still be used or be sent again
    awaits_confirmation: bool


def build_activation_rows(actor: Actor, links: Iterable[ActivationLink]) -> list[ActivationRow]:
    """Return an ActivationRow for each link of `list_activation_links`, in this order."""
    return [build_activation_row(actor, link) for link in links]


def build_activation_row(actor: Actor, link: ActivationLink) -> ActivationRow:
    """Return the ActivationRow of one link of `list_activation_links`."""
    step = find_present_step(link, build_activation_steps(link))
    if step.state == LATE and link.account_id and actor.organization_kind == OrganizationKind.VENDOR:
        step = replace(step, note=_("The partner is waiting for you to confirm its membership."), hint="")
    elif step.state == LATE and _can_only_sender_help(actor, link):
        note = _("Waiting for %(sender)s, who can send the link again.") % {"sender": link.sender_name}
        step = replace(step, note=note, hint="")
    is_confirmed: bool = link.is_confirmed  # type: ignore[attr-defined]
    return ActivationRow(
        public_id=str(link.public_id),
        url=reverse("activation_link", args=[link.public_id]),
        name=link.name,
        country=get_country_name(link.country),
        email=link.email,
        offer=link.sku.name if link.sku else link.program.name if link.program else "",
        quantity=describe_licence_count(link.seats) if link.is_for_customer else "",
        partner=link.partner_name,
        sender=link.sender_name,
        step=step,
        since=formats.format_date(step.at) if step.at else "",
        sent=formats.format_date(link.created_at),
        ends=formats.format_date(link.expires_at),
        turn=describe_turn(actor, link, step),
        may_change=link.organization_id == actor.organization_id and link.state == ActivationLink.State.OPEN,
        awaits_confirmation=link.account_id is not None
        and not link.is_for_customer
        and not is_confirmed
        and not link.declined_at,
    )


def _can_only_sender_help(actor: Actor, link: ActivationLink) -> bool:
    """Return whether a link that can be used was sent by another organisation, which alone can send it again."""
    return link.organization_id != actor.organization_id and not link.account_id and not link.is_expired


def awaits_membership(actor: Actor) -> bool:
    """Return whether the actor's organisation may be a new partner that is not a member of any programme yet."""
    return actor.organization_kind == OrganizationKind.PARTNER and not sees_customers(actor)


def describe_awaited_membership(actor: Actor) -> str:
    """Return what a new partner waits for and from whom, or "" for any other organisation."""
    link = find_own_activation_link(actor) if awaits_membership(actor) else None
    if link is None or link.program is None:
        return ""
    if link.declined_at:
        declined = _("The vendor has declined your membership of %(program)s: %(reason)s")
        return declined % {"program": link.program.name, "reason": link.decline_reason}
    text = _(
        "You were invited by %(sender)s to join %(program)s. The vendor is now confirming your membership. Once it "
        "is confirmed, you’ll be able to use your customer dashboard and invitation link, and your Admins will get "
        "an email."
    )
    return text % {"sender": link.sender_name, "program": link.program.name}

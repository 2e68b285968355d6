"""Actions of those who send activation links: send, send again, copy, change and withdraw them."""

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, Program
from entitlements.actions.activation_details import (
    find_obstacle,
    set_details,
    set_partner,
    set_program,
    set_trial,
)
from entitlements.actions.activation_mails import build_activation_url, queue_activation_mail
from entitlements.events import EntitlementEventKind
from entitlements.models import ActivationLink, Sku
from entitlements.models.activation import describe_activation_problem
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from notifications.actions.recording import record_event
from notifications.models import Event
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.changes import list_changes_between
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound, TooManyAttempts
from partnerportal.lib.locks import AdvisoryLock, acquire_lock
from partnerportal.lib.mailed_invitations import (
    close_invitation,
    compute_invitation_end,
    filter_live,
    issue_invitation_token,
    read_invited_address,
)
from partnerportal.lib.policies import authorize
from partnerportal.lib.states import make_state_changed_error
from partnerportal.lib.text import make_single_line

DAY = dt.timedelta(days=1)
REASON_LENGTH = 200  # characters
PERMISSIONS = {
    ActivationLink.Kind.CUSTOMER: EntitlementPermission.ACTIVATE_CUSTOMERS,
    ActivationLink.Kind.PARTNER: EntitlementPermission.ACTIVATE_PARTNERS,
}
MAILED = (  # each of these events is of one more mail
    EntitlementEventKind.ACTIVATION_SENT,
    EntitlementEventKind.ACTIVATION_RESENT,
    EntitlementEventKind.ACTIVATION_CHANGED,
)
TOO_MANY = _(
    "Your organisation has sent %(number)s emails with activation links in 24 hours, which is the limit. Try again "
    "later."
)
SENT_ALREADY = _("An activation link for %(name)s was sent to this address on %(day)s. You can send it again.")


def authorize_to_send(actor: Actor, kind: str) -> None:
    """Raise ActionRefused unless the actor may send activation links to organisations of this kind."""
    authorize(actor, ROLE_TABLE, PERMISSIONS[ActivationLink.Kind(kind)])
    if actor.organization_id is None:
        raise ActionRefused("no_organization", _("Choose or create an organisation first."))


@transaction.atomic
def send_activation_link(
    *,
    actor: Actor,
    kind: str,
    name: str,
    email: str,
    country: str,
    language: str,
    sku: Sku | None = None,
    add_ons: Collection[Sku] = (),
    seats: int = 0,
    partner: Organization | None = None,
    program: Program | None = None,
) -> ActivationLink:
    """Send an activation link to a new customer or partner, and return the link (CV-10, CV-11).

    A customer is offered a trial of `sku`, with `add_ons` and a number of seats, and connects to `partner`: a partner
    names itself, a distributor has to name one of its partners, vendor staff may. A new partner becomes a member of
    `program` when vendor staff confirm it.

    Raises InvalidInput for a bad value, with the field at fault; Conflict("already_sent") while a link to the same
    address and name can be accepted; Conflict("name_taken") for a partner whose name is taken in its country; and
    TooManyAttempts beyond PORTAL_ACTIVATIONS_A_DAY mails of an organisation in 24 hours, which are sent for the first
    time or again.
    """
    authorize_to_send(actor, kind)
    link = _begin_link(actor, kind, email)
    set_details(link, name=name, country=country, language=language)
    if link.is_for_customer:
        set_trial(actor, link, sku=sku, add_ons=add_ons, seats=seats)
        set_partner(actor, link, partner)
    else:
        set_program(link, program)
    _wait_for_other_mailings(actor)
    _refuse_sent_before(actor, link)
    _keep_to_the_limit(actor)
    link.save(force_insert=True)
    queue_activation_mail(link, issue_invitation_token(link))
    _record(EntitlementEventKind.ACTIVATION_SENT, actor, link)
    return link


def _wait_for_other_mailings(actor: Actor) -> None:
    """Let the mailings of one organisation wait for one another, because they are counted; before any row is locked."""
    acquire_lock(AdvisoryLock.ACTIVATIONS, actor.organization_id or 0)


def _begin_link(actor: Actor, kind: str, email: str) -> ActivationLink:
    return ActivationLink(
        organization_id=actor.organization_id,  # type: ignore[misc]
        sender_name=actor.organization_name,
        kind=kind,
        email=read_invited_address(email),
        expires_at=compute_invitation_end(),
    )


def _refuse_sent_before(actor: Actor, link: ActivationLink) -> None:
    """Raise Conflict("already_sent") while another link to the same address and organisation can be accepted."""
    sent = filter_live(ActivationLink.objects.visible_to(actor)).filter(
        organization=actor.organization_id, kind=link.kind, email=link.email, name__iexact=link.name
    )
    if before := sent.exclude(pk=link.pk).first():
        names = {"name": link.name, "day": formats.format_date(before.created_at)}
        raise Conflict("already_sent", SENT_ALREADY % names, field="email")


def _keep_to_the_limit(actor: Actor) -> None:
    """Raise TooManyAttempts if the actor's organisation has mailed PORTAL_ACTIVATIONS_A_DAY links within 24 hours.

    The log knows of each mail, also of one whose token is deleted since and of one that went to another address before.
    """
    most = settings.PORTAL_ACTIVATIONS_A_DAY
    mailed = Event.objects.visible_to(actor).filter(organization_id=actor.organization_id, kind__in=MAILED)
    if mailed.filter(at__gt=timezone.now() - DAY).count() >= most:
        raise TooManyAttempts("too_many_activations", TOO_MANY % {"number": formats.format_number(most)})


def resend_activation_link(*, actor: Actor, activationlink: ActivationLink) -> ActivationLink:
    """Mail an activation link again, with one more token, and let it end later; return the link.

    Earlier mails go on working, unless the link had ended. Raises NotFound for a link of somebody else,
    Conflict("too_many_links") when it has as many tokens as can work, Conflict("state_changed") when it was accepted or
    withdrawn, and TooManyAttempts beyond the limit of `send_activation_link`. What its acceptance would be refused for
    stays on the link as its problem, and raises Conflict with the problem's code.
    """
    _refuse_in_vain(actor, activationlink)
    with transaction.atomic():
        _wait_for_other_mailings(actor)
        link = _lock_own(actor, activationlink)
        _keep_to_the_limit(actor)
        token = issue_invitation_token(link)
        _clear_problem(link)
        queue_activation_mail(link, token)
        _record(EntitlementEventKind.ACTIVATION_RESENT, actor, link)
    return link


def copy_activation_link(*, actor: Actor, activationlink: ActivationLink) -> str:
    """Return a URL of an activation link, to be given to its addressee by other means than a mail of the portal.

    It holds one more token, and nobody can read it again. Raises what `resend_activation_link` raises, but counts
    towards no limit of a day.
    """
    _refuse_in_vain(actor, activationlink)
    with transaction.atomic():
        link = _lock_own(actor, activationlink)
        token = issue_invitation_token(link)
        _record(EntitlementEventKind.ACTIVATION_COPIED, actor, link)
    return build_activation_url(token)


def _refuse_in_vain(actor: Actor, activationlink: ActivationLink) -> None:
    """Raise Conflict with the code of what a link's acceptance would be refused for, which stays on the link."""
    with transaction.atomic():
        _wait_for_other_mailings(actor)  # many links are sent again in one transaction
        link = _lock_own(actor, activationlink)
        problem = find_obstacle(actor, link)
        if problem:
            link.problem = problem
            link.save(update_fields=["problem"])
    if problem:
        raise Conflict(problem, describe_activation_problem(problem))


@transaction.atomic
def change_activation_link(
    *,
    actor: Actor,
    activationlink: ActivationLink,
    name: str,
    email: str,
    country: str,
    language: str,
    sku: Sku | None = None,
    add_ons: Collection[Sku] = (),
    seats: int = 0,
    partner: Organization | None = None,
    program: Program | None = None,
) -> ActivationLink:
    """Correct an activation link that is not accepted yet, and mail it again; return the link.

    It mends what stands in the way: an address whose mail bounced, a name that is taken, a service that can no longer
    be tried, a partner to whom no customer can connect any more. With another address all earlier links stop working.
    Raises what `send_activation_link` and `resend_activation_link` raise.
    """
    _wait_for_other_mailings(actor)
    link = _lock_own(actor, activationlink)
    before = _describe(link)
    link.email = read_invited_address(email)
    set_details(link, name=name, country=country, language=language)
    if link.is_for_customer:
        set_trial(actor, link, sku=sku, add_ons=add_ons, seats=seats)
        set_partner(actor, link, partner)
    else:
        set_program(link, program)
    _refuse_sent_before(actor, link)
    _keep_to_the_limit(actor)
    link.problem, link.bounced_at = "", None
    link.save(update_fields=[*_CHANGED, "problem", "bounced_at"])  # first: another address takes all tokens away
    queue_activation_mail(link, issue_invitation_token(link))
    changes = list_changes_between(before, _describe(link), redacted_fields=frozenset({"email"}))
    _record(EntitlementEventKind.ACTIVATION_CHANGED, actor, link, changes=changes)
    return link


_CHANGED = ("email", "language", "name", "country", "sku", "add_on_ids", "seats", "partner", "program")


def _describe(link: ActivationLink) -> dict[str, Any]:
    """Return what the log says of a link before and after a change; the address is redacted there."""
    add_ons = Sku.objects.filter(pk__in=link.add_on_ids).order_by("code")
    return {
        "email": link.email,
        "language": link.language,
        "name": link.name,
        "country": link.country,
        "sku": link.sku.code if link.sku else "",
        "add_ons": list(add_ons.values_list("code", flat=True)),
        "seats": link.seats,
        "partner": link.partner_name,
        "program": link.program.code if link.program else "",
    }


@transaction.atomic
def revoke_activation_link(*, actor: Actor, activationlink: ActivationLink, reason: str = "") -> ActivationLink:
    """Withdraw an activation link, all of whose URLs stop working at once; return the link.

    `reason` is for colleagues, who read it for as long as the link is listed. Raises NotFound for a link of somebody
    else, InvalidInput("reason") for a long one, and Conflict("state_changed") when the link was accepted already.
    """
    link = _lock_own(actor, activationlink)
    reason = make_single_line(reason)
    if len(reason) > REASON_LENGTH or "\0" in reason:
        raise InvalidInput("reason", _("Enter a reason of at most 200 characters."), field="reason")
    if reason:
        link.reason = reason
        link.save(update_fields=["reason"])
    link = close_invitation(link, ActivationLink.State.REVOKED)
    _record(EntitlementEventKind.ACTIVATION_REVOKED, actor, link, note=reason)
    return link


def _lock_own(actor: Actor, activationlink: ActivationLink) -> ActivationLink:
    """Lock and return an open link that the actor's organisation has sent, if the actor may send such links.

    Raises NotFound for a link of somebody else, and Conflict("state_changed") for one that is accepted or withdrawn.
    """
    authorize_to_send(actor, activationlink.kind)
    own = ActivationLink.objects.visible_to(actor).filter(organization=actor.organization_id)
    row = own.select_for_update(of=("self",)).select_related("sku", "program").filter(pk=activationlink.pk).first()
    if row is None:
        raise NotFound("not_found", "")
    if row.state != ActivationLink.State.OPEN:
        raise make_state_changed_error()
    return row


def _clear_problem(link: ActivationLink) -> None:
    """Forget that the last mail bounced, or what stood in the way of the last attempt: the link is tried again."""
    if link.bounced_at or link.problem:
        link.bounced_at, link.problem = None, ""
        link.save(update_fields=["bounced_at", "problem"])


def _record(kind: EntitlementEventKind, actor: Actor, link: ActivationLink, **details: Any) -> None:
    """Record an event about a link: whom it invites and to what, and not by which address."""
    record_event(kind, actor=actor, subject=link, data=make_event_data(link), **details)


def make_event_data(link: ActivationLink) -> dict[str, Any]:
    """Return what events about a link keep of it. They hold no address: it may be a person's."""
    return {
        "kind": link.kind,
        "name": link.name,
        "sku_name": link.sku.name if link.sku else "",
        "quantity": link.seats,
        "program": link.program.name if link.program else "",
    }

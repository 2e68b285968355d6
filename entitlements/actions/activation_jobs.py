"""What jobs do with activation links: remind, tell their senders of an end or a bounce, and delete old ones."""

from collections.abc import Collection, Sequence
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.actions.partner_news import make_parent_data
from accounts.events import AccountEventKind
from accounts.models import Organization, OrganizationKind, ProgramMembership
from entitlements.actions.activation import make_event_data
from entitlements.actions.activation_mails import queue_activation_mail
from entitlements.events import EntitlementEventKind
from entitlements.models import ActivationLink, ActivationToken
from entitlements.queries.activation import annotate_lost_partner, make_undecided_condition
from notifications.actions.recording import make_event, record_events
from notifications.models import Event
from notifications.registry import register_event_handler
from partnerportal.lib.actors import Actor, ActorKind
from partnerportal.lib.changes import list_changes_between
from partnerportal.lib.mailed_invitations import (
    LIVE_TOKENS,
    delete_old_invitations,
    filter_expired,
    filter_live,
    issue_invitation_token,
    lock_invitations_to_remind,
)

BATCH = 200  # links whose end is told in one transaction


@transaction.atomic
def send_activation_reminders() -> int:
    """Queue a reminder for each of a batch of links that nobody has used; return how many were looked at.

    Each link is looked at once. A reminder has a token of its own and does not move the end. A link that has all its
    tokens, or that leads nowhere now, gets none.
    """
    due = lock_invitations_to_remind(ActivationLink)
    in_vain = _list_in_vain([link.pk for link in due])
    for link in due:
        tokens = ActivationToken.objects.filter(invitation=link)
        if link.pk not in in_vain and tokens.count() < LIVE_TOKENS:
            queue_activation_mail(link, issue_invitation_token(link, extend=False), is_reminder=True)
    ActivationLink.objects.filter(pk__in=[link.pk for link in due]).update(reminded_at=timezone.now())
    return len(due)


def _list_in_vain(primary_keys: list[int]) -> set[int]:
    """Return the primary keys of the links whose sender or partner is suspended, or whose partner has moved away."""
    suspended = Organization.State.SUSPENDED
    lost = Q(organization__state=suspended) | Q(partner__state=suspended) | Q(is_partner_lost=True)
    links = annotate_lost_partner(ActivationLink.objects.filter(pk__in=primary_keys))
    return set(links.filter(lost).values_list("pk", flat=True))


def tell_ended_activations() -> int:
    """Tell the senders of links that have ended unused, each end once; return how many were told.

    Each batch has its own transaction. A link that was sent again after its end, and ends again, is told again.
    """
    told = 0
    while batch := _tell_batch():
        told += batch
    return told


@transaction.atomic
def _tell_batch() -> int:
    ended = filter_expired(ActivationLink.objects.all()).filter(
        Q(end_told_at=None) | Q(end_told_at__lt=F("expires_at"))
    )
    links = list(ended.select_for_update(skip_locked=True, of=("self",)).order_by("pk")[:BATCH])
    _record_for_senders(EntitlementEventKind.ACTIVATION_EXPIRED, links)
    ActivationLink.objects.filter(pk__in=[link.pk for link in links]).update(end_told_at=timezone.now())
    return len(links)


@transaction.atomic
def record_undelivered_activation(public_id: UUID) -> None:
    """Mark an open link whose last mail the mail server refused for good, or did not take in time; tell its sender."""
    rows = ActivationLink.objects.filter(public_id=public_id, state=ActivationLink.State.OPEN)
    links = list(rows.select_for_update(of=("self",)))
    _record_for_senders(EntitlementEventKind.ACTIVATION_BOUNCED, links)
    rows.update(bounced_at=timezone.now())


def record_stopped_activations(partner_id: int | None, former_org_id: str | None) -> None:
    """Record, for its sender, each live link of a distributor that names a partner which was moved away from it.

    `former_org_id` is the ORGID of the distributor that the partner has left, or None if it had none.
    """
    named = ActivationLink.objects.filter(partner=partner_id, organization__org_id=former_org_id)
    lost = annotate_lost_partner(named).filter(is_partner_lost=True).select_related("sku", "program")
    _record_for_senders(EntitlementEventKind.ACTIVATION_STOPPED, list(filter_live(lost)))


def record_memberships_at_once(partner_ids: Collection[int]) -> None:
    """Record the memberships that new partners have begun without a confirmation, by the rule of the vendor.

    Each is told like one that staff grant: the partner's Admins get its notice, and both logs have it.
    """
    vendor = Organization.objects.get(kind=OrganizationKind.VENDOR)
    rule = Actor(
        kind=ActorKind.SYSTEM, label="activation links", organization_id=vendor.pk, organization_name=vendor.name
    )
    rows = ProgramMembership.objects.filter(organization__in=partner_ids).order_by("pk")
    members = rows.select_related("organization__parent", "program")
    record_events([_make_membership_event(rule, row) for row in members])


def _make_membership_event(rule: Actor, row: ProgramMembership) -> Event:
    after = {"starts_on": row.starts_on, "ends_on": row.ends_on}
    dates = {"starts_on": str(row.starts_on), "ends_on": str(row.ends_on) if row.ends_on else None}
    return make_event(
        AccountEventKind.MEMBERSHIP_CHANGED,
        actor=rule,
        subject=row.organization,
        counterpart=row.organization,
        changes=list_changes_between({}, after),
        data={"program": row.program.name, "is_new": True, "is_at_once": True, **dates}
        | make_parent_data(row.organization),
    )


def _record_for_senders(kind: EntitlementEventKind, links: list[ActivationLink]) -> None:
    """Record an event about each link, which its sender may read."""
    senders = Organization.objects.in_bulk({link.organization_id for link in links})
    system = Actor.system("activation links")
    record_events(
        [
            make_event(
                kind, actor=system, subject=link, counterpart=senders[link.organization_id], data=make_event_data(link)
            )
            for link in links
        ]
    )


def delete_old_activation_links() -> int:
    """Delete links that were used, withdrawn or declined or ended before PORTAL_INVITATIONS_KEPT; return how many.

    A link whose new partner waits for the vendor stays until the vendor has decided.
    """
    declined_since = Q(declined_at__gte=timezone.now() - settings.PORTAL_INVITATIONS_KEPT)
    return delete_old_invitations(ActivationLink, but=declined_since | make_undecided_condition())


@register_event_handler(AccountEventKind.PARTNER_MOVED)
def tell_of_links_that_stopped(events: Sequence[Event]) -> None:
    """Record an event about each link that a partner's move has stopped, so that its sender is told."""
    for event in events:
        record_stopped_activations(event.counterpart_id, event.changes["parent"][0])


@register_event_handler(EntitlementEventKind.ACTIVATION_ACCEPTED)
def record_memberships_of_new_partners(events: Sequence[Event]) -> None:
    """Record the membership of each new partner that is a member from the start."""
    members = [event.organization_id for event in events if event.data.get("is_member") and event.organization_id]
    if members:
        record_memberships_at_once(members)

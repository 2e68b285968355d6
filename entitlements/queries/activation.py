"""Queries over activation links: for those who send them, for the vendor's staff, and for whoever holds one."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import connection
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Greatest, Least
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, OrganizationKind, ProgramMembership
from accounts.queries.programs import make_active_programs_subquery
from connections.queries import Invitation, get_invitation, partner_sees_customers
from entitlements.models import ActivationLink
from entitlements.models.activation import ActivationLinkQuerySet
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import NotFound
from partnerportal.lib.mailed_invitations import as_invitation_holder, get_live_invitation
from partnerportal.lib.sign_up_purposes import SignUpPurpose
from partnerportal.lib.visible_rows import get_by_public_id

# How long each step may take, since the step before it. After that its row says so, and offers Retry and Cancel.
OPENED_WITHIN = dt.timedelta(days=3)
SIGNED_IN_WITHIN = dt.timedelta(days=1)
ACTIVATED_WITHIN = dt.timedelta(days=1)
CONFIRMED_WITHIN = dt.timedelta(days=3)
PARTNERS_LISTED = 500  # partners of a distributor among which a form lets it choose


def list_activation_links(actor: Actor, kind: str) -> ActivationLinkQuerySet:
    """Return the activation links of one kind that the actor sees, as sender, named partner or vendor.

    Each has `is_confirmed`: whether the organisation that has accepted is a member of some programme by now; and
    `is_partner_lost`: whether it leads nowhere because the partner that it names is no longer below the distributor
    that has sent it. The link by which the actor's own organisation was founded is not among them.
    """
    rows = ActivationLink.objects.visible_to(actor).of_kind(kind).exclude(account=actor.organization_id)
    return annotate_lost_partner(rows.select_related("sku", "program").annotate(is_confirmed=_make_member_condition()))


def _make_member_condition() -> Exists:
    return Exists(ProgramMembership.objects.filter(organization=OuterRef("account")))


def make_undecided_condition() -> Q:
    """Return a condition for links whose new partner the vendor has neither confirmed nor declined yet."""
    accepted = Q(kind=ActivationLink.Kind.PARTNER, state=ActivationLink.State.ACCEPTED, declined_at=None)
    return accepted & Q(~_make_member_condition())


def filter_late_links(links: QuerySet[ActivationLink]) -> QuerySet[ActivationLink]:
    """Return the links of `list_activation_links` whose present step is an error: something is wrong, or took too long.

    It is the rule of `rows.activations.build_activation_steps`, as a condition on the rows.
    """
    now = timezone.now()
    is_sent_long_ago = Q(created_at__lt=now - OPENED_WITHIN) & Q(
        expires_at__lt=now - OPENED_WITHIN + settings.PORTAL_ACTIVATION_KEPT
    )
    is_wrong = ~Q(problem="") | Q(bounced_at__isnull=False) | Q(is_partner_lost=True)
    is_slow = (
        Q(opened_at=None) & is_sent_long_ago
        | Q(opened_at__lt=now - SIGNED_IN_WITHIN, signed_in_at=None)
        | Q(opened_at__isnull=False, signed_in_at__lt=now - ACTIVATED_WITHIN)
    )
    is_open = Q(state=ActivationLink.State.OPEN, expires_at__gt=now)
    waits_long = make_undecided_condition() & Q(closed_at__lt=now - CONFIRMED_WITHIN)
    return links.filter(is_open & (is_wrong | is_slow) | waits_long)


def annotate_present_step(links: QuerySet[ActivationLink]) -> QuerySet[ActivationLink]:
    """Annotate links of `list_activation_links` with `step_place` and `step_since`, by which a list can be sorted.

    They say which step the link has reached and since when, and are never null. It is the rule of
    `rows.activations.find_present_step` as columns. Steps come in the order in which they are taken, an email that was
    not delivered before all, and after them the ways in which a link ends that nobody uses.
    """
    now, state = timezone.now(), ActivationLink.State
    last_sent = Least(Greatest("created_at", F("expires_at") - settings.PORTAL_ACTIVATION_KEPT), Value(now))
    rules: list[tuple[Q, int, Any]] = [  # a condition, the place, and since when: the first that fits counts
        (Q(state=state.OPEN, bounced_at__isnull=False), 0, F("bounced_at")),
        (Q(state=state.OPEN, expires_at__lte=now), 6, F("expires_at")),
        (Q(state=state.OPEN, opened_at=None), 1, Coalesce("problem_at", last_sent)),
        (Q(state=state.OPEN, signed_in_at=None), 2, Coalesce("problem_at", "opened_at")),
        (Q(state=state.OPEN), 3, Coalesce("problem_at", "signed_in_at")),
        (make_undecided_condition(), 4, F("closed_at")),
        (Q(declined_at__isnull=False, is_confirmed=False), 7, F("declined_at")),
        (Q(state=state.ACCEPTED), 5, F("closed_at")),
    ]
    place = Case(*(When(condition, then=number) for condition, number, _since in rules), default=8)
    since = Case(*(When(condition, then=at) for condition, _number, at in rules), default=F("closed_at"))
    return links.annotate(step_place=place, step_since=since)


def count_late_links(actor: Actor) -> dict[str, int]:
    """Return how many links of `list_activation_links` are late, by their kind, as `filter_late_links` says it."""
    return {str(kind): filter_late_links(list_activation_links(actor, kind)).count() for kind in ActivationLink.Kind}


def annotate_lost_partner(links: ActivationLinkQuerySet) -> ActivationLinkQuerySet:
    """Annotate links with `is_partner_lost`, which `list_activation_links` describes."""
    below = Organization.objects.filter(pk=OuterRef("partner"), parent=OuterRef("organization"))
    distributor = Organization.objects.filter(pk=OuterRef("organization"), kind=OrganizationKind.DISTRIBUTOR)
    is_lost = Q(partner__isnull=False) & Exists(distributor) & ~Exists(below)
    return links.annotate(is_partner_lost=Case(When(is_lost, then=True), default=False))


def count_unconfirmed_partners(actor: Actor, limit: int) -> int:
    """Return how many new partners wait for the vendor's confirmation, counted up to `limit`."""
    return list_activation_links(actor, OrganizationKind.PARTNER).filter(make_undecided_condition())[:limit].count()


def list_oldest_unconfirmed_partners(actor: Actor, limit: int) -> list[ActivationLink]:
    """Return up to `limit` links of new partners that wait for the vendor's confirmation, the longest wait first."""
    rows = list_activation_links(actor, OrganizationKind.PARTNER).filter(make_undecided_condition())
    return list(rows.order_by("pk")[:limit])


def get_activation_link(actor: Actor, public_id: UUID) -> ActivationLink:
    """Return an activation link that the actor sees, of either kind. Raises NotFound for any other."""
    link = get_by_public_id(ActivationLink.objects.visible_to(actor), public_id)
    return get_by_public_id(list_activation_links(actor, link.kind), public_id)


def find_founding_link(actor: Actor, organization_id: int) -> ActivationLink | None:
    """Return the link by which this partner was founded, if the actor sees it, as `list_activation_links` does."""
    links = list_activation_links(actor, OrganizationKind.PARTNER)
    return links.filter(account=organization_id).order_by("pk").first()


def find_own_activation_link(actor: Actor) -> ActivationLink | None:
    """Return the activation link by which the actor's own organisation was founded, or None."""
    rows = ActivationLink.objects.visible_to(actor).select_related("program")
    return rows.filter(account=actor.organization_id).order_by("pk").first()


def list_partners_to_name(actor: Actor) -> QuerySet[Organization]:
    """Return the partners that the actor may name in a customer's activation link, with their `programs`.

    A partner names itself, a distributor one of its partners, vendor staff any partner. Suspended ones are left out.
    """
    return list_own_partners(actor).filter(state=Organization.State.ACTIVE)


def list_own_partners(actor: Actor) -> QuerySet[Organization]:
    """Return the partners of `list_partners_to_name`, and those among them that are suspended too."""
    rows = Organization.objects.visible_to(actor).filter(kind=OrganizationKind.PARTNER)
    if actor.organization_kind == OrganizationKind.DISTRIBUTOR:
        rows = rows.filter(parent=actor.organization_id)
    elif actor.organization_kind != OrganizationKind.VENDOR:
        rows = rows.filter(pk__in=[actor.organization_id])
    return rows.annotate(programs=make_active_programs_subquery("pk")).order_by("name_folded", "pk")


def is_partner_open_to_customers(partner: Organization) -> bool:
    """Return whether customers can connect to a partner of `list_partners_to_name`: by an active membership."""
    return partner_sees_customers(partner.programs)  # type: ignore[attr-defined]


def is_partner_name_taken(folded_name: str, country: str) -> bool:
    """Return whether a partner or distributor of the country has this name, as `make_search_key` folds it.

    Row-level security tells nobody but those who found partners: senders of their links, and whoever holds one.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT partner_name_is_taken(%s, %s)", [folded_name, country])
        return bool(cursor.fetchone()[0])


@dataclass(frozen=True)
class Activation:
    """An activation link as its holder sees it: the link, who sent it, and the invitation of the partner it names.

    The sender's country and ORGID help to recognise a link that only pretends to come from it.
    """

    token: str
    link: ActivationLink
    sender_kind: str
    sender_country: str
    sender_org_id: str
    invitation: Invitation | None  # with which a customer connects; None for a partner, and where no partner is named


def get_activation(actor: Actor, token: str) -> Activation:
    """Return the activation link that this token leads to, for whoever holds it, signed in or not.

    Raises NotFound("unknown_invitation") for a token that leads to none that can be accepted: it is unknown, was used
    or withdrawn, has ended, or somebody who invites is suspended.
    """
    with as_invitation_holder(actor, token):
        link = get_live_invitation(ActivationLink.objects.select_related("sku", "program"), token)
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM introduce_activation_link()")
            introduction = cursor.fetchone()
    if introduction is None:
        raise NotFound("unknown_invitation", "")
    kind, country, org_id, invitation_token = introduction
    invitation = get_invitation(actor, invitation_token) if invitation_token else None
    return Activation(token, link, kind, country, org_id, invitation)


def find_sign_up_purpose(actor: Actor, token: str) -> SignUpPurpose:
    """Return what somebody signs up for who comes from the activation link with this token. Raises NotFound."""
    return SignUpPurpose(
        text=_("Activate %(name)s"),
        step_text=_("Step %(step)s of %(steps)s to activate %(name)s"),
        name=get_activation(actor, token).link.name,
    )


def is_addressee(actor: Actor, link: ActivationLink) -> bool:
    """Return whether the actor is a signed-in person who has proved that the link's address is theirs."""
    if actor.person_id is None:
        return False
    return EmailAddress.objects.filter(user_id=actor.person_id, verified=True, email=link.email).exists()

"""Queries of partners and distributors, from PartnerListing: their list, and in how many of them something is amiss."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import Case, Count, Q, Sum, Value, When
from django.utils import timezone

from accounts.events import PartnerNewsKind
from accounts.models import Organization, OrganizationKind, Program, ProgramMembership
from connections.models import CustomerPartner
from connections.queries import list_customer_activity_events
from entitlements.models import ActivationLink, PartnerListing, Sku, UsageMonth
from entitlements.models.partner import HAS_OVERAGE, PartnerListingQuerySet
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import SOON, today
from partnerportal.lib.visible_rows import get_by_public_id

BADGE_SOON = dt.timedelta(days=60)  # a badge that ends within it asks for attention
CHARTED = 1000  # customers of a partner up to which its page adds up their months, which are some thousands of rows
CHOICES = 1000  # partners up to which a filter offers them: a distributor has hundreds, a vendor may have thousands
STUCK = dt.timedelta(days=3)  # an activation link that is open for so long asks for attention
QUIET = dt.timedelta(days=90)  # a partner without a new customer for so long asks for attention


def list_partners(actor: Actor, kind: OrganizationKind = OrganizationKind.PARTNER) -> PartnerListingQuerySet:
    """Return the rows of the partners that the actor sees, or of the distributors, by `kind`, unordered."""
    return PartnerListing.objects.visible_to(actor).filter(kind=kind)


def make_lapsing_condition(span: dt.timedelta) -> Q:
    """Return a condition for partners with a badge that ends within `span` from today (UTC), if no other follows."""
    return Q(next_lapse_on__range=(today(), today() + span))


def make_expiring_condition(span: dt.timedelta) -> Q:
    """Return a condition for partners of whom a customer runs something that ends within `span` from today (UTC)."""
    return Q(next_expiry_on__range=(today(), today() + span))


def make_quiet_condition() -> Q:
    """Return a condition for partners without a new customer for QUIET, which are in the portal for as long."""
    before = timezone.now() - QUIET
    return Q(last_customer_at__lt=before, created_at__lt=before)


@dataclass(frozen=True)
class PartnerTotals:
    """In how many of an actor's partners, or distributors, something asks for attention, and the countries of all."""

    partners: int
    over: int  # of whose customers any has more seats of a SKU assigned than purchased
    expiring: int  # of whose customers any runs something that ends within SOON
    lapsing: int  # of whom a badge ends within BADGE_SOON
    quiet: int  # without a new customer for QUIET
    suspended: int
    countries: list[str]


def get_partner_totals(actor: Actor, kind: OrganizationKind = OrganizationKind.PARTNER) -> PartnerTotals:
    """Return the totals over all partners of the actor, or over all distributors, in one query.

    It reads every row of them once: a distributor has hundreds, and the rows are narrow.
    """
    conditions = {
        "over": HAS_OVERAGE,
        "expiring": make_expiring_condition(SOON),
        "lapsing": make_lapsing_condition(BADGE_SOON),
        "quiet": make_quiet_condition(),
        "suspended": Q(state=Organization.State.SUSPENDED),
    }
    counts: dict[str, Any] = {name: Count("pk", filter=condition) for name, condition in conditions.items()}
    countries = ArrayAgg("country", distinct=True, default=Value([]))
    return PartnerTotals(**list_partners(actor, kind).aggregate(partners=Count("pk"), countries=countries, **counts))


def find_partners_needing_help(actor: Actor, limit: int) -> list[PartnerListing]:
    """Return up to `limit` partners that need help for the most reasons, among equals those with more overage first.

    The reasons are those that `get_partner_totals` counts.
    """
    reasons = (HAS_OVERAGE, make_expiring_condition(SOON), make_lapsing_condition(BADGE_SOON), make_quiet_condition())
    number: Any = sum(Case(When(reason, then=1), default=0) for reason in reasons)
    rows = list_partners(actor).annotate(reasons=number).filter(reasons__gt=0)
    found = list(rows.order_by("-reasons", "-overage", "name_folded", "pk")[:limit])
    bring_sums_up_to_date(found)
    return found


def fetch_unmerged_partner_sums(partner_ids: Collection[int] | None) -> dict[int, dict[str, Any]]:
    """Return what PartnerListing adds up, as of now, for those of these partners whose rows do not say it yet.

    It is a dict by primary key of dicts by column. None stands for all partners that the tenant sees; of any other it
    returns nothing. The figures behind the sums are the partners' own, so a function of the database answers.
    """
    ids = None if partner_ids is None else list(partner_ids)
    if ids == []:
        return {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM portal_partner_sums(%s::bigint[])", [ids])
        names = [column.name for column in cursor.description][1:]
        return {key: dict(zip(names, values, strict=True)) for key, *values in cursor.fetchall()}


def bring_sums_up_to_date(rows: Iterable[PartnerListing]) -> None:
    """Let each of these rows say what its customers add up to now, where the merge of the figures is still to come.

    Until then such a row has no weeks: a customer may share its use no more.
    """
    by_key = {row.pk: row for row in rows}
    for key, sums in fetch_unmerged_partner_sums(by_key).items():
        by_key[key].weeks = []
        for column, value in sums.items():
            setattr(by_key[key], column, value)


def get_partner(actor: Actor, public_id: UUID, kind: OrganizationKind = OrganizationKind.PARTNER) -> PartnerListing:
    """Return the row of a partner, or a distributor, with its sums as of now.

    Raises NotFound if the actor does not see it.
    """
    partner = get_by_public_id(list_partners(actor, kind), public_id)
    bring_sums_up_to_date([partner])
    return partner


def get_partner_account(actor: Actor, partner: PartnerListing) -> Organization:
    """Return the organisation of a partner that the actor sees, with its address and contact details."""
    return Organization.objects.visible_to(actor).get(pk=partner.pk)


def list_partner_events(actor: Actor, partner: PartnerListing, limit: int) -> list[Event]:
    """Return up to `limit` events of a partner, the latest first, for the distributor above it.

    They are news of the partner's customers, as far as these share it, and what the vendor did with the partner while
    it was below the distributor.
    """
    told = Event.objects.visible_to(actor).filter(
        organization_id=None,  # this, and the two that follow, are the index event_told_about
        counterpart_id=actor.organization_id,
        subject_id=partner.public_id,
        kind__in=list(PartnerNewsKind),
    )
    of_customers = list_customer_activity_events(actor, partner.pk)
    latest = [*told.order_by("-at", "-pk")[:limit], *of_customers.order_by("-pk")[:limit]]
    return sorted(latest, key=lambda event: (event.at, event.pk), reverse=True)[:limit]


def list_partner_memberships(actor: Actor, partner: PartnerListing) -> list[ProgramMembership]:
    """Return the programme memberships of a partner, past and coming ones too, the latest first."""
    rows = ProgramMembership.objects.visible_to(actor).filter(organization=partner.pk).select_related("program")
    return list(rows.order_by("-starts_on", "program__name", "pk"))


@dataclass(frozen=True)
class MonthOfLicences:
    """The licences purchased and assigned in a month, of several customers together. `month` is its first day."""

    month: dt.date
    purchased: int
    assigned: int


def sum_months_of_partner(actor: Actor, partner: PartnerListing, since: dt.date) -> list[MonthOfLicences]:
    """Return the licences of those customers of a partner that share their usage, from the month `since` on, by month.

    A distributor alone sees them. The list is empty for a partner of more than CHARTED customers.
    """
    if actor.organization_kind != OrganizationKind.DISTRIBUTOR or partner.customers > CHARTED:
        return []
    customers = CustomerPartner.objects.visible_to(actor).filter(partner=partner.pk).values("customer")
    rows = UsageMonth.objects.visible_to(actor).filter(customer__in=customers, month__gte=since)
    sums = rows.values("month").annotate(sum_purchased=Sum("purchased"), sum_assigned=Sum("assigned"))
    values = sums.order_by("month").values_list("month", "sum_purchased", "sum_assigned")
    return [MonthOfLicences(*row) for row in values]


def count_stuck_activations(actor: Actor) -> dict[str, int]:
    """Return how many activation links that the actor sees come no further, by whom they activate.

    Their email was not delivered, their last attempt failed, or for STUCK nobody has come to the end of it.
    """
    is_stuck = Q(bounced_at__isnull=False) | ~Q(problem="") | Q(created_at__lt=timezone.now() - STUCK)
    links = ActivationLink.objects.visible_to(actor).filter(is_stuck, state=ActivationLink.State.OPEN)
    counts = links.exclude(account=actor.organization_id).order_by().values_list("kind").annotate(count=Count("pk"))
    return dict(counts)


def list_programs() -> list[Program]:
    """Return the partner programmes by name, which are the choices of the filter by badge."""
    return list(Program.objects.order_by("name", "pk"))


def list_skus_of_partners(rows: Iterable[PartnerListing]) -> dict[int, str]:
    """Return the names of the SKUs that customers of these partners run, by their primary keys."""
    keys = {sku for row in rows for sku in row.skus}
    return dict(Sku.objects.filter(pk__in=keys).values_list("pk", "name"))


def list_partners_by_name(actor: Actor, kind: OrganizationKind = OrganizationKind.PARTNER) -> list[tuple[str, str]]:
    """Return the ORGID and the name of each partner, or distributor, that the actor sees, by name.

    They are the choices of filters.
    """
    return list(list_partners(actor, kind).order_by("name_folded", "pk").values_list("org_id", "name"))


def list_partner_choices(actor: Actor, chosen: str) -> list[tuple[str, str]]:
    """Return the choices of a filter by partner, as `list_partners_by_name`, and the one with the ORGID `chosen`.

    Of more than CHOICES, which nobody finds anything in, it is that one alone: the list of partners leads to it. It may
    be a distributor, which stands for the partners below it.
    """
    choices = list(list_partners(actor).order_by("name_folded", "pk").values_list("org_id", "name")[: CHOICES + 1])
    if len(choices) > CHOICES:
        choices = []
    if not chosen or chosen in dict(choices):
        return choices
    return [*PartnerListing.objects.visible_to(actor).filter(org_id=chosen).values_list("org_id", "name"), *choices]

"""What is seen of an organisation or an operator before a change, as a digest: a change meanwhile makes another one."""

import hashlib
import json
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from django.db.models import QuerySet

from accounts.models import Operator, OperatorInvitation, Organization, OrganizationDomain, Role


class StandingAspect(StrEnum):
    """One side of what an organisation is to the vendor. Two changes of the same side must know of each other."""

    IDENTITY = "identity"
    STATE = "state"
    PARENT = "parent"
    ACCOUNT_MANAGER = "account_manager"
    QUALIFICATIONS = "qualifications"
    MEMBERSHIPS = "memberships"
    ONBOARDING = "onboarding"
    DOMAINS = "domains"  # which of them the vendor has confirmed
    ADMIN = "admin"  # whom the vendor has invited as the first Admin


def _list_identity(row: Organization) -> list[Any]:
    return [row.name, row.country, str(row.tenant_id), row.partner_id]


def _list_qualifications(row: Organization) -> list[Any]:
    return [sorted(entry.code for entry in entries.all()) for entries in (row.competencies, row.skills)]


def _list_memberships(row: Organization) -> list[Any]:
    rows = row.memberships.order_by("starts_on", "pk").values_list("program__code", "starts_on", "ends_on")
    return [[code, str(starts_on), str(ends_on)] for code, starts_on, ends_on in rows]


def list_first_admin_invitations(row: Organization) -> "QuerySet[OperatorInvitation]":
    """Return the invitations to become the first Admin of an organisation that nobody has accepted yet.

    The vendor's staff see them for as long as the organisation has no Admin.
    """
    rows = OperatorInvitation.objects.filter(organization=row, roles=[Role.ADMIN], finance_granted=False)
    return rows.filter(state=OperatorInvitation.State.OPEN).order_by("-pk")


def _list_first_admins(row: Organization) -> list[Any]:
    return [[each.email, each.expires_at.isoformat()] for each in list_first_admin_invitations(row)]


def list_confirmed_domains(row: Organization) -> "QuerySet[OrganizationDomain]":
    """Return the domains that vendor staff have confirmed as the organisation's, by name."""
    return OrganizationDomain.objects.of_organization(row.pk).exclude(confirmed_at=None).order_by("name")


_LISTED_BY: dict[StandingAspect, Callable[[Organization], list[Any]]] = {
    StandingAspect.IDENTITY: _list_identity,
    StandingAspect.STATE: lambda row: [row.state],
    StandingAspect.PARENT: lambda row: [row.parent_id],
    StandingAspect.ACCOUNT_MANAGER: lambda row: [row.account_manager_id, row.account_manager_phone],
    StandingAspect.QUALIFICATIONS: _list_qualifications,
    StandingAspect.MEMBERSHIPS: _list_memberships,
    StandingAspect.ONBOARDING: lambda row: [row.onboards_partners_at_once],
    StandingAspect.DOMAINS: lambda row: [domain.name for domain in list_confirmed_domains(row)],
    StandingAspect.ADMIN: _list_first_admins,
}


def digest_roles(operator: Operator) -> str:
    """Return a digest of an operator's roles and finance sight, for the dialog that changes them."""
    return _digest([operator.pk, sorted(operator.roles), operator.finance_granted])


def digest_standing(organization: Organization, aspect: StandingAspect) -> str:
    """Return a digest of one side of an organisation's standing, for a dialog to carry until it is sent.

    It is that of the row as it was read; qualifications, memberships and invitations are read from the database now.
    """
    facts = [aspect, organization.pk, *_LISTED_BY[aspect](organization)]
    return _digest(facts)


def _digest(facts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]

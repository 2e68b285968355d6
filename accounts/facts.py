"""What vendor staff see of an organisation before they change it, as a digest: a change meanwhile makes another one."""

import hashlib
import json
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from accounts.models import Organization


class StandingAspect(StrEnum):
    """One side of what an organisation is to the vendor. Two changes of the same side must know of each other."""

    IDENTITY = "identity"
    STATE = "state"
    PARENT = "parent"
    ACCOUNT_MANAGER = "account_manager"
    QUALIFICATIONS = "qualifications"
    MEMBERSHIPS = "memberships"
    ONBOARDING = "onboarding"


def _list_identity(row: Organization) -> list[Any]:
    return [row.name, row.country, str(row.tenant_id), row.partner_id]


def _list_qualifications(row: Organization) -> list[Any]:
    return [sorted(entry.code for entry in entries.all()) for entries in (row.competencies, row.skills)]


def _list_memberships(row: Organization) -> list[Any]:
    rows = row.memberships.order_by("starts_on", "pk").values_list("program__code", "starts_on", "ends_on")
    return [[code, str(starts_on), str(ends_on)] for code, starts_on, ends_on in rows]


_LISTED_BY: dict[StandingAspect, Callable[[Organization], list[Any]]] = {
    StandingAspect.IDENTITY: _list_identity,
    StandingAspect.STATE: lambda row: [row.state],
    StandingAspect.PARENT: lambda row: [row.parent_id],
    StandingAspect.ACCOUNT_MANAGER: lambda row: [row.account_manager_id, row.account_manager_phone],
    StandingAspect.QUALIFICATIONS: _list_qualifications,
    StandingAspect.MEMBERSHIPS: _list_memberships,
    StandingAspect.ONBOARDING: lambda row: [row.onboards_partners_at_once],
}


def digest_standing(organization: Organization, aspect: StandingAspect) -> str:
    """Return a digest of one side of an organisation's standing, for a dialog to carry until it is sent.

    It is that of the row as it was read; qualifications and memberships are read from the database now.
    """
    facts = [aspect, organization.pk, *_LISTED_BY[aspect](organization)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]

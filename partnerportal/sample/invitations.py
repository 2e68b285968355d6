"""Invitations of operators that nobody has accepted: one on its way, one opened, one not delivered, one that has ended."""

import datetime as dt
from collections.abc import Mapping

from django.conf import settings

from accounts.models import OperatorInvitation, Organization, Role

# The organisation, whom it has invited how many days ago, the roles, and what has happened since.
INVITED = (
    ("brightwater", "amara.diallo", 1, [Role.SALES_AGENT], ""),
    ("brightwater", "yuki.tanaka", 3, [Role.READER, Role.SALES_AGENT], "opened_at"),
    ("brightwater", "jon.berg", 4, [Role.ADMIN_AGENT], "bounced_at"),
    ("brightwater", "ines.costa", 12, [Role.READER], ""),
    ("aldervale", "ruth.wolfe", 2, [Role.ADMIN], ""),
)


def write_sample_invitations(organizations: Mapping[str, Organization], now: dt.datetime) -> None:
    """Write invitations of operators to the database. They have no links, because nobody could read their mails."""
    for key, name, days, roles, happened in INVITED:
        sent = now - dt.timedelta(days=days)
        OperatorInvitation.objects.create(
            organization=organizations[key],
            email=f"{name}@{key}.example",
            language="en",
            roles=roles,
            created_at=sent,
            expires_at=sent + settings.PORTAL_ACTIVATION_KEPT,
            reminded_at=now,  # so that no mail goes out to people who do not exist
            **({happened: sent + dt.timedelta(hours=2)} if happened else {}),
        )

"""Checks of the TXT records that prove domains: what is found where, and what follows from it.

No transaction is open while the servers of a stranger's domain are asked.
"""

import datetime as dt
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.events import AccountEventKind
from accounts.models import OrganizationDomain
from accounts.models.domain import LONGEST_VALUE, RECORD_LABEL
from notifications.actions.recording import record_event
from partnerportal.lib.actors import Actor
from partnerportal.lib.breaker import ServiceUnavailable
from partnerportal.lib.dns_records import LookupOutcome, TxtLookup, look_up_txt_records
from partnerportal.lib.domain_names import LONGEST_DOMAIN_NAME
from partnerportal.lib.states import change_row_state

AT_ONCE = 10  # domains that are checked side by side, so that one whose servers hang delays none
CHECK_SECONDS = 5.0  # that one check takes at most
FIRST_LOOKUP_SECONDS = 3.0  # the rest is for finding the record elsewhere, where it is not at its name
SHOWN_VALUES = 3  # of other records that stand at its name
LAPSES_AFTER = 2  # failed checks in a row
LAPSES_OVER = dt.timedelta(days=1)  # from the first of them to the last: "Check now" pressed twice says nothing new
ONCE_MORE = dt.timedelta(hours=1)  # until the next check where the portal's own resolvers did not answer
WHILE_OPEN = dt.timedelta(days=1)  # a record that was set meanwhile is found without anybody's pressing a button
PROVED_AGAIN = dt.timedelta(days=7)  # of what was proved once

Outcome, State = OrganizationDomain.Outcome, OrganizationDomain.State
FAILURES = {
    LookupOutcome.NO_RECORD: Outcome.NO_RECORD,
    LookupOutcome.SERVER_FAILED: Outcome.SERVER_FAILED,
    LookupOutcome.LOOP: Outcome.LOOP,
    LookupOutcome.BAD_ANSWER: Outcome.BAD_ANSWER,
}


@dataclass(frozen=True)
class DomainFinding:
    """What a check has found: `found_at` is the name of the record, `found` are other records at that name."""

    outcome: OrganizationDomain.Outcome
    found_at: str = ""
    found: tuple[str, ...] = ()


def check_due_domains() -> bool:
    """Check up to AT_ONCE of the domains that are due, the longest waiting first; return whether any were.

    A check whose domain was removed meanwhile, or asked for again, has no effect.
    """
    due = OrganizationDomain.objects.filter(next_check_at__lte=timezone.now()).order_by("next_check_at", "pk")
    domains = list(due[:AT_ONCE])
    if domains:
        with ThreadPoolExecutor(len(domains), thread_name_prefix="domain-check") as pool:
            findings = list(pool.map(inspect_domain, domains))
        for domain, finding in zip(domains, findings, strict=True):
            store_finding(domain, finding)
    return bool(domains)


def inspect_domain(domain: OrganizationDomain) -> DomainFinding:
    """Look for the TXT record of a domain, for CHECK_SECONDS at most; return what was found."""
    begun = time.monotonic()
    try:
        lookup = look_up_txt_records(domain.record_name, deadline=begun + FIRST_LOOKUP_SECONDS)
        if _holds(lookup, domain):
            return DomainFinding(Outcome.FOUND, domain.record_name)
        if lookup.outcome in (LookupOutcome.RECORDS, LookupOutcome.NO_RECORD):
            return _look_elsewhere(domain, lookup, begun + CHECK_SECONDS)
    except ServiceUnavailable:
        return DomainFinding(Outcome.NO_RESOLVER)
    return DomainFinding(FAILURES[lookup.outcome], domain.record_name)


def _look_elsewhere(domain: OrganizationDomain, lookup: TxtLookup, deadline: float) -> DomainFinding:
    """Return where else the record stands: at the domain itself, or at a name that has the domain twice.

    Forms of providers often add the domain by themselves.
    """
    for name in (domain.name, f"{RECORD_LABEL}.{domain.name}.{domain.name}"):
        may_ask = len(name) <= LONGEST_DOMAIN_NAME and time.monotonic() < deadline
        if may_ask and _holds(look_up_txt_records(name, deadline=deadline), domain):
            return DomainFinding(Outcome.ELSEWHERE, name)
    if lookup.outcome == LookupOutcome.NO_RECORD:
        return DomainFinding(Outcome.NO_RECORD, domain.record_name)
    shown = tuple(value[:LONGEST_VALUE] for value in sorted(lookup.values)[:SHOWN_VALUES])
    return DomainFinding(Outcome.OTHER_VALUE, domain.record_name, shown)


def _holds(lookup: TxtLookup, domain: OrganizationDomain) -> bool:
    """Return whether the record is among those found. Quotation marks that a form has added do not matter."""
    return any(value.strip(' "') == domain.record_value for value in lookup.values)


@transaction.atomic
def store_finding(domain: OrganizationDomain, finding: DomainFinding) -> None:
    """Store what a check has found, and move the domain to the state that follows from it.

    It is proved when its record was found, and lapses after LAPSES_AFTER checks in a row that did not find it, over
    LAPSES_OVER at least. Nothing is stored if the domain is gone, or its check was asked for again or stored by another
    worker since it was read.
    """
    row = (
        OrganizationDomain.objects.select_for_update(of=("self",))
        .select_related("organization")
        .filter(pk=domain.pk, next_check_at=domain.next_check_at)
        .first()
    )
    if row is None:
        return
    facts: dict[str, Any] = {
        "checked_at": timezone.now(),
        "outcome": finding.outcome,
        "found_at": finding.found_at,
        "found": list(finding.found),
        **_count_failed_checks(row, finding.outcome),
    }
    new_state = _choose_state(row, finding.outcome, facts)
    facts["next_check_at"] = timezone.now() + _choose_wait(new_state, finding.outcome)
    if new_state == row.state:
        OrganizationDomain.objects.filter(pk=row.pk).update(**facts)
    else:
        _move(row, new_state, facts)


def _count_failed_checks(row: OrganizationDomain, outcome: str) -> dict[str, Any]:
    if outcome == Outcome.FOUND:
        return {"failed_checks": 0, "failing_since": None}
    if outcome == Outcome.NO_RESOLVER:
        return {"failed_checks": row.failed_checks, "failing_since": row.failing_since}
    return {"failed_checks": row.failed_checks + 1, "failing_since": row.failing_since or timezone.now()}


def _choose_state(row: OrganizationDomain, outcome: str, facts: dict[str, Any]) -> str:
    if outcome == Outcome.FOUND:
        return State.PROVED
    if row.state == State.PROVED and outcome != Outcome.NO_RESOLVER and facts["failed_checks"] >= LAPSES_AFTER:
        return State.LAPSED if timezone.now() - facts["failing_since"] >= LAPSES_OVER else row.state
    return row.state


def _choose_wait(state: str, outcome: str) -> dt.timedelta:
    if outcome == Outcome.NO_RESOLVER:
        return ONCE_MORE
    return WHILE_OPEN if state == State.OPEN else PROVED_AGAIN


def _move(row: OrganizationDomain, new_state: str, facts: dict[str, Any]) -> None:
    if new_state == State.PROVED:
        facts["proved_at"] = facts["checked_at"]
    kind = AccountEventKind.DOMAIN_PROVED if new_state == State.PROVED else AccountEventKind.DOMAIN_LAPSED
    changed = change_row_state(row, new_state, **facts)
    data = {"domain": row.name}
    record_event(kind, actor=Actor.system("domains"), subject=changed, counterpart=row.organization, data=data)

"""The rows of the domains page, in the reader's words."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import OrganizationDomain
from partnerportal.lib.domain_names import format_domain_name
from partnerportal.lib.errors import Message

Outcome, State = OrganizationDomain.Outcome, OrganizationDomain.State
TONES = {State.OPEN: "none", State.PROVED: "ok", State.LAPSED: "bad"}
FINDINGS: dict[str, Message] = {
    Outcome.FOUND: gettext_lazy("The record was found at %(found_at)s."),
    Outcome.ELSEWHERE: gettext_lazy(
        "The record is at %(found_at)s, where it has no effect. It must be at %(wanted)s. Many DNS providers add the "
        "domain automatically. If yours does, enter only the part before the domain."
    ),
    Outcome.OTHER_VALUE: gettext_lazy("%(wanted)s has other records, but not this one:"),
    Outcome.NO_RECORD: gettext_lazy(
        "No TXT record was found at %(wanted)s. A new record can take a few hours to be visible everywhere."
    ),
    Outcome.SERVER_FAILED: gettext_lazy(
        "The name servers of %(domain)s didn’t answer, or answered with an error. Ask whoever runs them to find out "
        "why."
    ),
    Outcome.LOOP: gettext_lazy(
        "%(wanted)s is an alias (CNAME) that points back to itself or passes through too many aliases."
    ),
    Outcome.BAD_ANSWER: gettext_lazy("The DNS answer for %(wanted)s was cut off or couldn’t be read."),
    Outcome.NO_RESOLVER: gettext_lazy(
        "The portal couldn’t look up any records. This doesn’t mean there is a problem with your domain. The portal "
        "will try again within an hour."
    ),
}


@dataclass(frozen=True)
class DomainRow:
    """One domain on the domains page: its state, its record to copy, and what the last check found.

    `found` are other records that the check found at the record's name. `is_waiting` says that a check is waited for.
    """

    public_id: UUID
    name: str
    state: str
    tone: str
    is_proved: bool
    record_name: str
    record_value: str
    is_waiting: bool
    checked_at: object
    finding: str
    found: list[str]


def build_domain_rows(domains: Iterable[OrganizationDomain]) -> list[DomainRow]:
    """Return a DomainRow for each domain."""
    return [_row(domain) for domain in domains]


def _row(domain: OrganizationDomain) -> DomainRow:
    is_confirmed = domain.state == State.OPEN and domain.confirmed_at is not None
    return DomainRow(
        public_id=domain.public_id,
        name=format_domain_name(domain.name),
        state=_("Confirmed by the vendor") if is_confirmed else str(State(domain.state).label),
        tone="ok" if is_confirmed else TONES[State(domain.state)],
        is_proved=domain.state == State.PROVED,
        record_name=domain.record_name,
        record_value=domain.record_value,
        is_waiting=domain.is_check_due,
        checked_at=domain.checked_at,
        finding=describe_finding(domain),
        found=list(domain.found),
    )


def describe_finding(domain: OrganizationDomain) -> str:
    """Return a sentence about what the last check of the domain found, or "" before the first."""
    if not domain.outcome:
        return ""
    names = {"found_at": domain.found_at, "wanted": domain.record_name, "domain": format_domain_name(domain.name)}
    return str(FINDINGS[domain.outcome]) % names

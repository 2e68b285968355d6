"""Looking up TXT records: within a time, whatever the servers of a stranger's domain do or send."""

import time
from dataclasses import dataclass
from enum import Enum

import dns.exception
import dns.message
import dns.name
import dns.nameserver
import dns.resolver
from django.conf import settings

from partnerportal.lib.breaker import CircuitBreaker, ServiceUnavailable
from partnerportal.lib.text import escape_unprintable

ONE_TRY = 1.0  # seconds for one resolver to answer, before the next is asked
PROBE_SECONDS = 1.0  # to find out whether the resolvers answer at all


class LookupOutcome(Enum):
    """What became of a look-up."""

    RECORDS = "records"
    NO_RECORD = "no_record"  # the name does not exist, or has no TXT record
    SERVER_FAILED = "server_failed"  # the resolvers answer, and get no answer from the servers of the domain
    LOOP = "loop"  # aliases that lead in a circle, or too many of them
    BAD_ANSWER = "bad_answer"  # cut off, or not to be read


@dataclass(frozen=True)
class TxtLookup:
    """What a look-up of TXT records found: its outcome, and the records as texts."""

    outcome: LookupOutcome
    values: tuple[str, ...] = ()


class ResolversAway(ServiceUnavailable):
    """Raised when none of the portal's own resolvers answers, which says nothing of the domain."""


RESOLVERS = CircuitBreaker("The DNS resolvers", is_failure=lambda error: isinstance(error, ResolversAway))


def look_up_txt_records(name: str, *, deadline: float) -> TxtLookup:
    """Return the TXT records of a name, following aliases. It takes until `deadline` (of `time.monotonic`) at most.

    A domain whose servers hang is told from resolvers that do: these are asked for the root of all names then. Raises
    ServiceUnavailable when they do not answer that either, or have just not done so.
    """
    with RESOLVERS.guard_calls():
        return _look_up(_make_resolver(), dns.name.from_text(f"{name}."), deadline)


def _look_up(resolver: dns.resolver.Resolver, name: dns.name.Name, deadline: float) -> TxtLookup:
    try:
        lifetime = max(deadline - time.monotonic() - PROBE_SECONDS, 0.1)
        answer = resolver.resolve(name, "TXT", lifetime=lifetime, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return TxtLookup(LookupOutcome.NO_RECORD)
    except (dns.resolver.NoNameservers, dns.resolver.LifetimeTimeout) as error:
        return _explain_failure(resolver, [problem for _ns, _tcp, _port, problem, _r in error.kwargs.get("errors", ())])
    except dns.resolver.YXDOMAIN:  # a name that became too long on the way
        return TxtLookup(LookupOutcome.BAD_ANSWER)
    return TxtLookup(LookupOutcome.RECORDS, tuple(_read_text(record.strings) for record in answer))


def _explain_failure(resolver: dns.resolver.Resolver, problems: list[object]) -> TxtLookup:
    if any(isinstance(problem, dns.message.ChainTooLong) for problem in problems):
        return TxtLookup(LookupOutcome.LOOP)
    if any(_is_bad_answer(problem) for problem in problems):
        return TxtLookup(LookupOutcome.BAD_ANSWER)
    try:
        resolver.resolve(dns.name.root, "NS", lifetime=PROBE_SECONDS, search=False)
    except dns.exception.DNSException as error:
        raise ResolversAway("no resolver answers") from error
    return TxtLookup(LookupOutcome.SERVER_FAILED)


def _is_bad_answer(problem: object) -> bool:
    """Return whether a resolver's problem is an answer that came and cannot be read."""
    if isinstance(problem, dns.exception.Timeout):
        return False
    return isinstance(problem, dns.exception.DNSException | EOFError)


def _read_text(strings: tuple[bytes, ...]) -> str:
    return escape_unprintable(b"".join(strings).decode(errors="backslashreplace"))


def _make_resolver() -> dns.resolver.Resolver:
    """Return a resolver that asks the servers of DNS_RESOLVERS, or those of the operating system."""
    try:
        resolver = dns.resolver.Resolver(configure=not settings.DNS_RESOLVERS)
    except dns.resolver.NoResolverConfiguration as error:
        raise ResolversAway("the system names no resolver") from error
    if settings.DNS_RESOLVERS:
        resolver.nameservers = [dns.nameserver.Do53Nameserver(*address) for address in settings.DNS_RESOLVERS]
    resolver.timeout = ONE_TRY
    resolver.cache = None  # whoever presses the button has just changed the record
    resolver.use_edns(0, 0, 1232)
    return resolver

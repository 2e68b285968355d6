"""Looking up TXT records from a real server on this machine, which lies, hangs, cuts off and sends too much."""

import time
from collections.abc import Iterator
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from partnerportal.lib.breaker import ServiceUnavailable
from partnerportal.lib.dns_records import RESOLVERS, LookupOutcome, TxtLookup, look_up_txt_records
from tests.dns_server import DnsServer, make_truncated, make_txt, make_wire

NAME = "_partnerportal.example.com"
WITHIN = 2.0  # seconds: a third of what a check has
LATE = 1.5  # seconds that a busy machine may take on top


@pytest.fixture
def server(settings: Any) -> Iterator[DnsServer]:
    with DnsServer() as server:
        settings.DNS_RESOLVERS = [server.address]
        yield server


def look_up(name: str = NAME) -> TxtLookup:
    begun = time.monotonic()
    try:
        return look_up_txt_records(name, deadline=begun + WITHIN)
    finally:
        assert time.monotonic() - begun < WITHIN + LATE


def test_the_records_of_a_name(server: DnsServer) -> None:
    server.add_txt(NAME, "one", "two" * 200, "drei ü")
    lookup = look_up()
    assert lookup.outcome == LookupOutcome.RECORDS
    assert set(lookup.values) == {"one", "two" * 200, "drei ü"}


def test_what_cannot_be_printed_is_escaped(server: DnsServer) -> None:
    server.add_txt(NAME, "a\x00\x1b[31m\u202eb")
    assert look_up().values == ("a\\x00\\x1b[31m\\u202eb",)


def test_a_name_that_is_not_there_and_one_without_a_record(server: DnsServer) -> None:
    assert look_up() == TxtLookup(LookupOutcome.NO_RECORD)
    server.add_txt(NAME)
    assert look_up() == TxtLookup(LookupOutcome.NO_RECORD)


def test_an_alias_is_followed(server: DnsServer) -> None:
    def answer(query: dns.message.Message, by_tcp: bool) -> bytes:
        response = dns.message.make_response(query)
        response.answer.append(dns.rrset.from_text(f"{NAME}.", 60, "IN", "CNAME", "elsewhere.example."))
        response.answer.append(make_txt("elsewhere.example", ("there",)))
        return make_wire(response, by_tcp)

    server.add_bytes(NAME, answer)
    assert look_up().values == ("there",)


def test_aliases_in_a_circle(server: DnsServer) -> None:
    server.add_cname(NAME, "other.example", NAME)
    assert look_up().outcome == LookupOutcome.LOOP


def test_64_kilobytes_are_read_by_tcp(server: DnsServer) -> None:
    server.add_txt(NAME, *(f"{number:04}" * 60 for number in range(250)))
    assert len(look_up().values) == 250


def test_an_answer_that_is_always_cut_off_holds_no_record(server: DnsServer) -> None:
    server.add_bytes(NAME, lambda query, by_tcp: make_truncated(query))
    assert look_up().outcome == LookupOutcome.NO_RECORD


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.NOTIMP, dns.rcode.FORMERR])
def test_errors_of_the_servers(server: DnsServer, rcode: dns.rcode.Rcode) -> None:
    server.add_rcode(NAME, rcode)
    assert look_up().outcome == LookupOutcome.SERVER_FAILED


def test_an_answer_about_another_name_counts_for_nothing(server: DnsServer) -> None:
    def lie(query: dns.message.Message, by_tcp: bool) -> bytes:
        response = dns.message.make_response(query)
        response.answer.append(make_txt("somebody.example", ("value",)))
        return make_wire(response, by_tcp)

    server.add_bytes(NAME, lie)
    assert look_up() == TxtLookup(LookupOutcome.NO_RECORD)


@pytest.mark.parametrize(
    "answer",
    [
        b"garbage",
        b"\0" * 12,
        b"\xff" * 2000,
    ],
    ids=("words", "zeros", "ones"),
)
def test_what_is_no_answer_is_waited_out(server: DnsServer, answer: bytes) -> None:
    server.add_bytes(NAME, lambda query, by_tcp: answer)
    assert look_up().outcome in {LookupOutcome.SERVER_FAILED, LookupOutcome.BAD_ANSWER}


def test_a_promise_of_60_kilobytes_that_trickle_in(server: DnsServer) -> None:
    server.trickle(NAME)
    assert look_up().outcome in {LookupOutcome.SERVER_FAILED, LookupOutcome.BAD_ANSWER}


def test_a_chain_of_aliases_without_end(server: DnsServer) -> None:
    server.add_cname(NAME, *(f"a{number}.example" for number in range(40)))
    assert look_up().outcome == LookupOutcome.LOOP


def test_a_record_in_pieces_is_one_text(server: DnsServer) -> None:
    """Forms of providers cut long texts anywhere."""

    def answer(query: dns.message.Message, by_tcp: bool) -> bytes:
        response = dns.message.make_response(query)
        response.answer.append(dns.rrset.from_text(f"{NAME}.", 60, "IN", "TXT", '"partnerportal-" "domain=" "" "1"'))
        return make_wire(response, by_tcp)

    server.add_bytes(NAME, answer)
    assert look_up().values == ("partnerportal-domain=1",)


@pytest.mark.parametrize(
    "lie", ["another number", "another question", "no response", "another type", "records with NXDOMAIN"]
)
def test_an_answer_that_does_not_fit_its_question_proves_nothing(server: DnsServer, lie: str) -> None:
    def answer(query: dns.message.Message, by_tcp: bool) -> bytes:
        response = dns.message.make_response(query)
        response.answer.append(make_txt(NAME, ("value",)))
        if lie == "another number":
            response.id ^= 1
        elif lie == "another question":
            response.question = dns.message.make_query("somebody.example", "TXT").question
        elif lie == "no response":
            response.flags &= ~dns.flags.QR
        elif lie == "another type":
            response.answer = [dns.rrset.from_text(f"{NAME}.", 60, "IN", "A", "192.0.2.1")]
        else:
            response.set_rcode(dns.rcode.NXDOMAIN)
        return make_wire(response, by_tcp)

    server.add_bytes(NAME, answer)
    lookup = look_up()
    assert lookup.outcome != LookupOutcome.RECORDS and lookup.values == ()


def test_a_thousand_records_are_read_and_none_is_taken_for_another(server: DnsServer) -> None:
    server.add_txt(NAME, *(f"v=spf1 {number}" for number in range(1000)))
    assert len(look_up().values) == 1000


def test_servers_of_a_domain_that_hang_are_told_from_resolvers_that_do(server: DnsServer) -> None:
    server.hang(NAME)
    assert look_up().outcome == LookupOutcome.SERVER_FAILED
    server.add_txt("other.example", "value")
    assert look_up("other.example").values == ("value",)  # nobody else pays for it


def test_resolvers_that_are_away_are_left_alone_for_a_while(server: DnsServer) -> None:
    server.be_silent()
    with pytest.raises(ServiceUnavailable):
        look_up()
    asked = len(server.questions)
    with pytest.raises(ServiceUnavailable):
        look_up()
    assert len(server.questions) == asked
    assert RESOLVERS.is_open


def test_the_second_resolver_is_asked_when_the_first_is_silent(server: DnsServer, settings: Any) -> None:
    server.add_txt(NAME, "value")
    with DnsServer() as silent:
        silent.be_silent()
        settings.DNS_RESOLVERS = [silent.address, server.address]
        begun = time.monotonic()
        assert look_up_txt_records(NAME, deadline=begun + 4).values == ("value",)


def test_without_a_setting_the_systems_resolvers_are_asked(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DNS_RESOLVERS = []

    def no_configuration(*args: object, **options: object) -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr("dns.resolver.Resolver.read_resolv_conf", no_configuration)
    with pytest.raises(ServiceUnavailable):
        look_up()

"""A DNS server on this machine, over UDP and TCP, that answers as it is told: rightly, wrongly, late, or not at all.

with DnsServer() as server:
    server.add_txt("_partnerportal.example.com", "value")
    settings.DNS_RESOLVERS = [server.address]
"""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.TXT import TXT

Answer = Callable[[dns.message.Message, bool], bytes | None]  # the question and whether it came by TCP; None: silence
UDP_SIZE = 1232  # bytes of an answer by UDP; a longer one is cut off, and asked for by TCP
HOUR = 3600  # seconds
TRICKLE = b"trickle"  # in place of an answer


class DnsServer:
    """A resolver that knows only what it was told. Each name has one answer, which `add_…` sets."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {".": _answer_root}
        self.otherwise: Answer = _make_rcode_answer(dns.rcode.NXDOMAIN)
        self.questions: list[str] = []
        self._stopping = threading.Event()
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._bind()
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._serve_udp, self._serve_tcp)]

    def _bind(self) -> None:
        """Take a port that is free for both."""
        for _attempt in range(50):
            self._udp.bind(("127.0.0.1", 0))
            with suppress(OSError):
                self._tcp.bind(self._udp.getsockname())
                break
            self._udp.close()
            self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._tcp.listen(20)
        for server in (self._udp, self._tcp):
            server.settimeout(0.05)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._udp.getsockname()
        return host, port

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._udp.close()
        self._tcp.close()

    def add_txt(self, name: str, *values: str) -> None:
        self.answers[_key(name)] = _make_txt_answer(name, values)

    def add_cname(self, name: str, *targets: str) -> None:
        """An alias, and the aliases of that, in one answer; each leads to the next."""
        self.answers[_key(name)] = _make_cname_answer((name, *targets))

    def add_rcode(self, name: str, rcode: dns.rcode.Rcode) -> None:
        self.answers[_key(name)] = _make_rcode_answer(rcode)

    def add_bytes(self, name: str, make: Answer) -> None:
        """Whatever `make` returns."""
        self.answers[_key(name)] = make

    def hang(self, name: str) -> None:
        self.answers[_key(name)] = lambda query, by_tcp: None

    def be_silent(self) -> None:
        """Answer nothing any more, as a server that is away."""
        self.answers, self.otherwise = {}, lambda query, by_tcp: None

    def _answer(self, wire: bytes, by_tcp: bool) -> bytes | None:
        try:
            query = dns.message.from_wire(wire)
        except Exception:
            return None
        name = query.question[0].name.to_text().lower()
        self.questions.append(name)
        return self.answers.get(name, self.otherwise)(query, by_tcp)

    def _serve_udp(self) -> None:
        while not self._stopping.is_set():
            try:
                wire, client = self._udp.recvfrom(65535)
            except OSError:
                continue
            if answer := self._answer(wire, False):
                with suppress(OSError):
                    self._udp.sendto(answer, client)

    def _serve_tcp(self) -> None:
        while not self._stopping.is_set():
            try:
                client, _address = self._tcp.accept()
            except OSError:
                continue
            threading.Thread(target=self._serve_client, args=(client,), daemon=True).start()

    def _serve_client(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            client.settimeout(5)
            (length,) = struct.unpack("!H", client.recv(2, socket.MSG_WAITALL))
            answer = self._answer(client.recv(length, socket.MSG_WAITALL), True)
            if answer is None:
                self._stopping.wait(10)
            elif answer is TRICKLE:
                client.sendall(struct.pack("!H", 60_000))
                while not self._stopping.wait(0.05):
                    client.sendall(b"\0")
            else:
                client.sendall(struct.pack("!H", len(answer)) + answer)

    def trickle(self, name: str) -> None:
        """Over UDP say that TCP is needed, and over TCP send a byte now and then, for ever."""
        self.answers[_key(name)] = lambda query, by_tcp: TRICKLE if by_tcp else make_truncated(query)


def make_truncated(query: dns.message.Message) -> bytes:
    """An answer without records that says it was cut off."""
    response = dns.message.make_response(query)
    response.flags |= dns.flags.TC
    return response.to_wire()


def make_wire(response: dns.message.Message, by_tcp: bool) -> bytes:
    """The bytes of an answer; by UDP the word that it was cut off, if it is too long."""
    wire = response.to_wire(max_size=65535)
    if by_tcp or len(wire) <= UDP_SIZE:
        return wire
    response.answer = []
    response.flags |= dns.flags.TC
    return response.to_wire()


def _key(name: str) -> str:
    return dns.name.from_text(name).to_text().lower()


def _answer_root(query: dns.message.Message, by_tcp: bool) -> bytes:
    response = dns.message.make_response(query)
    response.answer.append(dns.rrset.from_text(".", HOUR, "IN", "NS", "a.root-servers.example."))
    return response.to_wire()


def _make_rcode_answer(rcode: dns.rcode.Rcode) -> Answer:
    def answer(query: dns.message.Message, by_tcp: bool) -> bytes:
        response = dns.message.make_response(query)
        response.set_rcode(rcode)
        return response.to_wire()

    return answer


def _make_txt_answer(name: str, values: tuple[str, ...]) -> Answer:
    def answer(query: dns.message.Message, by_tcp: bool) -> bytes:
        response = dns.message.make_response(query)
        if query.question[0].rdtype == dns.rdatatype.TXT and values:
            response.answer.append(make_txt(name, values))
        return make_wire(response, by_tcp)

    return answer


def make_txt(name: str, values: tuple[str, ...]) -> dns.rrset.RRset:
    """A set of TXT records, each in strings of 255 bytes at most."""
    records = []
    for text in values:
        content = text.encode()
        strings = [content[at : at + 255] for at in range(0, len(content) or 1, 255)]
        records.append(TXT(dns.rdataclass.IN, dns.rdatatype.TXT, strings))
    return dns.rrset.from_rdata(dns.name.from_text(name), HOUR, *records)


def _make_cname_answer(names: tuple[str, ...]) -> Answer:
    def answer(query: dns.message.Message, by_tcp: bool) -> bytes:
        response = dns.message.make_response(query)
        for alias, target in pairwise(names):
            response.answer.append(dns.rrset.from_text(_key(alias), HOUR, "IN", "CNAME", _key(target)))
        return make_wire(response, by_tcp)

    return answer

"""A PostgreSQL server of a test's own that listens on TCP and asks for passwords there, and TLS in front of it."""

import asyncio
import datetime as dt
import ipaddress
import os
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from partnerportal import embedded

Key = ec.EllipticCurvePrivateKey


class TcpPostgres(embedded.PostgresServer):
    """`admin` is the DSN of its superuser, over the socket; other roles come by TCP, and with a password."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.port = _free_port()
        self.admin = f"host={self.sockets} port={self.port} user=postgres dbname=postgres"

    def accepts_login(self, role: str, database: str) -> bool:
        try:
            psycopg2.connect(self.admin, connect_timeout=5).close()
        except psycopg2.OperationalError:
            return False
        return True

    def start(self) -> None:
        programs = self._programs()
        self._initialise(programs)
        (self.data / "pg_hba.conf").write_text(
            "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\nhost all all ::1/128 scram-sha-256\n"
        )
        self._own(self.sockets)
        options = {
            "listen_addresses": "localhost",
            "port": str(self.port),
            "unix_socket_directories": str(self.sockets),
            **embedded._FAST_AND_FORGETFUL,
        }
        arguments = [f"-c{name}={value}" for name, value in options.items()]
        command: list[str | Path] = [programs / "postgres", "-D", self.data, *arguments]
        server = embedded._launch(command, self.log, folder=Path("/"), user=self.account)
        embedded._wait("PostgreSQL", lambda: self.accepts_login("postgres", "postgres"), server, self.log)

    def run(self, *statements: str, database: str = "postgres") -> list[tuple]:
        """Run statements as the superuser, each in a transaction of its own; returns the rows of the last."""
        link = psycopg2.connect(self.admin, dbname=database)
        link.autocommit = True
        try:
            with link.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            link.close()


@contextmanager
def own_server(folder: Path) -> Iterator[TcpPostgres]:
    """Start a fresh server, and leave nothing of it."""
    server = TcpPostgres(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        for left_over in {server.home, server.sockets}:
            if left_over != folder:
                shutil.rmtree(left_over, ignore_errors=True)


@contextmanager
def tls_in_front_of(port: int, certificate: Path) -> Iterator[int]:
    """Answer PostgreSQL's question for TLS, which the embedded server is built without, and pass on what is said.

    `certificate` is a file with key and certificate. Yields the port to connect to.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = [writer]
        try:
            with suppress(OSError, asyncio.IncompleteReadError):  # a client that trusts nobody leaves
                await reader.readexactly(8)
                writer.write(b"S")
                await writer.start_tls(context)
                answers, questions = await asyncio.open_connection("127.0.0.1", port)
                writers.append(questions)
                await asyncio.gather(_pass_on(reader, questions), _pass_on(answers, writer))
        finally:
            for each in writers:
                each.transport.abort()

    async def end() -> None:
        """What is left open would be a warning in whichever test runs when it is collected."""
        server.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for _turn in range(5):  # in which aborted connections are closed
            await asyncio.sleep(0)

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(serve, "127.0.0.1", 0), loop).result(60)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    target.close()


class Authority:
    """Signs certificates that those trust who have its own, in `file`."""

    def __init__(self, file: Path) -> None:
        self.file, self.key = file, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Authority {os.urandom(4).hex()}")])
        file.write_bytes(_pem(_sign(self.name, self.name, self.key, self.key, x509.BasicConstraints(True, None))))

    def certificate_for(self, host: str) -> Path:
        """Return a file with a new key and its certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            other: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            other = x509.DNSName(host)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        certificate = _sign(subject, self.name, key, self.key, x509.SubjectAlternativeName([other]))
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file = self.file.with_name(f"{host}.pem")
        file.write_bytes(private + _pem(certificate))
        return file


def _sign(subject: x509.Name, issuer: x509.Name, key: Key, signer: Key, extension: x509.ExtensionType):
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(issuer_name=issuer, subject_name=subject, public_key=key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - dt.timedelta(hours=1)).not_valid_after(now + dt.timedelta(days=1))
    return builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints)).sign(
        signer, hashes.SHA256()
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

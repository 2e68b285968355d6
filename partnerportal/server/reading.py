"""The reading of requests: how large one may be and how long it may take, which its URL decides."""

import re
import sys

from django.conf import settings
from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.utilities import BadRequest, Error

UPLOADS = "/api/v1/ingest/"  # the vendor's systems send files to URLs below it, with a token
# People send files to URLs below these, with their session: imports, files of offers, and those of requests.
FORMS_WITH_FILES = tuple(
    f"{prefix}{path}" for path in ("/imports/", "/offers/", "/requests/") for prefix in ("", "/api/v1")
)
FORM_BYTES = 21 * 1024**2  # of a form with a file: 20 MB, and what stands around them
FORM_SECONDS = 120  # from its first byte to its last
HEADER_BYTES = 32 * 1024  # of the request line and all headers together
MEMORY_BYTES = 64 * 1024  # of a body in memory; a longer one goes into a file
SECONDS = 10  # from a request's first byte to its last, however steadily it trickles
UPLOAD_SECONDS = 600  # the same for an upload


VERSIONS = (b"HTTP/1.0", b"HTTP/1.1")
_METHOD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Z]+")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class LengthRequired(Error):
    """Raised for a request whose body comes in chunks, without a length. It is answered 411."""

    code = 411
    reason = "Length Required"


class RequestTimeout(Error):
    """Raised when a request has not arrived within SECONDS, or UPLOAD_SECONDS for an upload. It is answered 408."""

    code = 408
    reason = "Request Timeout"


class Unauthorized(Error):
    """Raised for an upload whose sender has no token or no session with which to send it. It is answered 401."""

    code = 401
    reason = "Unauthorized"


class DiskFull(Error):
    """Raised when the disk has no room for the body of a request. It is answered 503."""

    code = 503
    reason = "Service Unavailable"


def build_waitress_settings(body_bytes: int) -> Adjustments:
    """Return waitress's settings for requests whose body has at most `body_bytes` bytes.

    Forwarded headers are passed on as they come: Django and allauth alone decide which they trust.
    """
    return Adjustments(
        ident="",
        clear_untrusted_proxy_headers=False,
        max_request_header_size=HEADER_BYTES,
        max_request_body_size=body_bytes + 1,  # waitress refuses bodies of this size already
        inbuf_overflow=MEMORY_BYTES,
        connection_limit=sys.maxsize,  # at a limit waitress would take no more connections; our listener makes room
        cleanup_interval=1,
        backlog=2048,
    )


class RequestParser(HTTPRequestParser):
    """The parser of one HTTP request.

    It refuses the request as soon as its headers show that it is too large, or that they give its length in two ways.
    """

    empty: bool
    completed: bool
    command, path = "-", "/"  # these stand until the request line is read
    seconds = SECONDS
    is_large_form = False  # whether it is a form with a file that is larger than other requests may be
    is_asked_for = False  # whether the check of its sender has begun

    @property
    def needs_known_sender(self) -> bool:
        """Return whether the request may be read to its end only if it is known who sends it, because it is large."""
        return self.is_upload or self.is_large_form

    @property
    def is_upload(self) -> bool:
        """Return whether the request uploads a file, as far as its headers have been read."""
        return self.headers_finished and self.path.startswith(UPLOADS)

    def received(self, data: bytes) -> int:
        """Take in bytes of the request, and return how many of them belong to it."""
        beginning = self.header_plus
        taken: int = super().received(data)
        if self.empty:  # waitress would let a client go on with blank lines for ever
            self.empty, self.error = False, BadRequest("A blank line where a request was expected")
        if self.error and self.path == "/" and b" /api/" in (beginning + data)[:20]:
            self.path = "/api/"  # so that the refusal is written in the API's shape
        if self.completed:
            self.expect_continue = False  # a request that is refused, or has no body, must not be asked for a body
        return taken

    def parse_header(self, header_plus: bytes) -> None:
        """Read the request's first line and headers.

        Raises ParsingError if they are malformed, or give the length of the body in two ways.
        """
        try:
            super().parse_header(normalize_header(header_plus))
        except ValueError as error:  # such as of a malformed URL, or a length of thousands of digits
            raise ParsingError(str(error)) from None
        if "TRANSFER_ENCODING" in self.headers or (self.chunked and "CONTENT_LENGTH" in self.headers):
            raise ParsingError("Transfer-Encoding with Content-Length or with HTTP/1.0")
        if self.path.startswith(UPLOADS):
            self.adj, self.seconds = build_waitress_settings(settings.INGEST_BYTES), UPLOAD_SECONDS
        elif self.path.startswith(FORMS_WITH_FILES) and self.content_length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            self.adj, self.seconds = build_waitress_settings(FORM_BYTES), FORM_SECONDS
            self.is_large_form = self.content_length <= FORM_BYTES
        if self.chunked:  # taking millions of tiny chunks apart would keep everybody waiting
            self.error, self.completed = LengthRequired(""), True


def normalize_header(header_plus: bytes) -> bytes:
    """Return a request's first line and headers without the blanks around each value. Raises ParsingError.

    waitress matches each line by an expression whose time grows with the square of the length, or more, for a line that
    is made to fail late or has many blanks before its value: two such requests of 20 kB stopped the whole process. Here
    each line is looked at once, and what is passed on matches at the first try. A header that goes on in the next line
    is refused.
    """
    first, *lines = header_plus.split(b"\r\n")
    words = first.split(b" ")
    if len(words) != 3 or not words[1] or words[2] not in VERSIONS or _CONTROL.search(first):
        raise ParsingError("Start line is invalid")
    if not _METHOD.fullmatch(words[0]):
        raise ParsingError("Malformed HTTP method")
    plain = [first]
    for line in filter(None, lines):
        name, colon, value = line.partition(b":")
        if not colon or name[:1] in (b"", b" ", b"\t") or _CONTROL.search(line):
            raise ParsingError("Invalid header")
        plain.append(name + b": " + value.strip(b" \t"))
    return b"\r\n".join([*plain, b"", b""])

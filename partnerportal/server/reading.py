"""How a request is read: how large it may be and how long it may take, which its address decides."""

import sys

from django.conf import settings
from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.utilities import BadRequest, Error

UPLOADS = "/api/v1/ingest/"  # below it files are sent, and nowhere else
HEADER_BYTES = 32 * 1024  # the request line and all headers together
MEMORY_BYTES = 64 * 1024  # of a body; what is longer goes into a file
SECONDS = 10  # from a request's first byte to its last, however steadily it trickles
UPLOAD_SECONDS = 600


class LengthRequired(Error):
    code = 411
    reason = "Length Required"


class RequestTimeout(Error):
    code = 408
    reason = "Request Timeout"


class Unauthorized(Error):
    code = 401
    reason = "Unauthorized"


def adjustments(body_bytes: int) -> Adjustments:
    """Return waitress's settings for requests whose body has up to so many bytes.

    Forwarded headers are passed on as they come: Django and allauth alone decide which they trust.
    """
    return Adjustments(
        ident="",
        clear_untrusted_proxy_headers=False,
        max_request_header_size=HEADER_BYTES,
        max_request_body_size=body_bytes + 1,  # waitress refuses from this size on
        inbuf_overflow=MEMORY_BYTES,
        connection_limit=sys.maxsize,  # it would take no more; ours makes room
        cleanup_interval=1,
        backlog=2048,
    )


class Parser(HTTPRequestParser):
    """Reads one request. Refuses it as soon as its headers say that it is too large or framed in two ways."""

    empty: bool
    completed: bool
    command, path = "-", "/"  # until the request line is read
    seconds = SECONDS
    is_asked_for = False  # whether its sender's token is looked at

    @property
    def is_upload(self) -> bool:
        return self.headers_finished and self.path.startswith(UPLOADS)

    def received(self, data: bytes) -> int:
        beginning = self.header_plus
        taken: int = super().received(data)
        if self.empty:  # a client could go on with blank lines for ever
            self.empty, self.error = False, BadRequest("A blank line where a request was expected")
        if self.error and self.path == "/" and b" /api/" in (beginning + data)[:20]:
            self.path = "/api/"  # decides how the answer is written
        if self.completed:
            self.expect_continue = False  # what is refused, or has no body, is not asked for one
        return taken

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if "TRANSFER_ENCODING" in self.headers or (self.chunked and "CONTENT_LENGTH" in self.headers):
            raise ParsingError("Transfer-Encoding with Content-Length or with HTTP/1.0")
        if self.path.startswith(UPLOADS):
            self.adj, self.seconds = adjustments(settings.INGEST_BYTES), UPLOAD_SECONDS
            if self.chunked:
                self.error, self.completed = LengthRequired(""), True

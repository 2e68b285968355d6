"""The compression of pages and of the API's answers."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

TYPES = frozenset({"text/html", "application/json"})


class CompressionMiddleware(GZipMiddleware):
    """Compress what a GET answers with, if it is a page or JSON and the browser takes gzip.

    Files go as they are, because exports run as fast as the database writes them. So do answers to a POST, which may
    show a secret once, beside what was sent: from the length of a compressed page the secret could be guessed (BREACH).
    The one secret that a GET shows, the invitation link, is on a page that repeats nothing of its request, CSRF tokens
    are masked anew for each page, and Django adds a random length. What has an ETag stays as it is: a compressed answer
    could only have a weak one, which If-Match does not take.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Return the response, compressed where it may be."""
        media_type = response.get("Content-Type", "").partition(";")[0]
        if request.method != "GET" or response.streaming or media_type not in TYPES or response.has_header("ETag"):
            return response
        return super().process_response(request, response)

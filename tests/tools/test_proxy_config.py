"""The proxy's configuration hides the same addresses as the portal's own log. No Caddy is needed."""

import re
from pathlib import Path

import pytest

from partnerportal.lib.secret_addresses import SECRET_ADDRESSES
from partnerportal.server.connections import LINGER

CADDYFILE = (Path(__file__).resolve().parents[2] / "deploy" / "Caddyfile").read_text()


def logged(uri: str) -> str:
    """What the filter of the proxy's log makes of an address."""
    (filters,) = re.findall(r'request>uri regexp "(.+)" "(.+)"', CADDYFILE)
    pattern, replacement = filters
    return re.sub(pattern, replacement.replace("${1}", r"\1"), uri)


@pytest.mark.parametrize("beginning", SECRET_ADDRESSES)
def test_every_secret_address_is_hidden(beginning: str) -> None:
    assert logged(f"{beginning}secret/accept/?secret=1") == f"{beginning}…/accept/…"
    assert logged(f"{beginning}secret.ics") == f"{beginning}…"


def test_other_addresses_lose_their_query_alone() -> None:
    assert logged("/customers/?q=secret&next=/i/secret/") == "/customers/…"
    assert logged("/inbox/") == "/inbox/"


def test_the_webs_leave_later_than_the_proxy_forgets_them() -> None:
    (kept,) = re.findall(r"keepalive (\d+)s", CADDYFILE)
    assert int(kept) < LINGER, "else a request is sent on a connection that is just being closed"

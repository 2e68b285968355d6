"""The proxies' configurations hide the same URLs as the portal's own log. No Caddy and no nginx is needed."""

import re
from pathlib import Path

import pytest

from partnerportal.lib.secret_urls import SECRET_URL_PREFIXES
from partnerportal.server.connections import LINGER

PROJECT = Path(__file__).resolve().parents[2]
CADDYFILE = (PROJECT / "deploy" / "Caddyfile").read_text()
NGINX = re.findall(r"```nginx\n(.+?)```", (PROJECT / "docs" / "operations.md").read_text(), re.DOTALL)[0]


def logged(uri: str) -> str:
    """What the filter of the proxy's log makes of a URL."""
    (filters,) = re.findall(r'request>uri regexp "(.+)" "(.+)"', CADDYFILE)
    pattern, replacement = filters
    return re.sub(pattern, replacement.replace("${1}", r"\1"), uri)


@pytest.mark.promise("O-3")
@pytest.mark.parametrize("beginning", SECRET_URL_PREFIXES)
def test_every_secret_url_is_hidden(beginning: str) -> None:
    assert logged(f"{beginning}secret/accept/?secret=1") == f"{beginning}…/accept/…"
    assert logged(f"{beginning}secret.ics") == f"{beginning}…"


def test_other_urls_lose_their_query_alone() -> None:
    assert logged("/customers/?q=secret&next=/i/secret/") == "/customers/…"
    assert logged("/inbox/") == "/inbox/"


def logged_by_nginx(uri: str) -> str:
    """What the example's `map` makes of a URL: the first expression that matches counts."""
    (table,) = re.findall(r"map \$request_uri \$logged_uri \{(.+?)\}\n", NGINX, re.DOTALL)
    for pattern, shown in re.findall(r'"~(.+)" "(.+)";', table):
        if found := re.search(pattern.replace("(?<", "(?P<"), uri):
            return re.sub(r"\$\{?(\w+)\}?", lambda name: found[name[1]], shown)
    return uri


@pytest.mark.promise("O-3")
@pytest.mark.parametrize("beginning", SECRET_URL_PREFIXES)
def test_the_example_for_nginx_hides_them_too(beginning: str) -> None:
    assert logged_by_nginx(f"{beginning}secret/accept/?secret=1") == f"{beginning}…"
    assert logged_by_nginx("/customers/?q=secret") == "/customers/"
    assert "access_log off;" in NGINX and NGINX.count("access_log /var/log/nginx/portal.log portal;") == 1


@pytest.mark.promise("O-6")
def test_the_example_for_nginx_takes_what_the_portal_takes() -> None:
    """Without it uploads above a megabyte ended at the proxy, and a slow client held what is behind it."""
    _before, _location, upload = NGINX.partition("location /api/v1/ingest/ {")
    assert "client_max_body_size 256m;" in upload and "proxy_read_timeout 700s;" in upload
    for path in ("/imports/new/", "= /api/v1/imports/"):
        _before, _location, form = NGINX.partition(f"location {path} {{")
        assert "client_max_body_size 22m;" in form.partition("}")[0]
    assert {"client_header_timeout 10s;", "client_body_timeout 10s;", "proxy_set_header Host $http_host;"} <= set(
        map(str.strip, NGINX.splitlines())
    )
    assert re.findall(r"keepalive_timeout (\d)s", NGINX) == ["2"] and LINGER > 2


def test_the_webs_leave_later_than_the_proxy_forgets_them() -> None:
    (kept,) = re.findall(r"keepalive (\d+)s", CADDYFILE)
    assert int(kept) < LINGER, "else a request is sent on a connection that is just being closed"

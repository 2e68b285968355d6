"""Variables: secrets from files, and one clear sentence for what makes no sense."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from partnerportal.lib.environment import Environment

URL = "postgres://portal_web@db:5432/portal"


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch):
    def given(**variables: str) -> Environment:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return Environment()

    return given


@pytest.fixture
def file(tmp_path: Path):
    def write(content: str) -> str:
        path = tmp_path / "secret"
        path.write_text(content)
        return str(path)

    return write


def refused(words: str):
    return pytest.raises(ImproperlyConfigured, match=words)


def test_a_secret_is_a_variable_or_the_content_of_a_file(given, file):
    assert given(A_SECRET="$odd value").read_secret("A_SECRET") == "$odd value"
    assert given(OTHER_FILE=file("from a file\n")).read_secret("OTHER") == "from a file"
    assert given().read_secret("NO_SECRET", default="") == ""


def test_a_secret_that_is_given_twice_or_not_at_all_is_refused(given, file):
    with refused("A_SECRET and A_SECRET_FILE are both set"):
        given(A_SECRET="x", A_SECRET_FILE=file("y")).read_secret("A_SECRET")
    with refused("NO_SECRET is not set, and neither is NO_SECRET_FILE"):
        given().read_secret("NO_SECRET")


def test_a_file_that_cannot_be_read_or_is_empty_is_refused_and_not_taken_for_no_secret(given, file, tmp_path):
    for path in (str(tmp_path / "missing"), str(tmp_path)):
        with refused("OTHER_FILE names .* which cannot be read"):
            given(OTHER_FILE=path).read_secret("OTHER", default="")
    with refused("which is empty"):
        given(OTHER_FILE=file("\n")).read_secret("OTHER", default="")


@pytest.mark.parametrize("password", ["plain", "p@ss/w?rd#:%41&=+ é", "[x]"])
def test_the_password_of_a_database_comes_from_a_file_with_any_characters(given, file, password):
    env = given(DATABASE_URL=f"{URL}?sslmode=require", DATABASE_PASSWORD_FILE=file(password))
    found = env.read_database_settings("DATABASE_URL")
    assert (found["PASSWORD"], found["HOST"], found["NAME"]) == (password, "db", "portal")
    assert found["OPTIONS"] == {"sslmode": "require"}


@pytest.mark.parametrize("name", ["DATABASE_JOB", "DATABASE_OWNER", "ADMIN_DATABASE"])
def test_each_database_has_a_password_of_its_own(given, name):
    env = given(**{f"{name}_URL": "postgres://role@h/portal", f"{name}_PASSWORD": "p"})
    assert env.read_database_url(f"{name}_URL") == "postgres://role:p@h/portal"


def test_a_password_that_stands_in_two_places_is_refused(given):
    with refused("DATABASE_URL has a password, and DATABASE_PASSWORD is set"):
        given(DATABASE_URL="postgres://a:b@h/portal", DATABASE_PASSWORD="p").read_database_settings("DATABASE_URL")


@pytest.mark.parametrize(
    "url", ["portal", "mysql://a:b@h/portal", "postgres://h/portal", "postgres://a:b@h", "postgres://a:b@[h/portal"]
)
def test_what_is_no_url_of_a_database_is_refused(given, url):
    with refused("DATABASE_URL must be like postgres://"):
        given(DATABASE_URL=url).read_database_settings("DATABASE_URL")


def test_a_url_keeps_all_it_says(given):
    query = "sslmode=verify-full&sslrootcert=/ca.crt&sslcert=/c.crt&sslkey=/c.key&target_session_attrs=read-write"
    found = given(DATABASE_URL=f"postgresql://a:b@one:5432,two:5433/portal?{query}").read_database_settings(
        "DATABASE_URL"
    )
    assert (found["HOST"], found["PORT"]) == ("one,two", "5432,5433")
    assert found["OPTIONS"] == dict(part.split("=") for part in query.split("&"))
    socket = given(DATABASE_URL="postgres://portal_web@//run/postgresql/portal").read_database_settings("DATABASE_URL")
    assert (socket["HOST"], socket["NAME"]) == ("/run/postgresql", "portal")


@pytest.mark.parametrize("text", ["abc", "-1", "1.5", "٣"])
def test_what_is_no_number_is_refused(given, text):
    with refused("it must be a whole number"):
        given(COUNT=text).read_number("COUNT", default=0)


@pytest.mark.parametrize("text", ["0", "31", "1000000"])
def test_a_number_outside_its_bounds_is_refused(given, text):
    with refused(f"COUNT is '{text}': it must be a whole number, from 1 to 30"):
        given(COUNT=text).read_number("COUNT", default=7, at_least=1, at_most=30)


@pytest.mark.parametrize("text", ["1", "30"])
def test_the_bounds_of_a_number_are_allowed(given, text):
    assert given(COUNT=text).read_number("COUNT", default=7, at_least=1, at_most=30) == int(text)


def test_a_number_and_a_choice_have_defaults(given):
    assert (given(COUNT="3").read_number("COUNT", default=0), given(COUNT="").read_number("COUNT", default=7)) == (3, 7)
    assert given().read_choice("KIND", ("web", "job"), default="web") == "web"
    with refused("KIND is 'wbe': it must be one of web, job"):
        given(KIND="wbe").read_choice("KIND", ("web", "job"), default="web")


@pytest.mark.parametrize("text", ["https://portal.example.com", "http://localhost:8000", "https://[::1]:8443"])
def test_an_origin(given, text):
    assert given(ORIGIN=f"{text}/").read_origin("ORIGIN") == text


@pytest.mark.parametrize(
    "text",
    [
        "", "portal.example.com", "ftp://x", "https://", "https://x/path", "https://x?q", "https://a@x",
        "https://x:port", "https://x y",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused(given, text):
    with refused("it must be an address such as https://"):
        given(ORIGIN=text).read_origin("ORIGIN")


@pytest.mark.parametrize("url", ["mail.example.com", "pigeon://x", "smtp://x:port"])
def test_what_is_no_mail_server_is_refused(given, url):
    with refused("EMAIL_URL: "):
        given(EMAIL_URL=url).read_mail_settings("EMAIL_URL")


@pytest.mark.parametrize(
    ("text", "resolvers"),
    [
        ("", []),
        ("192.0.2.1", [("192.0.2.1", 53)]),
        (" 192.0.2.1:5353, 2001:db8::1 ,", [("192.0.2.1", 5353), ("2001:db8::1", 53)]),
        ("[2001:DB8::1]:5353", [("2001:db8::1", 5353)]),
    ],
)
def test_resolvers(given, text, resolvers):
    assert given(RESOLVERS=text).read_resolvers("RESOLVERS") == resolvers


@pytest.mark.parametrize(
    "text", ["localhost", "192.0.2", "192.0.2.1:port", "192.0.2.1:99999", "[2001:db8::1", "::1::", "a b"]
)
def test_what_is_no_resolver_is_refused(given, text):
    with refused("RESOLVERS is .*: it must be IP addresses"):
        given(RESOLVERS=text).read_resolvers("RESOLVERS")


@pytest.mark.parametrize(
    ("text", "domains"),
    [("", set()), (" Example.COM. , München.example,", {"example.com", "xn--mnchen-3ya.example"})],
)
def test_domains(given, text, domains):
    assert given(DOMAINS=text).read_domains("DOMAINS") == domains


@pytest.mark.parametrize("text", ["example", "anna@example.com", "a b.example", "https://example.com"])
def test_what_is_no_domain_is_refused(given, text):
    with refused("DOMAINS is .*: it must be names of domains"):
        given(DOMAINS=text).read_domains("DOMAINS")

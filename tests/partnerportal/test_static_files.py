"""A process serves the files of its own release, of the one before and of the one after."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from partnerportal.static_files import StaticFilesMiddleware

pytestmark = pytest.mark.django_db  # an answer that is closed looks after the connection, if a test before has left one

pytestmark = pytest.mark.django_db  # the end of an answer is that of a request: old connections are looked for


def not_there(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=404)


@pytest.fixture
def root(tmp_path: Path, settings: Any) -> Path:
    settings.STATIC_ROOT, settings.WHITENOISE_AUTOREFRESH = str(tmp_path), False
    (tmp_path / "old.css").write_text("old")
    return tmp_path


def ask(middleware: StaticFilesMiddleware, path: str) -> tuple[int, bytes]:
    response = middleware(RequestFactory().get(path))
    with closing(response):
        return response.status_code, b"".join(response)


def test_what_is_collected_later_is_served_too(root: Path) -> None:
    middleware = StaticFilesMiddleware(not_there)
    assert ask(middleware, "/static/new.css") == (404, b"")
    (root / "new.css").write_text("new")
    assert ask(middleware, "/static/new.css") == (200, b"new")
    assert ask(middleware, "/static/old.css") == (200, b"old")


def test_what_is_gone_is_not_found(root: Path) -> None:
    middleware = StaticFilesMiddleware(not_there)
    (root / "old.css").unlink()
    assert ask(middleware, "/static/old.css") == (404, b"")
    assert ask(middleware, "/static/old.css") == (404, b"")


@pytest.mark.parametrize(
    "path", ["/static/../secret", "/static//../secret", "/static/%2e%2e/secret", "/static/", "/static"]
)
def test_nothing_beside_the_folder_is_served(root: Path, path: str) -> None:
    (root.parent / "secret").write_text("secret")
    assert ask(StaticFilesMiddleware(not_there), path)[0] == 404

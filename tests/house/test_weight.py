"""What the five main pages weigh: all that a browser loads at the first visit, and at a later one the page alone."""

import gzip
import re
from pathlib import Path
from typing import Any

import brotli
import pytest
from django.contrib.staticfiles import finders

from partnerportal.finders import GeneratedFilesFinder
from tests.world import World

COLD, WARM = 100_000, 20_000  # bytes, compressed
LOADED = re.compile(r'<(?:script|link)\b[^>]*\b(?:src|href)="/static/([^"#]+)"|<use href="/static/([^"#]+)#')
LOADS = re.compile(r'@import url\("([^"]+)"\)|(?:from|^import) "\./([^"]+)"', re.MULTILINE)
PAGES = ("/", "/customers/", "/customers/{customer}/", "/usage/", "/renewals/")


def list_files(html: str) -> set[str]:
    """Return the names of the files that a page loads, and those that these load."""
    waiting, found = {name for pair in LOADED.findall(html) for name in pair if name}, set[str]()
    while waiting:
        name = waiting.pop()
        found.add(name)
        if name.endswith((".css", ".js")):
            folder = name.rpartition("/")[0]
            others = {f"{folder}/{one}" for pair in LOADS.findall(read(name).decode()) for one in pair if one}
            waiting |= others - found
    return found


def read(name: str) -> bytes:
    if name in GeneratedFilesFinder.MADE:  # when files are collected
        return GeneratedFilesFinder.MADE[name]().encode()
    path = finders.find(name)
    assert path, f"{name} is no file"
    return Path(path).read_bytes()


def weigh(name: str) -> int:
    """Return the bytes of a file as it is sent: fonts are compressed already."""
    return len(read(name)) if name.endswith(".woff2") else len(brotli.compress(read(name)))


@pytest.mark.parametrize("path", PAGES)
def test_a_main_page_is_light(path: str, world: World, web: Any) -> None:
    page = web("partner.admin").get(path.format(customer=world.customer.public_id))
    assert page.status_code == 200
    own, files = len(gzip.compress(page.content)), list_files(page.content.decode())
    assert {"css/portal.css", "js/palette.js", "img/icons.svg"} <= files
    assert own <= WARM
    assert own + sum(map(weigh, files)) <= COLD, {name: weigh(name) for name in sorted(files, key=weigh)}

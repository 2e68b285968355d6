"""Static files that `collectstatic` makes from others: the file of icons, and one style sheet of all its parts.

Without them a browser would fetch thirty files before it draws the first page.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage

from partnerportal import icons

STYLES = Path(__file__).parent / "static" / "css"
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_PART = re.compile(r'@import url\("(\w+\.css)"\) layer\((\w+)\);')


def bundle_stylesheet() -> str:
    """Return the CSS of portal.css with every imported file in the place of its import, in the same layer.

    Comments, a quarter of what a browser would load, are left out.
    """
    whole = (STYLES / "portal.css").read_text()
    joined = _PART.sub(lambda part: f"@layer {part[2]} {{\n{(STYLES / part[1]).read_text()}}}", whole)
    return remove_comments(joined)


def remove_comments(css: str) -> str:
    """Return a style sheet without its comments."""
    return _COMMENT.sub("", css)


class GeneratedFilesFinder(BaseFinder):
    """A finder of static files that are generated from other files, such as the bundled style sheet.

    It stands before the other finders, so that a generated file takes precedence over a file of the same name.
    """

    MADE = {icons.FILE: icons.build_icon_sprite, "css/portal.css": bundle_stylesheet}

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """Return nothing, because the generated files are not on the disk."""
        return []

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, Storage]]:
        """Generate each file, and yield its path with the storage that holds it."""
        storage = InMemoryStorage()
        for path, make in self.MADE.items():
            storage.save(path, ContentFile(make().encode()))
            yield path, storage

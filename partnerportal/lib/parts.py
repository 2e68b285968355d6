"""Pieces of a page that come from several apps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PagePart:
    """A piece of a page, drawn by `{% part … %}`: its template, and values that it sees beside those of the page."""

    template: str
    context: Mapping[str, Any]

"""The revision of a row that a form or a header names, so that an edit overwrites nothing that its sender has not seen.

Revisions begin at 1 and grow with each change, so 0 stands for one that no row has.
"""

from collections.abc import Mapping
from typing import Any


def read_revision(text: str) -> int:
    """Return the revision that a text names, or 0 for a text that is no revision."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def read_posted_revision(data: Mapping[str, Any]) -> int:
    """Return the revision in the hidden field of a posted form, or 0 if it names none."""
    return read_revision(str(data.get("revision", "")))

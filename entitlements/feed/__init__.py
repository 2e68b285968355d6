"""The vendor's feed: what its lines look like, and how they are read."""

from entitlements.feed.lines import MAX_ORDER_LINES
from entitlements.feed.reading import MAX_LINE_BYTES, TYPES, BadLine, Fact, Lines, Problem, read

__all__ = ["MAX_LINE_BYTES", "MAX_ORDER_LINES", "TYPES", "BadLine", "Fact", "Lines", "Problem", "read"]

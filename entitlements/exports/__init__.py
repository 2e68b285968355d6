"""Exports (CC-38): what can be exported, and how it gets into a file.

lists    each list with its columns and its rows, which are those of its page
copying  rows by COPY, out of the database as CSV
files    where finished files lie
"""

from entitlements.exports.base import List, Query
from entitlements.exports.lists import LISTS, list_of

__all__ = ["LISTS", "List", "Query", "list_of"]

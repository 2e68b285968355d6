"""What people have selected in a list, as the form below its table says it."""

import re

from django.http import QueryDict

from partnerportal.lib.exports.lists import ExportableList, Query

KEY = re.compile(r"[0-9A-Za-z-]{1,40}")  # what tells rows apart: an ORGID, or a public id


def read_selection(exported_list: ExportableList, form: QueryDict) -> Query | None:
    """Return the filters that find the selected rows of a list.

    The button that was pressed says which by `what`, and where it says nothing, the bar below the list by `selected`.
    "all" has no filters; "ticked" adds the `ids` of the ticked rows, and is None if none are ticked; anything else has
    the filters in the URL of the page.
    """
    what = form.get("what") or form.get("selected")
    query = {} if what == "all" else exported_list.pick_filters(QueryDict(form.get("query", "")).dict())
    if what != "ticked":
        return query
    ticked = [key for key in form.getlist("row") if KEY.fullmatch(key)]
    return {**query, "ids": ticked} if ticked else None

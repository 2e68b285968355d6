"""Every list that can be exported, gathered from the `exports.py` of each app as urls.py gathers their routes."""

import accounts.exports
import connections.exports
import entitlements.exports
import marketplace.exports
import notifications.exports
import support.exports
from partnerportal.lib.errors import NotFound
from partnerportal.lib.exports.lists import ExportableList

APPS = (accounts, connections, entitlements, marketplace, notifications, support)
LISTS: dict[str, ExportableList] = {each.key: each for app in APPS for each in app.exports.LISTS}


def find_exported_list(key: str) -> ExportableList:
    """Return the list that can be exported under this key, such as "connections". Raises NotFound for another key."""
    if key not in LISTS:
        raise NotFound("not_found", "")
    return LISTS[key]

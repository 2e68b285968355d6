"""The API's default permission.

It stands in a module of its own, because REST framework imports it while it is itself being imported.
"""

from typing import Any

from rest_framework.permissions import BasePermission


class HasActor(BasePermission):
    """The permission of everybody who is signed in. `visible_to` and each action decide what they may see and do."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return not request._request.actor.is_anonymous

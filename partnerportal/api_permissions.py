"""The API's default permission.

It stands in a module of its own, because REST framework imports it while it is itself being imported.
"""

from typing import Any

from rest_framework.permissions import BasePermission


class ActorRequiredPermission(BasePermission):
    """REST framework permission that lets in every actor who is not anonymous: signed-in people and API clients.

    What they may see and do is decided by `visible_to` and by each action.
    """

    def has_permission(self, request: Any, view: Any) -> bool:
        return not request._request.actor.is_anonymous

"""The one door through which a row changes its state."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.errors import Conflict

M = TypeVar("M", bound=models.Model)
Moves = Mapping[Any, frozenset[Any]]


def move(row: M, to: str, **changes: Any) -> M:
    """Lock the row, check that its model's MOVES allow the step, write state and `changes`, and return the fresh row.

    Raises Conflict("state_changed") when somebody was faster or the step does not exist. Call it in a transaction.
    """
    model = type(row)
    locked = model._default_manager.select_for_update().get(pk=row.pk)
    allowed: frozenset[Any] = model.MOVES.get(locked.state, frozenset())  # type: ignore[attr-defined]
    if to not in allowed:
        raise Conflict("state_changed", _("This has changed in the meantime. Reload the page to see where it stands."))
    for name, value in {"state": to, **changes}.items():
        setattr(locked, name, value)
    locked.save(update_fields=["state", *changes])
    return locked

"""Tables of the actions on a row of a state machine. One makes its menus, dialogs, addresses, endpoints and command."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from django import forms
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.errors import Conflict, Message
from partnerportal.lib.policies import Allowed, Answer, Denied

M = TypeVar("M", bound=models.Model)


class NoInputForm(forms.Form):
    """The form of a dialog that asks for nothing but a yes."""


@dataclass(frozen=True)
class ConfirmationDialog:
    """The words of a dialog that comes before an action: what will happen, and what stands on its button."""

    title: str
    text: str
    button: str
    tone: str = "primary"
    note: str = ""


def _propose_nothing(row: models.Model) -> dict[str, Any]:
    return {}


def _allow(row: models.Model) -> Answer:
    return Allowed()


@dataclass(frozen=True, kw_only=True)
class RowAction(Generic[M]):
    """One action in the table of a state machine.

    It is possible in `states`: these are `states.states_before(MOVES, to)` where it moves the row, and are named where
    it changes the row within its state. Buttons and dialogs follow them; what decides is `run`, which locks the row.
    """

    run: Callable[..., M]  # takes `actor`, the row under its model's name, and the form's values
    permission: StrEnum
    states: Collection[str]
    label: Message  # of the menu item that opens the dialog
    icon: str
    done: Message  # the toast after the action, with placeholders for what names the row
    question: Callable[[M], ConfirmationDialog]
    form: type[forms.Form] = NoInputForm
    proposal: Callable[[M], dict[str, Any]] = _propose_nothing  # the values with which the form opens
    condition: Callable[[M], Answer] = _allow  # a further condition on the row
    is_danger: bool = False

    def check(self, row: M) -> Answer:
        """Return whether the action is possible on the row now, no matter who would do it, with the reason why not."""
        if row.state not in self.states:  # type: ignore[attr-defined]
            return Denied("state_changed", _("This has changed in the meantime. Nothing else was changed."))
        return self.condition(row)

    def ensure_possible(self, row: M) -> None:
        """Raise Conflict, with the reason, if the action is not possible on the row now."""
        answer = self.check(row)
        if isinstance(answer, Denied):
            raise Conflict(answer.code, answer.message)


@dataclass(frozen=True)
class MenuItem:
    """An item of a row's menu, which opens the dialog of an action."""

    label: Message
    icon: str
    url: str
    is_danger: bool


def menu_items(table: Mapping[str, RowAction[M]], row: M, url_prefix: str) -> list[MenuItem]:
    """Return an item for each action of `table` that is possible on the row.

    The address of a dialog is named by the prefix and the action's name, and takes the row's public id.
    """
    return [
        MenuItem(
            label=action.label,
            icon=action.icon,
            url=reverse(f"{url_prefix}{name}", args=[row.public_id]),  # type: ignore[attr-defined]
            is_danger=action.is_danger,
        )
        for name, action in table.items()
        if action.check(row)
    ]

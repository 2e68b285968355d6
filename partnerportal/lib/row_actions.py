"""Tables of the actions on a row of a state machine. One makes its menus, dialogs, URLs, endpoints and command."""

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
    """The form of a confirmation dialog without any input."""


@dataclass(frozen=True)
class ConfirmationDialog:
    """The words of the dialog that asks before an action: what will happen, and the label of the button."""

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
    """An action on a model instance that has a state, such as approving a trial, as its table declares it.

    `states` are those in which the action is possible. For an action that changes the state they are
    `states.find_states_before(MOVES, to)`. Buttons and dialogs are shown by them, but `run` decides, after it has
    locked the row in the database.
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
        """Return Allowed if the action is possible on the row in its present state, else a Denied with the reason.

        It does not check the permissions of an actor.
        """
        if row.state not in self.states:  # type: ignore[attr-defined]
            return Denied("state_changed", _("This has changed in the meantime. Nothing else was changed."))
        return self.condition(row)

    def ensure_possible(self, row: M) -> None:
        """Raise Conflict, with the reason, if the action is not possible on the row in its present state."""
        answer = self.check(row)
        if isinstance(answer, Denied):
            raise Conflict(answer.code, answer.message)


@dataclass(frozen=True)
class MenuItem:
    """One entry of the menu of actions in a list's row. It opens the dialog of its action."""

    label: Message
    icon: str
    url: str
    is_danger: bool


def list_menu_items(table: Mapping[str, RowAction[M]], row: M, url_prefix: str) -> list[MenuItem]:
    """Return the menu entries for the actions that are possible on the row in its present state.

    `table` holds the RowAction objects by name. The URL of an entry's dialog is named by `url_prefix` and the action's
    name, and takes the row's public id.
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

"""Tables of the actions on a row of a state machine. One makes its menus, dialogs, URLs, endpoints and command."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from django import forms
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.errors import Conflict, Message
from partnerportal.lib.policies import ActionAllowed, ActionDenied, Answer

NOT_CARRIED_OUT = _("This has changed in the meantime, so your action was not carried out.")

M = TypeVar("M", bound=models.Model)
DECISIONS = ("approve", "decline")  # the names of the actions that decide what waits


class EmptyConfirmationForm(forms.Form):
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
    return ActionAllowed()


@dataclass(frozen=True, kw_only=True)
class RowAction(Generic[M]):
    """An action on a model instance that has a state, such as approving a trial, as its table declares it.

    `states` are those in which the action is possible. For an action that changes the state they are
    `states.find_states_leading_to(MOVES, to)`. Buttons and dialogs are shown by them, but `run` decides, after it has
    locked the row in the database.
    """

    run: Callable[..., M]  # takes `actor`, the row under its model's name, and the form's values
    permission: StrEnum
    states: Collection[str]
    label: Message  # of the menu item that opens the dialog
    icon: str
    done: Message  # the toast after the action, with placeholders for what names the row
    question: Callable[[M], ConfirmationDialog]
    form: type[forms.Form] = EmptyConfirmationForm
    proposal: Callable[[M], dict[str, Any]] = _propose_nothing  # the values with which the form opens
    condition: Callable[[M], Answer] = _allow  # a further condition on the row
    is_danger: bool = False

    def check_possible(self, row: M) -> Answer:
        """Return ActionAllowed if the row's present state permits the action, else an ActionDenied with a reason.

        It does not check the permissions of an actor.
        """
        if row.state not in self.states:  # type: ignore[attr-defined]
            return ActionDenied("state_changed", NOT_CARRIED_OUT)
        return self.condition(row)

    def ensure_possible(self, row: M) -> None:
        """Raise Conflict, with the reason, if the action is not possible on the row in its present state."""
        answer = self.check_possible(row)
        if isinstance(answer, ActionDenied):
            raise Conflict(answer.code, answer.message)


@dataclass(frozen=True)
class RowActionMenuItem:
    """One entry of the menu of actions in a list's row. It opens the dialog of its action, which has this name."""

    name: str
    label: Message
    icon: str
    url: str
    is_danger: bool


def list_decisions(menu: Iterable[RowActionMenuItem]) -> list[RowActionMenuItem]:
    """Return the entries of a menu that decide what waits: their buttons stand in their row too (ui/decisions.html)."""
    return [item for item in menu if item.name in DECISIONS]


def list_row_action_menu_items(actions: Mapping[str, RowAction[M]], row: M, url_prefix: str) -> list[RowActionMenuItem]:
    """Return the menu entries for the actions that are possible on the row in its present state.

    `actions` holds the RowAction objects by name. The URL of an entry's dialog is named by `url_prefix` and the
    action's name, and takes the row's public id.
    """
    return [
        RowActionMenuItem(
            name=name,
            label=action.label,
            icon=action.icon,
            url=reverse(f"{url_prefix}{name}", args=[row.public_id]),  # type: ignore[attr-defined]
            is_danger=action.is_danger,
        )
        for name, action in actions.items()
        if action.check_possible(row)
    ]

"""What people do to a row of a state machine: one table makes its menus, dialogs, addresses, endpoints and command."""

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
class Question:
    """What a dialog says before an action: what will happen, and the words on its button."""

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
    """One entry of a machine's table of actions.

    `states` are those it is possible in: `states.states_before(MOVES, to)` where it moves the row, and named where it
    changes the row within its state. Buttons and dialogs follow them; what decides is `run`, which locks the row.
    """

    run: Callable[..., M]  # takes `actor`, the row under its model's name, and the form's values
    permission: StrEnum
    states: Collection[str]
    label: Message  # on what opens the dialog
    icon: str
    done: Message  # told afterwards
    question: Callable[[M], Question]
    form: type[forms.Form] = NoInputForm
    proposal: Callable[[M], dict[str, Any]] = _propose_nothing  # what the form is filled in with
    condition: Callable[[M], Answer] = _allow  # what else the row must fulfil
    is_danger: bool = False

    def check(self, row: M) -> Answer:
        """Answer whether this is possible now, whoever asks."""
        if row.state not in self.states:  # type: ignore[attr-defined]
            return Denied("state_changed", _("This has changed in the meantime. Nothing else was changed."))
        return self.condition(row)

    def ensure_possible(self, row: M) -> None:
        """Raise Conflict where `check` denies."""
        answer = self.check(row)
        if isinstance(answer, Denied):
            raise Conflict(answer.code, answer.message)


@dataclass(frozen=True)
class MenuItem:
    """What opens the dialog of an action."""

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

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser
from django.forms import Field

from entitlements.models import Entitlement
from entitlements.queries.trials import get_trial, list_trials
from entitlements.trial_actions import TRIAL_ACTIONS, TrialAction
from partnerportal.lib.commands import StaffCommand


class Command(StaffCommand):
    """The command with which the vendor's staff list trials and decide about them."""

    help = "List the trials that wait or run; approve, decline, extend, convert or cancel one."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add a subcommand for each action, with an option for each field that its form shows.

        Hidden fields, which the form sends back as they were, are not typed.
        """
        commands = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        commands.add_parser("list", help="what waits and what runs, oldest first")
        for name, action in TRIAL_ACTIONS.items():
            command = commands.add_parser(name)
            command.add_argument("trial", type=UUID, metavar="ID", help="as `trials list` prints it")
            for field_name, field in _typed_fields(action).items():
                option = f"--{field_name.replace('_', '-')}"
                command.add_argument(option, required=field.required, help=f"{field.label}. {field.help_text}")

    def handle(self, *args: object, action: str, **options: Any) -> None:
        if action == "list":
            self._list()
            return
        trial = get_trial(self.actor, options["trial"])
        trial_action = TRIAL_ACTIONS[action]
        trial_action.ensure_possible(trial)
        typed = {name: options[name] for name in _typed_fields(trial_action)}
        form = trial_action.form(trial_action.proposal(trial) | typed)
        if not form.is_valid():
            raise ValidationError(form.errors.as_data())
        self.stdout.write(_line(trial_action.run(actor=self.actor, trial=trial, **form.cleaned_data)))

    def _list(self) -> None:
        states = (Entitlement.State.REQUESTED, Entitlement.State.ACTIVE)
        for trial in list_trials(self.actor).filter(state__in=states).order_by("pk").iterator():
            self.stdout.write(_line(trial))


def _line(trial: Entitlement) -> str:
    until = f" until {trial.ends_on}" if trial.ends_on else ""
    who = f"{trial.customer.org_id} {trial.customer.name}"
    return f"{trial.public_id}  {trial.kind} {trial.state}{until}  {trial.sku.code} x {trial.quantity}  {who}"


def _typed_fields(action: TrialAction) -> dict[str, Field]:
    return {name: field for name, field in action.form.base_fields.items() if not field.widget.is_hidden}

import datetime as dt
from argparse import ArgumentTypeError
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from entitlements import actions, queries
from entitlements.models import Entitlement
from partnerportal.lib.commands import StaffCommand


class Command(StaffCommand):
    help = "List the trials that wait or run; approve, decline, extend, convert or cancel one."

    def add_arguments(self, parser: CommandParser) -> None:
        deeds = parser.add_subparsers(dest="deed", required=True, metavar="DEED")
        deeds.add_parser("list", help="what waits and what runs, oldest first")
        for deed in ("approve", "decline", "extend", "convert", "cancel"):
            deeds.add_parser(deed).add_argument("trial", type=UUID, metavar="ID", help="as `trials list` prints it")
        deeds.choices["decline"].add_argument("--reason", required=True, help="the customer and its partners read it")
        convert = deeds.choices["convert"]
        convert.add_argument("--quantity", type=int, required=True, help="seats")
        convert.add_argument("--ends-on", type=_day, help="last day of use, UTC; none unless given")

    def handle(self, *args: object, deed: str, **options: Any) -> None:
        if deed == "list":
            self._list()
            return
        trial = queries.trial(self.actor, options["trial"])
        given = {name: options[name] for name in ("reason", "quantity", "ends_on") if name in options}
        if deed == "extend":
            given["ends_on"] = actions.extended_to(trial)
        done = getattr(actions, f"{deed}_trial")(actor=self.actor, trial=trial, **given)
        self.stdout.write(_line(done))

    def _list(self) -> None:
        states = (Entitlement.State.REQUESTED, Entitlement.State.ACTIVE)
        for trial in queries.trials(self.actor).filter(state__in=states).order_by("pk").iterator():
            self.stdout.write(_line(trial))


def _line(trial: Entitlement) -> str:
    until = f" until {trial.ends_on}" if trial.ends_on else ""
    who = f"{trial.customer.org_id} {trial.customer.name}"
    return f"{trial.public_id}  {trial.kind} {trial.state}{until}  {trial.sku.code} x {trial.quantity}  {who}"


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text} is not a day like 2027-03-31.") from error

"""The table of actions says the same as the actions do, and everything that is made from it has them all."""

import datetime as dt

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from entitlements.api.trials import ACTION_VIEWS
from entitlements.models import Entitlement
from entitlements.trial_actions import TRIAL_ACTIONS
from partnerportal.lib.days import today
from partnerportal.lib.errors import Conflict

State = Entitlement.State
TYPED = {"decline": {"reason": "No"}, "convert": {"quantity": 5, "ends_on": None}}


@pytest.fixture
def trial(world):
    return Entitlement.objects.select_related("sku", "customer").get(
        customer=world.customer, kind="trial", state="requested"
    )


def is_done(action, trial, actor, typed):
    try:
        action.run(actor=actor, trial=trial, **(typed or action.proposal(trial)))
    except Conflict:
        return False
    return True


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("name", TRIAL_ACTIONS)
def test_an_action_is_offered_where_it_is_done(name, state, trial, actor_for):
    action = TRIAL_ACTIONS[name]
    trial.state, trial.starts_on, trial.ends_on = state, today(), today() + dt.timedelta(days=1)
    trial.save()
    is_offered = bool(action.check_possible(trial))
    assert is_done(action, trial, actor_for("vendor.admin"), TYPED.get(name)) is is_offered


@pytest.mark.parametrize(
    ("state", "names"),
    [(State.REQUESTED, {"approve", "decline", "cancel"}), (State.ACTIVE, {"extend", "convert", "cancel"})],
)
def test_the_menu_of_a_row_has_what_is_possible(web, trial, state, names):
    Entitlement.objects.exclude(pk=trial.pk).filter(kind="trial").delete()
    Entitlement.objects.filter(pk=trial.pk).update(state=state, ends_on=today())
    client = web("vendor.admin")
    page = client.get(f"/trials/?state={'waiting' if state == State.REQUESTED else 'running'}").content.decode()
    urls = {name: reverse(f"trial_{name}", args=[trial.public_id]) for name in TRIAL_ACTIONS}
    assert {name for name, url in urls.items() if f'href="{url}?next=' in page} == names
    assert {name for name, url in urls.items() if client.get(url).status_code == 200} == names


def test_the_api_has_every_action():
    assert {name: view.trial_action for name, view in ACTION_VIEWS.items()} == TRIAL_ACTIONS


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--quantity", "0"], "quantity: "), (["--quantity", "1", "--ends-on", "soon"], "ends_on: ")],
)
def test_the_command_refuses_what_the_form_refuses(trial, options, message):
    Entitlement.objects.filter(pk=trial.pk).update(state=State.ACTIVE)
    with pytest.raises(CommandError, match=message):
        call_command("trials", "convert", str(trial.public_id), *options)

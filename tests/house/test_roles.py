"""The role tables are complete and mean something."""

import importlib
import inspect
from enum import StrEnum

import pytest
from django.conf import settings

from accounts.models import Feature, Kind, Role
from partnerportal.lib.actors import Actor
from tests.house.ours import APPS, OURS

POLICIES = {app: importlib.import_module(f"{app}.policies") for app in APPS}


def permissions(app):
    classes = [
        c for _name, c in inspect.getmembers(POLICIES[app], inspect.isclass) if c.__module__ == f"{app}.policies"
    ]
    return {member for cls in classes if issubclass(cls, StrEnum) for member in cls}


@pytest.mark.parametrize("app", APPS)
def test_every_permission_has_one_rule(app):
    assert permissions(app)
    assert set(POLICIES[app].ROLE_TABLE) == permissions(app)


@pytest.mark.parametrize("app", APPS)
def test_rules_name_what_exists(app):
    for permission, rule in POLICIES[app].ROLE_TABLE.items():
        assert permission.startswith(f"{app}.")
        assert rule.roles <= set(Role.values)
        assert rule.kinds <= set(Kind.values)
        assert rule.feature in {"", *Feature.values}
        assert str(rule.label)
        assert all(rule.roles_in(kind) for kind in rule.kinds or Kind), "a kind with nobody who may"


@pytest.mark.parametrize("app", APPS)
def test_every_permission_is_asked_for_somewhere(app):
    code = "".join(
        path.read_text()
        for each in OURS
        for path in (settings.BASE_DIR / each).rglob("*.py")
        if path.name != "policies.py"
    )
    unused = {p for p in permissions(app) if f"{type(p).__name__}.{p.name}" not in code}
    assert not unused


@pytest.mark.parametrize("app", APPS)
def test_nobody_without_an_organisation_may_do_anything(app):
    for rule in POLICIES[app].ROLE_TABLE.values():
        answer = rule.check(Actor(person_id=1, roles=frozenset(Role.values), features=frozenset(Feature.values)))
        assert answer.code == "no_organization"
        assert rule.check(Actor.system())

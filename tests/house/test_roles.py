"""The role tables are complete and mean something, and what they refuse is said truly."""

import importlib
import inspect
from enum import StrEnum

import pytest
from django.conf import settings
from django.utils import translation

from accounts.models import OrganizationKind, ProgramFeature, Role
from partnerportal.lib.actors import Actor
from partnerportal.lib.roles import SEE_FINANCE, describe_roles, list_roles_for_kind
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
        assert rule.kinds <= set(OrganizationKind.values)
        assert rule.feature in {"", *ProgramFeature.values}
        assert str(rule.label)
        assert all(rule.list_permitted_roles(kind) for kind in rule.kinds or OrganizationKind), (
            "a kind with nobody who may"
        )


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
        answer = rule.check_actor(
            Actor(person_id=1, roles=frozenset(Role.values), features=frozenset(ProgramFeature.values))
        )
        assert answer.code == "no_organization"
        assert rule.check_actor(Actor.system())


def in_role(kind, *roles):
    """An actor in these roles, of an organisation of this kind that has every badge."""
    return Actor(
        person_id=1,
        organization_id=1,
        organization_kind=kind,
        roles=frozenset(roles),
        features=frozenset(ProgramFeature.values),
        sees_finance=bool(SEE_FINANCE & set(roles)),
    )


def roles_named(message):
    """The roles that a sentence names; those with longer names are looked for first, because they hold shorter ones."""
    named = set()
    for role in sorted(Role, key=lambda role: -len(describe_roles([role]))):
        if describe_roles([role]) in message:
            message, named = message.replace(describe_roles([role]), ""), {*named, role}
    return named


@pytest.mark.promise("CV-15")
@pytest.mark.parametrize("language", dict(settings.LANGUAGES))
@pytest.mark.parametrize("app", APPS)
def test_a_refusal_names_exactly_the_roles_that_pass(app, language):
    """Whatever the rule looks at: its roles, those of the kind, and what `when` asks of the person."""
    refused = 0
    with translation.override(language):
        for permission, rule in POLICIES[app].ROLE_TABLE.items():
            for kind in rule.kinds or OrganizationKind.values:
                pass_ = {role for role in list_roles_for_kind(kind) if rule.check_actor(in_role(kind, role))}
                assert pass_ == set(rule.list_permitted_roles(kind)) or rule.when, permission
                for role in set(list_roles_for_kind(kind)) - pass_:
                    answer = rule.check_actor(in_role(kind, role))
                    assert answer.code in ("wrong_role", "no_finance_sight"), permission
                    assert roles_named(str(answer.message)) == pass_, (permission, kind, role, str(answer.message))
                    refused += 1
    assert refused or not any(rule.roles for rule in POLICIES[app].ROLE_TABLE.values())


@pytest.mark.parametrize("language", dict(settings.LANGUAGES))
def test_every_role_has_a_name_of_its_own_in_a_refusal(language):
    with translation.override(language):
        for role in Role:
            assert roles_named(describe_roles([role])) == {role}
        assert roles_named(describe_roles(list(Role))) == set(Role)


@pytest.mark.parametrize("kind", OrganizationKind.values)
def test_only_who_sells_has_agents(kind):
    everybody, two = set(Role), {Role.READER, Role.ADMIN}
    assert set(list_roles_for_kind(kind)) == (everybody if kind in ("partner", "distributor") else two)

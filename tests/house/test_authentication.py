"""Whoever asks gets the actor of the request in one place, by a session and by a token alike."""

import ast
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest

from accounts.queries.operators import list_operators_of_person
from connections.actors import PersonSession
from entitlements.models import IngestToken
from partnerportal.lib import logs
from partnerportal.lib.actors import ANONYMOUS, Actor, ActorKind
from partnerportal.lib.authentication import Credential, set_request_actor
from tests.house.ours import OURS, tree_of
from tests.world import World


def sets_the_actor(node: ast.AST) -> bool:
    """Whether the code gives a request its actor: `request.actor = …`, also among others, and by `setattr`."""
    if isinstance(node, ast.Call):
        return getattr(node.func, "id", "") == "setattr" and "actor" in [getattr(a, "value", "") for a in node.args]
    if not isinstance(node, ast.Attribute) or node.attr != "actor" or not isinstance(node.ctx, ast.Store):
        return False
    return getattr(node.value, "id", getattr(node.value, "attr", "")).endswith("request")


def test_one_function_gives_a_request_its_actor() -> None:
    paths = [path for app in OURS for path in (settings.BASE_DIR / app).rglob("*.py")]
    found = {path.name for path in paths if any(map(sets_the_actor, ast.walk(tree_of(path))))}
    assert found == {"authentication.py"}


@pytest.mark.parametrize("code", ["request.actor = 1", "a, self.request._request.actor = b", "setattr(r, 'actor', 1)"])
def test_code_that_gives_it_elsewhere_would_be_found(code: str) -> None:
    assert any(map(sets_the_actor, ast.walk(ast.parse(code))))


def test_a_person_and_a_machine_are_let_in_alike(world: World) -> None:
    token = IngestToken.objects.earliest("pk")
    operator = world.operator("partner.admin")
    session = PersonSession(
        operator.person, operator.organization_id, list(list_operators_of_person(operator.person_id))
    )
    credentials: list[tuple[Credential | None, ActorKind, set[str]]] = [
        (session, ActorKind.PERSON, {"person", "organization"}),
        (token, ActorKind.CLIENT, {"token_prefix"}),
        (None, ActorKind.PERSON, set()),
    ]
    for credential, kind, said in credentials:
        request: Any = HttpRequest()
        with logs.bind_log_fields():
            actor = set_request_actor(request, credential)
            assert request.actor is actor and actor.kind == kind
            assert logs.get_log_fields().keys() == said
        assert (actor == ANONYMOUS) is (credential is None)


def test_no_rule_lets_a_client_of_an_organisation_through(world: World, actor_for: Any) -> None:
    """It has permissions and no roles; what asks for no role is not for it either."""
    person: Actor = actor_for("partner.admin")
    client = replace(person, kind=ActorKind.CLIENT, person_id=None, client_id=1)
    for app in OURS:
        if (settings.BASE_DIR / app / "policies.py").exists():
            table = __import__(f"{app}.policies", fromlist=["ROLE_TABLE"]).ROLE_TABLE
            assert any(rule.check_actor(person) for rule in table.values())
            assert {rule.check_actor(client).code for rule in table.values()} == {"not_for_clients"}

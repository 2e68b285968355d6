from typing import Any

import pytest

from support.actions.drafts import start_request
from support.actions.submitting import submit_request
from support.country_change import CODE
from support.models import Request
from tests.mail_server import sink  # noqa: F401  (a fixture)
from tests.support.asking import FIELDS
from tests.world import World


@pytest.fixture
def acts(actor_for: Any, as_tenant: Any) -> Any:
    """Run an action as somebody, under row-level security, as a request of theirs does."""

    def run(who: str, action: Any, **values: Any) -> Any:
        actor = actor_for(who)
        with as_tenant(actor):
            return action(actor=actor, **values)

    return run


@pytest.fixture
def draft(world: World, acts: Any) -> Request:
    return acts("lapsed.admin", start_request, kind=CODE, subject_id=world.lapsed.public_id)


@pytest.fixture
def waiting(acts: Any, draft: Request) -> Request:
    return acts("lapsed.admin", submit_request, request=draft, **FIELDS)

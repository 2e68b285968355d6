"""Vendor staff suspend an organisation while its people work: who has begun before may end, and nobody begins after."""

from io import BytesIO
from typing import Any

import pytest

from accounts.actions.standing import reactivate_organization, suspend_organization
from connections.actors import build_actor_with_current_roles
from imports import files
from imports.actions import requests, runs
from imports.models import Import
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused, Conflict
from tests.counts import count
from tests.imports.kinds import SHELF, kinds_of_tests, make_shelf, shelf
from tests.races.conftest import Race
from tests.world import World

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]
ROWS = b"key,note\na,1\n"


def upload(actor: Actor) -> Any:
    """As a request does it: who acts is built after the tenant is entered."""

    def act() -> Import:
        assert actor.person_id and actor.organization_id
        present = build_actor_with_current_roles(actor.person_id, actor.organization_id)
        if present is None:
            raise ActionRefused("suspended", "")
        content = BytesIO(ROWS)
        return requests.upload_import(actor=present, kind=SHELF, target_id=None, file=content, size=len(ROWS))

    return actor, act


def read(source: Import) -> bytes:
    with files.open_file_for_reading(files.build_upload_name(source)) as file:
        return file.read()


def test_a_suspension_during_an_upload(cast: World, race: Race, settings: Any, tmp_path: Any, monkeypatch: Any) -> None:
    settings.PRIVATE_ROOT = tmp_path
    monkeypatch.setattr(requests, "AT_ONCE", 1000)
    monkeypatch.setattr(requests, "PER_DAY", 10_000)
    make_shelf()
    staff, admin = Actor.system("staff"), cast.actor("partner.admin")

    def suspend() -> Any:
        return suspend_organization(actor=staff, organization=cast.partner, reason="Unpaid")

    with kinds_of_tests():
        for _round in range(count(200)):
            before = set(Import.objects.values_list("pk", flat=True))
            results = race.run([upload(admin)] * 6 + [(staff, suspend)] * 2)
            refused = [result for result in results[:6] if isinstance(result, Exception)]
            stored = Import.objects.exclude(pk__in=before)
            assert {error.code for error in refused} <= {"suspended"}  # type: ignore[attr-defined]
            assert {row.pk for row in stored} == {r.pk for r in results[:6] if not isinstance(r, Exception)}
            assert sum(isinstance(result, Conflict) for result in results[6:]) == 1  # two clicks suspend once
            told = Event.objects.filter(kind="import.uploaded", subject_id__in=stored.values("public_id"))
            assert told.count() == len(stored)
            assert all(read(row) == ROWS for row in stored)
            while runs.run_next_import():
                pass  # what was stored before is not worked on for a suspended organisation
            assert {row.state for row in stored.all()} <= {Import.State.FAILED} and shelf() == {}
            assert not isinstance(race.run([upload(admin)])[0], Import)
            reactivate_organization(actor=staff, organization=cast.partner)
        assert isinstance(race.run([upload(admin)])[0], Import)

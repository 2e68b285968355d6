"""Files of activation links as the worker runs them, batch by batch: what a dry run foretells, and where it stops."""

from dataclasses import replace
from typing import Any

import pytest

from entitlements.activation_imports import ACTIVATION_IMPORTS
from entitlements.models import ActivationLink
from imports import catalogue
from imports.actions import runs
from imports.models import Import
from notifications.models import Event
from tests.entitlements.test_activation_import import HEAD, RESEND_CUSTOMERS, customer_line
from tests.imports.test_runs import cast, confirm, fresh, upload  # noqa: F401
from tests.world import World

pytestmark = [pytest.mark.slow]
CUSTOMERS = ACTIVATION_IMPORTS[2]
MAILED = ("activation.sent", "activation.resent")


def file_of(rows: int) -> bytes:
    return "\n".join([HEAD, *(customer_line(number) for number in range(rows))]).encode()


def checked(cast: World, kind: Any, content: bytes) -> Import:  # noqa: F811
    source = upload(cast, content, kind=kind)
    assert runs.run_next_import()
    return fresh(source)


def test_the_dry_run_of_many_batches_sends_as_many_as_the_import(cast: World, settings: Any) -> None:  # noqa: F811
    settings.PORTAL_ACTIVATIONS_A_DAY = 12
    before = Event.objects.filter(kind__in=MAILED).count()
    source = checked(cast, CUSTOMERS, file_of(25))
    assert source.checked == {"new": 12, "refused": 13}
    assert Event.objects.filter(kind__in=MAILED).count() == before
    confirm(cast, source, mode="send")
    assert runs.run_next_import()
    assert fresh(source).applied == source.checked


def test_a_cancelled_file_sends_no_link_after_that_of_the_row_that_is_being_done(cast: World, monkeypatch: Any) -> None:  # noqa: F811
    source = checked(cast, CUSTOMERS, file_of(25))
    confirm(cast, source, mode="send")
    kind = catalogue.find_import_kind(CUSTOMERS.code)

    def apply(actor: Any, target: Any, rows: Any, mode: str) -> Any:
        if rows[0].number == 5:  # the fourth below the head
            Import.objects.filter(pk=source.pk).update(is_stop_asked=True)
        return CUSTOMERS.apply(actor, target, rows, mode)

    monkeypatch.setitem(catalogue.KINDS, kind.code, replace(kind, apply=apply))
    assert runs.run_next_import()
    row = fresh(source)
    assert (row.state, row.rows_done) == (Import.State.CANCELLED, 4)
    assert ActivationLink.objects.filter(name__startswith="Firm").count() == 4
    assert row.applied == {"new": 4, "not_reached": 21}


def test_the_dry_run_of_sending_again_knows_the_limit_too(cast: World, settings: Any) -> None:  # noqa: F811
    settings.PORTAL_ACTIVATIONS_A_DAY = 40
    source = checked(cast, CUSTOMERS, file_of(25))
    confirm(cast, source, mode="send")
    assert runs.run_next_import()
    links = ActivationLink.objects.filter(name__startswith="Firm").values_list("public_id", flat=True)
    again = checked(cast, RESEND_CUSTOMERS, "\n".join(["link", *map(str, links)]).encode())
    assert again.checked == {"changed": 15, "refused": 10}
    confirm(cast, again, mode="send")
    assert runs.run_next_import()
    assert fresh(again).applied == again.checked

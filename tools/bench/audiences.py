"""The goals of audiences: who may resell an offer, among 100,000 partners of the programme."""

import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse

from accounts.models import Organization, OrganizationKind, Person
from exports import actions as exports
from exports.files import open_export_for_reading
from exports.models import Export
from imports.actions.requests import confirm_import, upload_import
from imports.actions.runs import run_next_import
from imports.catalogue import find_import_kind
from imports.models import Import
from marketplace.actions.audience import sync_audience
from marketplace.models import Audience, AudienceChange, Authorization, Offer, PrivateInfo
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from tools.bench.measure import quantile, wall
from tools.bench.report import GoalLine
from tools.bench.signed_in import client

CHANGES = 1_000  # additions that one sync puts in force
TURNS = 3  # of which the fastest counts
OFFERS = 4  # of the publisher, with selected partners, in the order of their primary keys:
LARGE, SMALL, LARGE_COPY, SMALL_COPY = range(OFFERS)


def load(publisher: Organization) -> None:
    """Give the publisher an offer that all partners but CHANGES may resell, and one that a twentieth of them may."""
    offers = _find_offers(publisher.pk)
    chosen = _list_partners()
    for offer, count in ((offers[LARGE], len(chosen) - CHANGES), (offers[SMALL], len(chosen) // 20)):
        held = (Authorization(offer=offer, organization_id=key, source="selected") for key in chosen[:count])
        Authorization.objects.bulk_create(held, batch_size=5000)
    keys = [offer.pk for offer in offers]
    Offer.objects.filter(pk__in=keys).update(audience=Audience.SPECIFIC)
    PrivateInfo.objects.filter(offer__in=keys).update(next_audience=Audience.SPECIFIC)


def _find_offers(publisher_id: int | None) -> list[Offer]:
    return list(Offer.objects.filter(publisher=publisher_id).order_by("pk")[:OFFERS])


def _list_partners() -> list[int]:
    """Return the primary keys of the partners that were written as many, in the order in which they were written."""
    partners = Organization.objects.filter(kind=OrganizationKind.PARTNER, name__startswith="Reseller ").order_by("pk")
    return list(partners.values_list("pk", flat=True))


def lines(publisher: Person, actor: Actor, rounds: int) -> Iterator[GoalLine]:
    """Measure the goals of audiences as a person of their publisher, and yield a line for each."""
    yield from _pages(publisher, _find_offers(actor.organization_id), rounds)
    yield from _sync(actor)
    yield from _round_trip(actor)


def _pages(publisher: Person, offers: list[Offer], rounds: int) -> Iterator[GoalLine]:
    """Yield whole pages of the publisher in this process, each with a large audience and with a twentieth of it."""
    who = client(publisher)
    pages = {  # with the most milliseconds that each may take; the last counts all partners, too
        "picker over 100,000 partners": ("offer_audience_select", "", 100),
        "picker, searched by name": ("offer_audience_select", "?q=eller+99", 100),
        "picker, by country and name": ("offer_audience_select", "?country=DE&q=42", 100),
        "page of the audience": ("offer_audience", "", 200),
    }
    for name, (url_name, query, target) in pages.items():
        paths = [reverse(url_name, args=[offers[which].public_id]) + query for which in (LARGE, SMALL)]
        works = [partial(who.get, path) for path in paths]
        large, small = (quantile(samples, 95) for samples in wall(works, rounds))
        yield GoalLine(f"{name}, a twentieth of them chosen, p95", small * 1000, target, "ms")
        yield GoalLine("the same: nearly all of them chosen, against that", large / small, 5)
    (samples,) = wall([partial(who.get, reverse("simulator") + "?partner_q=eller+99")], rounds)
    yield GoalLine("simulator, one of 100,000 partners searched by name, p95", quantile(samples, 95) * 1000, 100, "ms")


def _sync(actor: Actor) -> Iterator[GoalLine]:
    """Yield a sync of additions to a large audience against one to a twentieth of it; both are undone."""
    offers = _find_offers(actor.organization_id)
    many, few = (min(_time_sync(actor, offers[which]) for _turn in range(TURNS)) for which in (LARGE, SMALL))
    yield GoalLine("sync of 1,000 additions to an audience of 100,000", many, 1, " s")
    yield GoalLine("sync of 1,000 additions: to an audience of 100,000 against a twentieth", many / few, 1.5)


def _time_sync(actor: Actor, offer: Offer) -> float:
    keys = _list_partners()[-CHANGES:]
    with transaction.atomic():
        AudienceChange.objects.bulk_create(
            AudienceChange(organization_id=key, offer=offer, source="selected") for key in keys
        )
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        begin = time.perf_counter()
        tenancy.enter_tenant(organization_id=actor.organization_id, person_id=actor.person_id)
        added = sync_audience(actor=actor, offer=offer, revision=offer.audience_revision)
        seconds = time.perf_counter() - begin
        assert added == CHANGES
        transaction.set_rollback(True)
    return seconds


def _round_trip(actor: Actor) -> Iterator[GoalLine]:
    """Yield the export of a large audience and its import into another offer, for each row, against a twentieth."""
    offers = _find_offers(actor.organization_id)
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(settings, "PRIVATE_ROOT", Path(folder)):
        large, small = (
            _export_and_import(actor, offers[source], offers[target])
            for source, target in ((LARGE, LARGE_COPY), (SMALL, SMALL_COPY))
        )
    rows = large[0]
    for number, what in ((1, "export of an audience"), (2, "import of an audience, dry run and all")):
        each, few = large[number] / rows, small[number] / small[0]
        yield GoalLine(f"{what}, {rows:,} rows", large[number], 180, " s")
        yield GoalLine("the same: a row, against a row of a twentieth", each / few, 1.5)


def _export_and_import(actor: Actor, source: Offer, target: Offer) -> tuple[int, float, float]:
    """Return the rows of an audience, and the seconds of its export and of its import into another offer."""
    whose: dict[str, Any] = {"organization_id": actor.organization_id, "person_id": actor.person_id}
    export = Export.objects.create(**whose, list="audience", query={"offer": str(source.public_id)})
    begin = time.perf_counter()
    assert exports.make_next_queued_export()
    exported = time.perf_counter() - begin
    export.refresh_from_db()
    kind = find_import_kind("audience")
    begin = time.perf_counter()
    with open_export_for_reading(export) as file, transaction.atomic(), tenancy.as_tenant(**whose):
        row = upload_import(actor=actor, kind=kind, target_id=target.public_id, file=file, size=export.size)
    assert run_next_import()
    with transaction.atomic(), tenancy.as_tenant(**whose):
        confirm_import(actor=actor, source=row, mode="merge")
    assert run_next_import()
    imported = time.perf_counter() - begin
    row.refresh_from_db()
    assert row.applied == {"new": row.rows_total}, (row.state, row.applied, row.problem)
    AudienceChange.objects.filter(offer=target).delete()
    Import.objects.all().delete()
    Export.objects.all().delete()
    return row.rows_total, exported, imported

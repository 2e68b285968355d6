"""An import of operators at the same moment as another one, and as somebody who comes in by themselves."""

import random
import time
from collections import Counter
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import update_last_login
from django.db import IntegrityError, transaction

from accounts.actions.people import register_person
from accounts.imports import apply_operator_rows
from accounts.models import ExternalIdentity, Operator, Person, Role
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.imports.kinds import ImportRow
from tests.counts import count
from tests.portfolio import differences
from tests.races.conftest import Race
from tests.world import World

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]
STAFF = Actor.system("vendor staff (test)")
ROUNDS = 200


def make_row(number: int, org_id: str, email: str, role: str = "Invoice") -> ImportRow:
    values = {"org_id": org_id, "email": email, "role": role, "name": "", "language": "", "external_id": email}
    return ImportRow(number, values)


def test_whoever_comes_in_at_the_same_moment_keeps_their_role(cast: World, race: Race) -> None:
    person = register_person(actor=STAFF, email="ann@old.example", verified=True).person
    mine = Operator.objects.filter(organization=cast.customer, person=person)

    def come_in() -> str:
        """As an invitation that is accepted does."""
        try:
            with transaction.atomic():
                Operator.objects.create(organization=cast.customer, person=person, roles=[Role.ADMIN])
        except IntegrityError:
            return "there already"
        return "in"

    seen: Counter[Any] = Counter()
    for _round in range(count(ROUNDS)):
        mine.delete()
        rows = [make_row(2, cast.customer.org_id, person.email)]
        came, results = race.run([(STAFF, come_in), (STAFF, partial(apply_operator_rows, STAFF, None, rows, "add"))])
        roles = mine.get().roles
        assert roles == (["reader", "admin"] if came == "in" else ["reader"]), (came, results)
        seen[came] += 1
    assert sum(seen.values()) == count(ROUNDS)


def test_files_with_the_same_people_bring_in_each_once(cast: World, race: Race) -> None:
    for round_number in range(count(ROUNDS)):
        emails = [f"user{number}.{round_number}@old.example" for number in range(3)]
        rows = [make_row(number, cast.partner.org_id, email) for number, email in enumerate(emails, start=2)]
        before = Event.objects.count()
        files = [rows, rows[::-1], rows[:2], rows[1:]]
        results = race.run([(STAFF, partial(apply_operator_rows, STAFF, None, file, "add")) for file in files])
        outcomes = Counter(str(row.outcome) for result in results for row in result)
        assert outcomes == {"new": 3, "already_there": 7}
        assert Person.objects.filter(email__in=emails).count() == 3
        assert ExternalIdentity.objects.filter(external_id__in=emails).count() == 3
        assert Event.objects.count() - before == 3


def test_somebody_signs_in_while_others_come_into_their_organisations(cast: World, race: Race) -> None:
    """Both write what the lists of partners say of several organisations, and neither waits for the other in vain."""
    many = cast.person("many")

    def sign_in() -> None:
        time.sleep(random.random() / 5)  # as long as the file may take
        update_last_login(None, many)

    last_first = sorted([cast.partner, cast.distributor], key=lambda row: -row.pk)
    for round_number in range(count(ROUNDS)):
        rows = [
            make_row(number, organization.org_id, f"new{number}.{round_number}@old.example")
            for number, organization in enumerate(last_first * 2, start=2)
        ]
        *_signed_in, results = race.run(
            [(STAFF, sign_in)] * 4 + [(STAFF, partial(apply_operator_rows, STAFF, None, rows, "add"))]
        )
        assert [str(row.outcome) for row in results] == ["new"] * 4
    assert differences() == []

"""The vendor's catalogues of competencies and skills: who edits them, what they refuse, and what retiring means."""

import pytest

from accounts.actions.qualifications import add_qualification, rename_qualification, retire_qualification
from accounts.actions.standing import set_qualifications
from accounts.models import Competency, Skill
from accounts.queries.programs import list_catalogue_qualifications
from notifications.models import Event
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("model", [Competency, Skill])]
STAFF = "vendor.admin"
Model = type[Competency | Skill]


def test_one_is_added_renamed_retired_and_offered_again(world: World, model: Model) -> None:
    actor = world.actor(STAFF)
    row = add_qualification(actor=actor, model=model, code="quantum", name=" Quantum \u202eComputing ")
    assert (row.name, row.revision) == ("Quantum Computing", 1)
    row = rename_qualification(actor=actor, qualification=row, name="Quantum", revision=1)
    with pytest.raises(Conflict, match="changed_meanwhile"):
        rename_qualification(actor=actor, qualification=row, name="Other", revision=1)
    row = retire_qualification(actor=actor, qualification=row, is_retired=True, revision=2)
    with pytest.raises(Conflict, match="changed_meanwhile"):
        retire_qualification(actor=actor, qualification=row, is_retired=False, revision=2)
    retire_qualification(actor=actor, qualification=row, is_retired=True, revision=3)
    retire_qualification(actor=actor, qualification=row, is_retired=False, revision=3)
    events = Event.objects.filter(kind__startswith="qualification.").order_by("pk")
    assert [(each.kind, each.changes) for each in events] == [
        ("qualification.added", {}),
        ("qualification.changed", {"name": ["Quantum Computing", "Quantum"]}),
        ("qualification.changed", {"is_retired": [False, True]}),
        ("qualification.changed", {"is_retired": [True, False]}),
    ]


@pytest.mark.parametrize("who", ["vendor.reader", "partner.admin", "publisher.admin"])
def test_nobody_else_edits_them(world: World, model: Model, who: str) -> None:
    actor, row = world.actor(who), model._default_manager.earliest("pk")
    with pytest.raises(ActionRefused):
        add_qualification(actor=actor, model=model, code="x", name="X")
    with pytest.raises(ActionRefused):
        rename_qualification(actor=actor, qualification=row, name="X", revision=None)
    with pytest.raises(ActionRefused):
        retire_qualification(actor=actor, qualification=row, is_retired=True, revision=None)


def test_bad_codes_and_names_are_refused(world: World, model: Model) -> None:
    actor, row = world.actor(STAFF), model._default_manager.earliest("pk")
    for code, name, error in (("a b", "X", "malformed_code"), ("x", "\u200b", "name_missing")):
        with pytest.raises(InvalidInput, match=error):
            add_qualification(actor=actor, model=model, code=code, name=name)
    with pytest.raises(InvalidInput, match="name_too_long"):
        rename_qualification(actor=actor, qualification=row, name="x" * 10_000, revision=None)
    with pytest.raises(Conflict, match="code_taken"):
        add_qualification(actor=actor, model=model, code=row.code, name="X")
    with pytest.raises(Conflict, match="name_taken"):
        add_qualification(actor=actor, model=model, code="x", name=row.name.upper())


def test_who_has_a_retired_one_keeps_it_and_nobody_gets_it(world: World, model: Model) -> None:
    actor, row = world.actor(STAFF), model._default_manager.get(code="security" if model is Competency else "training")

    def qualify(organization: object) -> None:
        given = {"competencies": [], "skills": []} | {"competencies" if model is Competency else "skills": [row]}
        set_qualifications(actor=actor, organization=organization, **given)

    def count() -> int:
        return list_catalogue_qualifications(actor, model).get(pk=row.pk).holders

    qualify(world.partner)
    held = count()
    row = retire_qualification(actor=actor, qualification=row, is_retired=True, revision=None)
    qualify(world.partner)
    with pytest.raises(InvalidInput, match="retired_qualification"):
        qualify(world.partner2)
    assert held == count() > 0
    assert list_catalogue_qualifications(actor, model).last() == row, "retired ones stand last"

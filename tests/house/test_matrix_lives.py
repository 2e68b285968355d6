"""The matrix would notice: each lock is taken away in turn.

First lock alone: requests stay a role that row-level security does not hold; the matrix holds, and goes red for every
`visible_to` that is taken away. Second lock alone: with `visible_to` taken away, requests return nothing foreign.
"""

import pytest
from django.db.models import Value
from django.db.models.lookups import Exact

from accounts.models import Person
from partnerportal.lib import tenancy
from partnerportal.lib.postgres.base import DatabaseWrapper
from partnerportal.lib.prepared import Prepared
from tests.house.answers import SEES
from tests.house.machine import Machine
from tests.house.matrix import MATRIX
from tests.house.test_tables import TENANT_MODELS
from tests.house.test_tables import test_both_locks_agree as both_locks_agree

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

QUERYSETS = {type(model.objects.all()).__name__: type(model.objects.all()) for model in TENANT_MODELS}
# Who would see what is not theirs. A list, because each of these filters shows in other pages.
WITNESSES = ("partner2.admin", "stranger.admin")
# Every page narrows these further, to a customer or to rows that are filtered themselves: no page can show the loss, so
# that the two locks disagree has to.
BEHIND_OTHERS = {
    "ConsentQuerySet",
    "CustomerPaceQuerySet",
    "EntitlementQuerySet",
    "ListSettingsQuerySet",
    "OrderQuerySet",
    "OrderLineQuerySet",
    "OrganizationQuerySet",
    "PortfolioQuerySet",
    "ProgramMembershipQuerySet",
    "QualificationQuerySet",
    "UsageQuerySet",
}
OURS = [row for row in MATRIX if not row.same_for_all]
# Asked first, because a lost filter shows at one of them: the others are asked when it does not.
TELLING = {
    "",
    "customers/",
    "customers/<uuid:customer_id>/",
    "exports/new/",
    "exports/<uuid:export_id>/file/",
    "invite/",
    "me/notices/",
    "renewals/calendar/",
}
FIRST = [row for row in OURS if row.pattern in TELLING]
WRITTEN_ONCE = {name: getattr(Prepared, name).func for name in ("_written", "_kept")}
HARM = ("and shows", "and changed")


def first_lock_alone(monkeypatch):
    monkeypatch.setattr(tenancy, "APP_ROLE", "none")


def take_away(monkeypatch, queryset):
    def everything(self, actor):  # still names the actor: a prepared statement has a place for it
        acting = Value(actor.organization_id or 0)
        return self.filter(Exact(acting, acting))

    monkeypatch.setattr(queryset, "rows_for", everything)
    for name, write in WRITTEN_ONCE.items():
        monkeypatch.setattr(Prepared, name, property(write))  # anew: they were written with the filter
    monkeypatch.setattr(DatabaseWrapper, "prepare_once", lambda *_: False)  # "$1 = $1" says no type


@pytest.mark.parametrize(
    "who", ["partner.admin", "partner2.admin", "lapsed.admin", "customer.reader", "stranger.admin"]
)
def test_first_lock_alone_holds(who, world, web, monkeypatch):
    first_lock_alone(monkeypatch)
    faults = list(Machine(world, web, SEES).faults(who, OURS))
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("name", sorted(set(QUERYSETS) - BEHIND_OTHERS))
def test_matrix_goes_red_without_a_scope(name, world, web, monkeypatch):
    first_lock_alone(monkeypatch)
    take_away(monkeypatch, QUERYSETS[name])
    machine = Machine(world, web, SEES)
    walks = ((rows, who) for rows in (FIRST, OURS) for who in WITNESSES)
    assert any(fault for rows, who in walks for fault in machine.faults(who, rows))


@pytest.mark.parametrize("name", sorted(BEHIND_OTHERS))
def test_locks_disagree_without_a_scope(name, world, actor_for, as_tenant, monkeypatch):
    take_away(monkeypatch, QUERYSETS[name])
    models = [model.__name__ for model in TENANT_MODELS if type(model.objects.all()).__name__ == name]
    with pytest.raises(AssertionError, match="|".join(models)):
        both_locks_agree("stranger.admin", world, actor_for, as_tenant)


def test_a_foreign_change_is_noticed(world, web, monkeypatch):
    ask = Machine._ask

    def meddle(self, *asked):
        Person.objects.filter(pk=world.person("customer2.admin").pk).update(name="Changed")
        return ask(self, *asked)

    monkeypatch.setattr(Machine, "_ask", meddle)
    rows = [row for row in OURS if row.pattern in ("customers/", "renewals/")]
    faults = list(Machine(world, web, SEES).faults("partner.admin", rows))
    assert [fault.endswith("changed foreign rows of ['accounts_person']") for fault in faults] == [True, True]


@pytest.mark.parametrize("who", WITNESSES)
def test_second_lock_alone_shows_nothing_foreign(who, world, web, monkeypatch):
    for queryset in QUERYSETS.values():
        take_away(monkeypatch, queryset)
    faults = Machine(world, web, SEES).faults(who, OURS)
    harm = [fault for fault in faults if any(word in fault for word in HARM) or " answered 500" in fault]
    assert not harm, "\n".join(harm)

"""What an organisation does about ends: state, owner and note, their history, who may read and write them."""

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError

from accounts.models import Operator
from connections.actions import change_connection_sharing
from connections.consent import get_all_shareable_scopes
from entitlements.actions.renewal_work import change_renewal_work, undo_renewal_work
from entitlements.models import Entitlement, Order, RenewalState, RenewalStep, RenewalWork
from entitlements.queries.renewal_work import list_renewal_values
from entitlements.queries.renewals import list_upcoming_renewals
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound
from partnerportal.lib.scopes import Scope
from tests.entitlements.test_bulk_actions import confirm, start
from tests.world import World, canary, events_of

NOTE = f"Called {canary('partner', 'work')}"


@pytest.fixture
def ending(world: World) -> Entitlement:
    """The customer's entitlement in production, on whose end partner and distributor have noted something."""
    return Entitlement.objects.get(customer=world.customer, kind="production", state="active")


@pytest.fixture
def change(actor_for: Any, as_tenant: Any, ending: Entitlement) -> Any:
    def change(who: str = "partner.admin", **values: Any) -> RenewalWork:
        actor = actor_for(who)
        with as_tenant(actor):
            return change_renewal_work(actor=actor, entitlement=ending, **values)

    return change


def share(world: World, actor: Actor, scopes: Scope) -> None:
    change_connection_sharing(actor=actor, connection=world.connection("customer", "partner"), scopes=scopes)


def row_of(page: str, entitlement: Entitlement) -> str:
    """The row of the list, found by the link to its dialog."""
    (row,) = [row for row in page.split("<tr>") if f"/renewals/{entitlement.public_id}/" in row]
    return row


# --- What is stored -------------------------------------------------------------------------------------------


@pytest.mark.promise("G-21")
def test_state_owner_and_note_are_stored_with_their_history(change: Any, world: World, actor_for: Any) -> None:
    colleague = world.operator("partner.sales_agent")
    work = change(state=RenewalState.QUOTED, owner=colleague, note="Sent a quote.")
    assert (work.state, work.owner_id, work.note) == ("quoted", colleague.person_id, "Sent a quote.")
    assert work.noted_at is not None
    steps = RenewalStep.objects.filter(work=work).order_by("revision").values_list("work_state", "note", "person_id")
    admin = world.person("partner.admin").pk
    assert list(steps) == [("contacted", NOTE, admin), ("quoted", "Sent a quote.", admin)]


def test_what_is_not_given_stays_and_nothing_new_records_nothing(change: Any, world: World) -> None:
    before, told = RenewalWork.objects.get(organization=world.partner), Event.objects.count()
    assert change(state=RenewalState.CONTACTED, note=NOTE).revision == before.revision
    assert Event.objects.count() == told
    after = change(state=RenewalState.RENEWING)
    assert (after.note, after.owner_id, after.noted_at) == (NOTE, before.owner_id, before.noted_at)


def test_a_note_that_is_taken_away_has_no_day(change: Any) -> None:
    assert change(note="").noted_at is None


@pytest.mark.parametrize("who", ["partner.reader", "partner.reader_with_finance", "distributor.reader"])
def test_a_reader_reads_and_does_not_write(who: str, change: Any, web: Any, ending: Entitlement) -> None:
    with pytest.raises(ActionRefused):
        change(who, state=RenewalState.RENEWING)
    url, page = f"/renewals/{ending.public_id}/", web(who).get(f"/renewals/{ending.public_id}/")
    assert "Contacted" in page.content.decode() and "<textarea" not in page.content.decode()
    assert web(who).post(url, {"state": "renewing"}).status_code == 403
    assert "bulk-bar" in web(who).get("/renewals/").content.decode(), "what is selected can be exported"
    assert "renewal_state" not in web(who).get("/renewals/").content.decode()


@pytest.mark.parametrize("who", ["partner2.admin", "distributor2.admin"])
def test_what_others_have_is_not_found(who: str, change: Any, web: Any, ending: Entitlement) -> None:
    with pytest.raises(NotFound):
        change(who, state=RenewalState.RENEWING)
    assert web(who).get(f"/renewals/{ending.public_id}/").status_code == 404


@pytest.mark.promise("G-21")
@pytest.mark.parametrize(
    "who", ["customer.admin", "distributor.admin", "lapsed.admin", "partner2.admin", "vendor.admin"]
)
def test_no_other_organisation_sees_it_by_either_lock(who: str, world: World, actor_for: Any, as_tenant: Any) -> None:
    actor = actor_for(who)
    mine = {"organization": world.partner}
    assert RenewalWork.objects.filter(**mine).exists()
    assert not RenewalWork.objects.visible_to(actor).filter(**mine).exists()
    assert not RenewalStep.objects.visible_to(actor).filter(work__organization=world.partner).exists()
    assert not events_of("renewal.noted").visible_to(actor).filter(organization_id=world.partner.pk).exists()
    with as_tenant(actor):
        assert not RenewalWork.objects.filter(**mine).exists()
        assert not RenewalStep.objects.filter(work__organization=world.partner).exists()
        assert not events_of("renewal.noted").filter(organization_id=world.partner.pk).exists()


@pytest.mark.promise("G-21")
def test_what_is_no_longer_shared_takes_the_work_out_of_sight(
    world: World, actor_for: Any, as_tenant: Any, web: Any, ending: Entitlement
) -> None:
    """And it is there again with the consent, because the customer has only paused it."""
    actor, customer = actor_for("partner.admin"), actor_for("customer.admin")
    work = RenewalWork.objects.filter(organization=world.partner, entitlement=ending)
    share(world, customer, get_all_shareable_scopes() & ~Scope.ENTITLEMENTS)
    assert not work.visible_to(actor).exists()
    with as_tenant(actor):
        assert not work.exists() and not RenewalStep.objects.exists()
    client = web("partner.admin")
    page = client.get("/renewals/").content.decode() + client.get("/account/activity/").content.decode()
    assert canary("partner", "work") not in page
    assert client.get(f"/renewals/{ending.public_id}/").status_code == 404
    share(world, customer, get_all_shareable_scopes())
    assert canary("partner", "work") in client.get("/renewals/").content.decode()


def test_the_log_of_the_organisation_says_what_was_done_without_the_note(change: Any, world: World, web: Any) -> None:
    change(state=RenewalState.WILL_LAPSE, owner=None, note="Ann Example leaves.")
    rows = Event.objects.filter(organization_id=world.partner.pk, kind__startswith="renewal.").order_by("-pk")
    told = {event.kind: event for event in rows[:3]}
    assert told.keys() == {"renewal.state_set", "renewal.owner_set", "renewal.noted"}
    for event in told.values():
        assert (event.customer_id, event.counterpart_id, event.note) == (None, None, "")
        assert "Ann" not in f"{event.data}{event.changes}"
    assert told["renewal.state_set"].changes == {"work_state": ["contacted", "will_lapse"]}


def test_an_event_that_others_could_read_is_refused_by_the_database(
    world: World, actor_for: Any, as_tenant: Any
) -> None:
    actor = actor_for("partner.admin")
    own = {"organization_id": actor.organization_id, "actor_kind": "person", "actor_id": actor.person_id}
    for reader in ("customer_id", "counterpart_id"):
        with pytest.raises(DatabaseError, match="row-level security"), as_tenant(actor):
            Event.objects.bulk_create([Event(**own, kind="renewal.noted", **{reader: world.customer.pk})])


def test_only_ones_own_operators_look_after_it(change: Any, world: World) -> None:
    with pytest.raises(InvalidInput, match="unknown_owner"):
        change(owner=world.operator("customer.admin"))


# --- Of two tabs the second is told ---------------------------------------------------------------------------


@pytest.mark.promise("G-21")
def test_of_two_tabs_the_second_is_told_and_loses_nothing(web: Any, world: World, ending: Entitlement) -> None:
    client, url = web("partner.admin"), f"/renewals/{ending.public_id}/"
    sent = {"state": "quoted", "note": "First", "ends_on": str(ending.ends_on), "revision": "1"}
    assert client.post(url, sent).status_code == 302
    answer = client.post(url, sent | {"state": "renewing", "note": "Second"})
    page = answer.content.decode()
    assert answer.status_code == 200 and "A colleague has changed this" in page and "Second" in page
    assert RenewalWork.objects.get(organization=world.partner, entitlement=ending).note == "First"
    assert client.post(url, sent | {"note": "Second", "revision": "2"}).status_code == 302


def test_two_first_notes_at_once_are_one_row(change: Any, world: World, ending: Entitlement) -> None:
    RenewalWork.objects.all().delete()
    change(note="One", revision=0)
    with pytest.raises(Conflict):
        change(note="Other", revision=0)
    assert RenewalWork.objects.get(organization=world.partner).note == "One"


# --- A term ends, and the next begins -------------------------------------------------------------------------


@pytest.mark.promise("G-21")
def test_the_next_term_begins_anew_and_the_history_stays(
    change: Any, world: World, web: Any, ending: Entitlement
) -> None:
    later = ending.ends_on + dt.timedelta(days=20)
    Entitlement.objects.filter(pk=ending.pk).update(ends_on=later)
    with pytest.raises(Conflict):
        change(state=RenewalState.RENEWING, ends_on=ending.ends_on)
    client = web("partner.admin")
    assert "Open" in row_of(client.get("/renewals/?within=90").content.decode(), ending)
    page = client.get(f"/renewals/{ending.public_id}/").content.decode()
    assert canary("partner", "work") in page.partition("renewal-history")[2]
    assert change(state=RenewalState.CONTACTED).ends_on == later
    assert RenewalWork.objects.filter(organization=world.partner, entitlement=ending).count() == 2


def test_what_has_ended_is_closed(change: Any, web: Any, ending: Entitlement) -> None:
    Entitlement.objects.filter(pk=ending.pk).update(ends_on=today() - dt.timedelta(days=1))
    with pytest.raises(NotFound):
        change(state=RenewalState.RENEWING)
    assert web("partner.admin").get(f"/renewals/{ending.public_id}/").status_code == 404


# --- Undo -----------------------------------------------------------------------------------------------------


@pytest.mark.promise("G-21")
def test_a_change_of_state_and_note_can_be_undone(web: Any, world: World, ending: Entitlement) -> None:
    client, url = web("partner.admin"), f"/renewals/{ending.public_id}/"
    owner = str(world.operator("partner.admin").public_id)
    sent = {"state": "will_lapse", "owner": owner, "note": "No", "ends_on": str(ending.ends_on), "revision": "1"}
    page = client.post(url, sent, follow=True).content.decode()
    assert world.customer.name in page and f"Saved. The renewal of {ending.sku.name} at" in page
    assert f"{url}undo/?revision=2" in page
    page = client.post(f"{url}undo/?revision=2", follow=True).content.decode()
    assert "is marked “Contacted” again" in page
    work = RenewalWork.objects.get(organization=world.partner, entitlement=ending)
    assert (work.state, work.note, work.revision) == ("contacted", NOTE, 3)
    assert client.post(f"{url}undo/?revision=2").status_code == 409


def test_a_new_owner_is_not_undone(web: Any, world: World, ending: Entitlement) -> None:
    sent = {"state": "contacted", "owner": "", "note": NOTE, "ends_on": str(ending.ends_on), "revision": "1"}
    page = web("partner.admin").post(f"/renewals/{ending.public_id}/", sent, follow=True).content.decode()
    assert "Saved. The renewal" in page and "undo/?revision" not in page


def test_the_first_note_is_undone_to_nothing(change: Any, actor_for: Any, as_tenant: Any, ending: Entitlement) -> None:
    RenewalWork.objects.all().delete()
    change(state=RenewalState.RENEWING, note="x")
    actor = actor_for("partner.admin")
    with as_tenant(actor):
        work = undo_renewal_work(actor=actor, entitlement=ending, revision=1)
    assert (work.state, work.note) == ("open", "")


# --- What it is worth -----------------------------------------------------------------------------------------


def value_of(actor: Actor, ending: Entitlement) -> Any:
    rows = list(list_upcoming_renewals(actor).filter(pk=ending.pk))
    return list_renewal_values(actor, rows).get(ending.pk)


@pytest.mark.promise("G-21")
def test_an_end_is_worth_its_licences_at_the_last_ordered_price(
    actor_for: Any, world: World, ending: Entitlement, web: Any
) -> None:
    line = Order.objects.get(customer=world.customer).lines.get()
    value = value_of(actor_for("partner.admin"), ending)
    assert (value.amount, value.currency) == (ending.quantity * line.unit_price, "EUR")
    row = row_of(web("partner.admin").get("/renewals/").content.decode(), ending)
    assert f"€{value.amount:.2f}" in row


@pytest.mark.parametrize("who", ["partner.reader", "partner.sales_agent", "distributor.reader"])
def test_without_finance_sight_its_worth_is_unknown(who: str, actor_for: Any, ending: Entitlement) -> None:
    assert value_of(actor_for(who), ending) is None


def test_without_shared_orders_its_worth_is_unknown(actor_for: Any, world: World, ending: Entitlement) -> None:
    share(world, actor_for("customer.admin"), get_all_shareable_scopes() & ~Scope.ORDERS)
    assert value_of(actor_for("partner.admin"), ending) is None


def test_a_cancelled_order_has_no_price_and_a_trial_no_worth(actor_for: Any, world: World, ending: Entitlement) -> None:
    trial = Entitlement.objects.get(customer=world.customer, kind="trial", state="active")
    assert value_of(actor_for("partner.admin"), trial) is None
    Order.objects.filter(customer=world.customer).update(state="cancelled")
    assert value_of(actor_for("partner.admin"), ending) is None


# --- Filters, files and many at once --------------------------------------------------------------------------


@pytest.mark.promise("G-21")
def test_the_list_is_narrowed_by_customer_state_and_owner(web: Any, world: World, change: Any) -> None:
    client = web("partner.admin")
    admin, agent = (str(world.operator(f"partner.{role}").public_id) for role in ("admin", "sales_agent"))

    def shows(query: str) -> set[str]:
        page = client.get(f"/renewals/?{query}").content.decode()
        return {name for name in ("customer", "customer2") if f"/{world[name].public_id}/services/" in page}

    both = {"customer", "customer2"}
    assert shows("kind=production") == both
    assert shows(f"kind=production&q={world.customer.org_id}") == {"customer"}
    assert shows("kind=production&state=contacted") == shows(f"kind=production&owner={admin}") == {"customer"}
    assert shows("kind=production&state=open") == shows("kind=production&owner=none") == {"customer2"}
    assert shows(f"kind=production&owner={agent}") == set()
    assert shows(f"kind=production&owner={agent},{admin}") == {"customer"}
    assert shows(f"kind=production&owner={admin},none") == both
    assert shows(f"kind=production&owner={agent},none") == {"customer2"}
    assert shows("kind=production&owner=nonsense") == shows("kind=production&state=nonsense") == both


def test_an_owner_who_has_left_is_none(web: Any, world: World, change: Any, ending: Entitlement) -> None:
    change(owner=world.operator("partner.sales_agent"))
    Operator.objects.get(pk=world.operator("partner.sales_agent").pk).delete()
    page = web("partner.admin").get("/renewals/?owner=none").content.decode()
    assert f"/renewals/{ending.public_id}/" in page


def test_a_file_has_worth_owner_state_and_note_of_ones_own(world: World, actor_for: Any, as_tenant: Any) -> None:
    from entitlements.renewal_imports import RENEWALS

    actor = actor_for("partner.admin")
    with as_tenant(actor):
        row = RENEWALS.rows(actor, {"kind": "production", "state": "contacted"}, None).get()
    assert (row.work_state, row.work_note, row.currency) == ("contacted", NOTE, "EUR")
    assert row.work_owner == world.person("partner.admin").name
    reader = actor_for("partner.reader")
    with as_tenant(reader):
        row = RENEWALS.rows(reader, {"kind": "production", "state": "contacted"}, None).get()
    assert (row.worth, row.currency) == (None, None)


@pytest.mark.promise("G-21")
def test_the_state_of_many_is_set_after_a_dry_run(
    web: Any, world: World, ending: Entitlement, settings: Any, tmp_path: Any
) -> None:
    settings.PRIVATE_ROOT = tmp_path
    other = Entitlement.objects.get(customer=world.customer2, kind="production", state="active")
    foreign = Entitlement.objects.get(customer=world.stranger, kind="production", state="active")
    client, rows = web("partner.admin"), [str(row.public_id) for row in (ending, other, foreign)]
    source = start(client, "/imports/bulk/renewal_state/", row=rows, is_chosen="1", state="contacted")
    assert source.checked == {"changed": 1, "already_there": 1}, "what the partner does not see cannot be selected"
    assert confirm(client, source, "set").applied == {"changed": 1, "already_there": 1}
    work = RenewalWork.objects.filter(organization=world.partner).order_by("entitlement")
    assert {row.entitlement_id: row.state for row in work} == {ending.pk: "contacted", other.pk: "contacted"}
    assert not RenewalWork.objects.filter(entitlement=foreign).exists()


@pytest.mark.promise("G-21")
def test_the_owner_of_many_is_set_and_named(
    web: Any, world: World, ending: Entitlement, settings: Any, tmp_path: Any
) -> None:
    settings.PRIVATE_ROOT = tmp_path
    client, agent = web("partner.sales_agent"), world.operator("partner.sales_agent")
    chosen = {"row": [str(ending.public_id)], "is_chosen": "1", "owner": str(agent.public_id)}
    source = start(client, "/imports/bulk/renewal_owner/", **chosen)
    page = client.get(f"/imports/{source.public_id}/").content.decode()
    assert agent.person.name in page and str(agent.public_id) not in page
    assert confirm(client, source, "set").applied == {"changed": 1}
    assert RenewalWork.objects.get(organization=world.partner).owner_id == agent.person_id


def test_of_many_a_moved_end_is_left_alone(
    web: Any, world: World, ending: Entitlement, settings: Any, tmp_path: Any
) -> None:
    settings.PRIVATE_ROOT = tmp_path
    client = web("partner.admin")
    chosen = {"row": [str(ending.public_id)], "is_chosen": "1", "state": "will_lapse"}
    source = start(client, "/imports/bulk/renewal_state/", **chosen)
    Entitlement.objects.filter(pk=ending.pk).update(ends_on=ending.ends_on + dt.timedelta(days=1))
    assert confirm(client, source, "set").applied == {"refused": 1}
    assert RenewalWork.objects.get(organization=world.partner).state == "contacted"


def test_the_api_is_narrowed_by_ones_own_work(api: Any, world: World, ending: Entitlement) -> None:
    for query, sees in (("state=contacted", True), ("state=open", False), ("owner=none", False), ("", True)):
        rows = api("partner.admin").get(f"/api/v1/renewals/?{query}").json()["items"]
        assert (str(ending.public_id) in {row["id"] for row in rows}) is sees, query

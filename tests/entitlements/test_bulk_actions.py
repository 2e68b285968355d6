"""Bulk actions from the lists of customers and trials (G15): what the dry run says, and what confirming it does."""

import csv
import datetime as dt
import io
import re
from typing import Any

import pytest

from accounts.models import Organization
from connections.models import Connection
from entitlements.actions.trials import approve_trial, compute_extended_trial_end, extend_trial, request_trial
from entitlements.models import ActivationLink, Entitlement, Sku
from imports.actions import runs
from imports.models import Import
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.errors import Conflict
from partnerportal.lib.imports.bulk import apply_row_by_row
from partnerportal.lib.imports.kinds import ImportRow
from partnerportal.lib.imports.results import RowOutcome, RowResult
from tests.world import World, events_of

END, APPROVE, EXTEND = (f"/imports/bulk/{code}/" for code in ("end_connections", "approve_trials", "extend_trials"))
State = Entitlement.State


@pytest.fixture(autouse=True)
def private_folder(settings: Any, tmp_path: Any) -> None:
    settings.PRIVATE_ROOT = tmp_path


def start(client: Any, url: str, **form: Any) -> Import:
    """Select rows and press a button of the list; return the bulk action with its dry run done."""
    answer = client.post(url, {"what": "ticked", **form})
    assert answer.status_code == 302, answer.content.decode()
    assert runs.run_next_import()
    source = Import.objects.latest("pk")
    assert answer["Location"] == f"/imports/{source.public_id}/"
    return source


def confirm(client: Any, source: Import, mode: str) -> Import:
    assert client.post(f"/imports/{source.public_id}/apply/", {"mode": mode}).status_code == 302
    assert runs.run_next_import()
    source.refresh_from_db()
    return source


def results(client: Any, source: Import) -> list[dict[str, str]]:
    content = b"".join(client.get(f"/imports/{source.public_id}/results/").streaming_content)
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


UUIDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def shown(client: Any, source: Import) -> str:
    """Return what people read of a bulk action: the tables of its page, in which no ID is, and its file of results."""
    page = client.get(f"/imports/{source.public_id}/").content.decode()
    tables = "".join(re.findall(r"<table.*?</table>", page, re.DOTALL))
    content = b"".join(client.get(f"/imports/{source.public_id}/results/").streaming_content).decode()
    assert tables and not UUIDS.search(tables)
    return tables + content


def test_the_connections_of_the_selected_customers_end_once_they_are_confirmed(world: World, web: Any) -> None:
    client = web("partner.admin")
    source = start(client, END, row=[world.customer.org_id, world.stranger.org_id])
    assert source.checked == {"changed": 1}  # whoever is not in the list cannot be selected
    assert shown(client, source).count(world.customer.name) == 2
    page = client.get(f"/imports/{source.public_id}/").content.decode()
    assert (
        "End 1 connection" in page
        and "What would happen" in page
        and "You will no longer be able to see these customers" in page
    )
    assert world.connection("customer", "partner").state == Connection.State.ACTIVE
    done = confirm(client, source, "end")
    assert done.applied == {"changed": 1} and shown(client, source).count(world.customer.name) == 2
    assert not Connection.objects.active().filter(partner=world.partner, customer=world.customer).exists()
    assert events_of("connection.ended").filter(organization_id=world.partner.pk).count() == 1
    assert world.customer.name not in client.get("/customers/").content.decode()


def test_what_a_row_had_done_before_it_was_refused_is_undone(world: World) -> None:
    """The rows before and after it stay."""

    def act(actor: Actor, row: ImportRow) -> RowResult:
        Organization.objects.filter(org_id=row.values["org_id"]).update(city="Ulm")
        if row.number == 3:
            raise Conflict("no", "Not this one.")
        return RowResult(RowOutcome.CHANGED)

    customers = (world.customer, world.stranger, world.customer2)
    rows = [ImportRow(number, {"org_id": row.org_id}, "") for number, row in enumerate(customers, start=2)]
    done = apply_row_by_row(act)(world.actor("vendor.admin"), None, rows, "act")
    assert [result.outcome for result in done] == ["changed", "refused", "changed"]
    assert {*Organization.objects.filter(city="Ulm")} == {world.customer, world.customer2}


def test_all_that_match_are_what_the_filters_of_the_page_show(world: World, web: Any) -> None:
    client, before = web("partner.admin"), Import.objects.count()
    nobody = client.post(END, {"what": "shown", "query": "q=nobody-is-called-so"})
    assert nobody.status_code == 302 and nobody["Location"] == "/customers/"
    assert Import.objects.count() == before
    source = start(client, END, what="shown", query=f"q={world.customer.org_id}")
    assert source.rows_total == 1


def test_nothing_selected_is_said_in_the_list(world: World, web: Any) -> None:
    client = web("partner.admin")
    answer = client.post(END, {"what": "ticked", "next": "/customers/?sort=name"}, follow=True)
    assert "Select at least one row." in answer.content.decode() and answer.request["QUERY_STRING"] == "sort=name"
    assert client.post(END, {"what": "ticked", "next": "//evil.example"})["Location"] == "/customers/"


def test_a_distributor_ends_no_connection_of_its_partners(world: World, web: Any) -> None:
    client = web("distributor.admin")
    source = start(client, END, row=[world.customer.org_id])
    assert source.checked == {"refused": 1}
    assert "Your organisation has no active connection" in results(client, source)[0]["message"]
    assert client.post(f"/imports/{source.public_id}/apply/", {"mode": "end"}).status_code == 409
    assert world.connection("customer", "partner").state == Connection.State.ACTIVE


def test_a_connection_that_is_new_since_the_dry_run_stays(world: World, web: Any) -> None:
    client = web("partner.admin")
    source = start(client, END, row=[world.customer.org_id])
    old = world.connection("customer", "partner")
    Connection.objects.filter(pk=old.pk).update(
        state="ended", ended_at=dt.datetime.now(dt.UTC), ended_by=world.customer
    )
    new = Connection.objects.create(
        partner=world.partner, customer=world.customer, partner_name="Partner", customer_name="Customer"
    )
    assert confirm(client, source, "end").applied == {"refused": 1}
    new.refresh_from_db()
    assert new.state == Connection.State.ACTIVE


@pytest.mark.parametrize(("who", "status"), [("partner.reader", 403), ("customer.admin", 404), ("vendor.admin", 404)])
def test_who_may_not_end_them_one_by_one_may_not_in_bulk(who: str, status: int, world: World, web: Any) -> None:
    before = Import.objects.count()
    assert web(who).post(END, {"what": "ticked", "row": [world.customer.org_id]}).status_code == status
    assert Import.objects.count() == before


def test_the_code_of_another_kind_is_no_bulk_action_and_is_not_uploaded(web: Any) -> None:
    client = web("partner.admin")
    assert client.post("/imports/bulk/audience/", {"what": "all"}).status_code == 404
    assert client.get(END).status_code == 405
    assert client.get("/imports/new/end_connections/").status_code == 404


@pytest.fixture
def trials(world: World) -> list[Entitlement]:
    """Three requests of the customer."""
    skus = [Sku.objects.create(code=f"TRY-{n}", service="Trying", name=f"Try {n}") for n in range(3)]
    return [request_trial(actor=world.actor("customer.admin"), sku=sku, quantity=5) for sku in skus]


def test_the_vendor_approves_what_waits(trials: list[Entitlement], world: World, web: Any) -> None:
    client = web("vendor.admin")
    approve_trial(actor=world.actor("vendor.admin"), trial=trials[0])
    source = start(client, APPROVE, row=[str(trial.public_id) for trial in trials])
    assert source.checked == {"changed": 2, "refused": 1}
    page = client.get(f"/imports/{source.public_id}/").content.decode()
    assert trials[1].sku.name in page and str(trials[1].public_id) not in page, "an ID says nothing"
    assert confirm(client, source, "approve").applied == {"changed": 2, "refused": 1}
    assert all(trial.sku.name in shown(client, source) for trial in trials)
    assert {trial.state for trial in Entitlement.objects.filter(pk__in=[t.pk for t in trials])} == {State.ACTIVE}
    assert events_of("trial.approved").count() == 3


def test_running_trials_are_extended_to_the_day_of_the_dry_run(
    trials: list[Entitlement], world: World, web: Any
) -> None:
    client, staff = web("vendor.admin"), world.actor("vendor.admin")
    running = [approve_trial(actor=staff, trial=trial) for trial in trials[:2]]
    end = running[0].ends_on
    source = start(client, EXTEND, row=[str(trial.public_id) for trial in trials])
    assert source.checked == {"changed": 2, "refused": 1}
    assert shown(client, source).count(world.customer.name) == 6
    later = compute_extended_trial_end(running[0])
    assert later and [row["new_ends_on"] for row in results(client, source)].count(later.isoformat()) == 2
    extend_trial(actor=staff, trial=running[1], ends_on=later)  # by a colleague
    assert confirm(client, source, "extend").applied == {"changed": 1, "refused": 2}
    assert (
        {Entitlement.objects.get(pk=trial.pk).ends_on for trial in running} == {later} and end and later > end > today()
    )


def test_readers_of_the_vendor_see_no_button(trials: list[Entitlement], web: Any) -> None:
    assert APPROVE in web("vendor.admin").get("/trials/").content.decode()
    page = web("vendor.reader").get("/trials/").content.decode()
    assert APPROVE not in page and "Export selected" in page
    assert web("vendor.reader").post(APPROVE, {"what": "all"}).status_code == 403


@pytest.mark.parametrize("state, offered", [("waiting", [APPROVE]), ("running", [EXTEND]), ("ended", [])])
def test_a_list_of_trials_offers_what_can_be_done_with_its_rows(state: str, offered: list[str], web: Any) -> None:
    page = web("vendor.admin").get(f"/trials/?state={state}").content.decode()
    assert [path for path in (APPROVE, EXTEND) if path in page] == offered


def test_selected_trials_are_exported(trials: list[Entitlement], web: Any) -> None:
    form = {"list": "trials", "what": "ticked", "row": [str(trials[1].public_id), "no-id"]}
    lines = web("vendor.admin").post("/exports/new/", form).content.decode().splitlines()
    assert len([line for line in lines if "TRY-" in line]) == 1


@pytest.mark.parametrize(("who", "kind"), [("partner.admin", "customer"), ("distributor.admin", "partner")])
def test_links_that_are_sent_again_are_shown_by_name(who: str, kind: str, world: World, web: Any) -> None:
    client, link = web(who), ActivationLink.objects.get(organization=world.organization_of(who))
    source = start(client, f"/imports/bulk/resend_{kind}s/", row=[str(link.public_id)])
    assert source.checked == {"changed": 1}
    assert shown(client, source).count(link.name) == 2
    assert confirm(client, source, "send").applied == {"changed": 1}
    assert shown(client, source).count(link.email) == 2


MANAGERS = "/imports/bulk/partner_managers/"


def test_an_account_manager_is_set_for_the_selected_partners(world: World, web: Any) -> None:
    client, rows = web("vendor.admin"), [world.partner.org_id, world.partner2.org_id]
    manager = world.operator("vendor.admin")
    asked = client.post(MANAGERS, {"what": "ticked", "row": rows, "next": "/partners/?sort=name"})
    assert asked.status_code == 200 and asked.content.decode().count('name="row"') == 2
    form = {"row": rows, "is_chosen": "1", "manager": str(manager.public_id), "phone": "+353 1 555 0100"}
    source = start(client, MANAGERS, **form)
    assert source.checked == {"changed": 2}
    page = client.get(f"/imports/{source.public_id}/").content.decode()
    assert f"<bdi>{manager.person.name}</bdi>" in page and str(manager.public_id) not in page
    assert {row["manager"] for row in results(client, source)} == {str(manager.public_id)}
    assert confirm(client, source, "set").applied == {"changed": 2}
    assert shown(client, source).count(manager.person.name) == 4
    for name in ("partner", "partner2"):
        assert world[name].account_manager_id == manager.pk and world[name].account_manager_phone == "+353 1 555 0100"
    assert start(client, MANAGERS, **form).checked == {"already_there": 2}
    bad = client.post(MANAGERS, {**form, "what": "ticked", "manager": str(world.operator("partner.admin").public_id)})
    assert bad.status_code == 400


def test_the_dry_run_says_that_nobody_is_to_look_after_them(world: World, web: Any) -> None:
    client = web("vendor.admin")
    Organization.objects.filter(pk=world.partner.pk).update(account_manager=world.operator("vendor.admin"))
    form = {"row": [world.partner.org_id], "is_chosen": "1", "manager": "", "phone": "+353 1 555 0100"}
    source = start(client, MANAGERS, **form)
    page = client.get(f"/imports/{source.public_id}/").content.decode()
    assert "<bdi>Nobody</bdi>" in page and "555 0100" not in page
    assert confirm(client, source, "set").applied == {"changed": 1}
    assert world.partner.account_manager_id is None


def test_an_account_manager_who_has_left_is_set_nowhere(world: World, web: Any) -> None:
    client, manager = web("vendor.admin"), world.operator("vendor.reader")
    form = {"row": [world.partner.org_id], "is_chosen": "1", "manager": str(manager.public_id), "phone": ""}
    source = start(client, MANAGERS, **form)
    manager.delete()
    assert confirm(client, source, "set").applied == {"refused": 1}
    assert world.partner.account_manager_id is None


@pytest.mark.promise("CV-12")
def test_an_account_manager_is_set_for_all_customers_that_match(world: World, web: Any) -> None:
    """From the list where most organisations are, by a filter of it; whoever may not set one has no button."""
    client, manager = web("vendor.admin"), world.operator("vendor.admin")
    customers, stranger = (world.customer, world.customer2), world.stranger
    path = f"/customers/?partner={world.partner.org_id}"
    url = "/imports/bulk/customer_managers/"
    assert f'formaction="{url}"' in client.get(path).content.decode()
    for who, status in (("vendor.reader", 403), ("distributor.admin", 404)):
        assert url not in web(who).get("/customers/").content.decode()
        assert web(who).post(url, {"what": "all"}).status_code == status
    form = {"what": "shown", "query": f"partner={world.partner.org_id}", "is_chosen": "1", "phone": ""}
    source = start(client, url, **form, manager=str(manager.public_id))
    assert source.checked == {"changed": 2}
    assert confirm(client, source, "set").applied == {"changed": 2}
    for row in (*customers, stranger):
        row.refresh_from_db()
        assert row.account_manager_id == (manager.pk if row in customers else None)
    assert events_of("account_manager.changed").count() == 2

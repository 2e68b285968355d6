"""Who sees orders and prices of customers: Admins, Admin agents, and whom an Admin lets see them (E-13)."""

from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from accounts.actions.operators import add_operator, change_operator_roles
from accounts.models import Operator, Role
from entitlements.events import EntitlementEventKind
from entitlements.models import Order, OrderLine
from exports.models import Export
from notifications import registry
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.scopes import Scope
from tests.world import World, canary

SEE = [
    "partner.admin",
    "partner.admin_agent",
    "partner.reader_with_finance",
    "partner.sales_agent_with_finance",
    "distributor.admin",
    "distributor.admin_agent",
]
DO_NOT = ["partner.reader", "partner.sales_agent", "distributor.reader", "distributor.sales_agent"]
REFUSAL = "Only Admins and Admin agents can see customers’ orders and prices. An Admin can let you see them too."
NUMBER = f"PO-{canary('customer', 'orders')}"


def tab(world: World) -> str:
    return reverse("customer_orders", args=[world.customer.public_id])


@pytest.mark.promise("E-13")
@pytest.mark.parametrize("who", SEE + DO_NOT)
def test_pages_and_the_api_show_orders_to_who_has_the_sight(who: str, world: World, web: Any, api: Any) -> None:
    sees, client = who in SEE, web(who)
    page = client.get(tab(world))
    assert page.status_code == (200 if sees else 403)
    assert (NUMBER in page.content.decode()) is sees
    assert (REFUSAL in page.content.decode()) is not sees
    answer = api(who).get(f"/api/v1/customers/{world.customer.public_id}/orders/")
    assert answer.status_code == (200 if sees else 403)
    if sees:
        assert [row["number"] for row in answer.json()["items"]] == [NUMBER]
    else:
        assert [(e["code"], e["detail"]) for e in answer.json()["errors"]] == [("no_finance_sight", REFUSAL)]
    activity = client.get(reverse("customer_activity", args=[world.customer.public_id])).content.decode()
    assert (NUMBER in activity) is sees and canary("customer", "skus") in activity
    export = client.post("/exports/new/", {"list": "orders", "customer": str(world.customer.public_id)})
    assert export.status_code == (200 if sees else 403)


@pytest.mark.parametrize(("who", "count"), [("partner.reader_with_finance", "1"), ("partner.reader", "")])
def test_the_tab_counts_orders_or_says_no_number(who: str, count: str, world: World, web: Any) -> None:
    page = web(who).get(reverse("customer", args=[world.customer.public_id])).content.decode()
    label = page[page.index(tab(world)) :].partition("</a>")[0].partition(">")[2]
    words = " ".join(label.replace("<", " <").split())
    assert "Orders" in words and ("1" in words) is bool(count) and "0" not in words


@pytest.mark.promise("E-13")
@pytest.mark.parametrize("who", ["customer.reader", "publisher.reader", "vendor.reader", *DO_NOT])
def test_everybody_sees_the_own_orders(who: str, world: World, web: Any, as_tenant: Any, actor_for: Any) -> None:
    actor = actor_for(who)
    own = Order.objects.filter(customer=actor.organization_id).order_by("pk")
    with as_tenant(actor):
        assert list(Order.objects.visible_to(actor).order_by("pk")) == list(Order.objects.order_by("pk")) == list(own)
    for order in own:
        assert order.number in web(who).get("/orders/").content.decode()
    assert web(who).post("/exports/new/", {"list": "orders"}).status_code == 200


@pytest.mark.parametrize("who", SEE + DO_NOT)
def test_either_lock_alone_knows(who: str, world: World, as_tenant: Any, actor_for: Any) -> None:
    actor, customer = actor_for(who), world.customer.pk
    placed = Event.objects.filter(kind="order.placed", customer_id=customer)
    for rows in (Order.objects.filter(customer=customer), OrderLine.objects.filter(order__customer=customer), placed):
        assert rows.visible_to(actor).exists() is (who in SEE)  # as the role that owns the tables
        with as_tenant(actor):
            assert rows.exists() is (who in SEE)  # without the first lock
    with as_tenant(actor):
        assert Event.objects.visible_to(actor).filter(kind="entitlement.added", customer_id=customer).exists()


@pytest.mark.promise("E-13")
def test_a_grant_and_its_end_hold_from_the_next_request_on(world: World, web: Any, actor_for: Any) -> None:
    admin, reader, path = web("partner.admin"), web("partner.reader"), tab(world)
    dialog = f"/operators/{world.operator('partner.reader').public_id}/roles/"
    page = admin.get(dialog).content.decode()
    assert "May see customers’ orders and prices" in page and 'name="finance_granted" checked' not in page
    assert admin.post(dialog, {"roles": ["reader"], "finance_granted": "on"}).status_code == 302
    event = Event.objects.latest("pk")
    assert (event.kind, event.changes) == ("operator.roles_changed", {"finance_granted": [False, True]})
    assert reader.get(path).status_code == 200
    for line in (admin, reader):
        assert "May see customers’ orders and prices" in line.get("/operators/").content.decode()
    made = reader.post("/exports/new/", {"list": "orders", "customer": str(world.customer.public_id)})
    assert NUMBER in made.content.decode()
    export = Export.objects.create(
        organization=world.partner, person_id=world.person("partner.reader").pk, customer=world.customer, list="orders"
    )
    file = f"/exports/{export.public_id}/file/"
    assert reader.get(file).status_code == 409  # not made yet
    assert admin.post(dialog, {"roles": ["reader"]}).status_code == 302
    assert reader.get(path).status_code == reader.get(file).status_code == 403


@pytest.mark.parametrize(
    ("roles", "granted", "sees"),
    [(["reader"], False, False), (["reader"], True, True), (["sales_agent", "admin_agent"], False, True)],
)
def test_roles_and_grant_together_decide(
    roles: list[str], granted: bool, sees: bool, world: World, as_tenant: Any, actor_for: Any
) -> None:
    with as_tenant(actor_for("partner.admin")):
        change_operator_roles(
            actor=actor_for("partner.admin"),
            operator=world.operator("partner.reader"),
            roles=roles,
            finance_granted=granted,
        )
    actor = actor_for("partner.reader")
    assert actor.sees_finance is sees
    with as_tenant(actor):
        assert Order.objects.filter(customer=world.customer).exists() is sees


def test_nobody_grants_it_to_themselves(world: World, as_tenant: Any, actor_for: Any) -> None:
    """The dialog is for other Admins, and the database refuses what a request of one's own is made to say."""
    reader = actor_for("partner.reader")
    with as_tenant(reader):
        mine = Operator.objects.filter(person=reader.person_id)
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            mine.update(finance_granted=True)


def test_only_who_sells_is_asked_for_it(world: World, web: Any) -> None:
    for organization, is_asked in (("distributor", True), ("customer", False), ("vendor", False)):
        page = web(f"{organization}.admin").get(
            f"/operators/{world.operator(f'{organization}.reader').public_id}/roles/"
        )
        assert ('name="finance_granted"' in page.content.decode()) is is_asked


def test_staff_grant_it_with_the_roles(world: World) -> None:
    person = world.person("nobody")
    values = {"actor": Actor.system(), "organization": world.partner, "person": person, "roles": [Role.READER]}
    assert add_operator(**values, finance_granted=True).sees_finance
    assert not add_operator(**values).sees_finance


def test_no_notice_tells_of_orders() -> None:
    """Notices and mails go by organisation and role: the first that tells of orders must ask for finance sight."""
    assert [event for event in EntitlementEventKind if Scope.ORDERS in event.scopes] == [
        EntitlementEventKind.ORDER_PLACED
    ]
    assert registry.list_notice_kinds_for_event(EntitlementEventKind.ORDER_PLACED) == []

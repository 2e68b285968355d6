"""Who holds a licence: the customer's own Admins, and nobody else, anywhere (CC-32)."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from entitlements.actions.releases import request_licence_release, withdraw_release_request
from entitlements.models import LicenseAssignment, Sku
from notifications.actions.outbox import write_due_notices
from notifications.models import Event, Notice
from partnerportal.lib.errors import ActionRefused, Conflict, NotFound
from tests.world import World, canary

LIST = "/usage/licences/"


def held(world: World, name: str = "customer") -> LicenseAssignment:
    return LicenseAssignment.objects.filter(customer=world[name]).earliest("pk")


def give(world: World, holder: str, **fields: Any) -> LicenseAssignment:
    return LicenseAssignment.objects.create(
        customer=world.customer,
        sku=Sku.objects.earliest("pk"),
        external_id=holder,
        holder_kind="user",
        holder=holder,
        **{"assigned_at": timezone.now() - dt.timedelta(days=90), **fields},
    )


@pytest.mark.promise("CC-24", "CC-32", "E-7")
@pytest.mark.parametrize(
    "who",
    [
        "partner.admin",
        "distributor.admin",
        "customer.reader",
        "publisher.admin",
        "vendor.admin",
    ],
)
def test_nobody_else_opens_the_page_or_asks(who: str, world: World, web: Any, actor_for: Any) -> None:
    client, address = web(who), f"{LIST}{held(world).public_id}/release/"
    status = 403 if who == "customer.reader" else 404
    assert client.get(LIST).status_code == status
    assert client.get(address).status_code == client.post(address).status_code == status
    with pytest.raises(ActionRefused):
        request_licence_release(actor=actor_for(who), assignment=held(world))


def test_another_customers_holder_is_not_found(world: World, web: Any, actor_for: Any) -> None:
    assert web("stranger.admin").post(f"{LIST}{held(world).public_id}/release/").status_code == 404
    with pytest.raises(NotFound):
        request_licence_release(actor=actor_for("stranger.admin"), assignment=held(world))


def test_search_and_those_not_used(world: World, web: Any) -> None:
    give(world, "long.gone@x.example", last_used_at=timezone.now() - dt.timedelta(days=31))
    give(world, "fresh@x.example", last_used_at=timezone.now() - dt.timedelta(days=29))
    give(world, "never@x.example")
    give(world, "released@x.example", released_at=timezone.now())
    client = web("customer.admin")
    everybody = client.get(LIST).content.decode()
    assert "released@x" not in everybody
    assert all(name in everybody for name in ("long.gone@x", "fresh@x", "never@x"))
    unused = client.get(f"{LIST}?unused=true").content.decode()
    assert "long.gone@x" in unused and "never@x" in unused and "fresh@x" not in unused
    found = client.get(f"{LIST}?q=FRESH").content.decode()
    assert "fresh@x" in found and "long.gone@x" not in found
    assert client.get(f"{LIST}?q=%00&unused=maybe&cursor=rubbish").status_code == 200
    assert "No licence users match" in client.get(f"{LIST}?q=nobody-at-all").content.decode()
    LicenseAssignment.objects.update(last_used_at=timezone.now())
    assert "No unused licences" in client.get(f"{LIST}?unused=true").content.decode()
    assert "No licence users match" in client.get(f"{LIST}?unused=true&q=nobody-at-all").content.decode()


def test_pages_of_fifty(world: World, web: Any, count_queries: Any) -> None:
    client = web("customer.admin")
    with count_queries() as before:
        client.get(LIST)
    LicenseAssignment.objects.bulk_create(
        LicenseAssignment(
            customer=world.customer, sku=Sku.objects.earliest("pk"), external_id=f"a{number}", holder_kind="device",
            holder=f"device-{number:03}", assigned_at=timezone.now(),
        )
        for number in range(60)
    )  # fmt: skip
    with count_queries() as after:
        page = client.get(LIST)
    assert len(after) <= len(before)
    assert page.content.decode().count("/release/") == 50
    assert "cursor=" in page.content.decode()


def test_asked_once_undone_and_too_late(world: World, web: Any, actor_for: Any) -> None:
    client, row = web("customer.admin"), held(world)
    question = client.get(f"{LIST}{row.public_id}/release/").content.decode()
    assert f"Release the licence assigned to {row.holder}?" in question
    for _twice in range(2):
        page = client.post(f"{LIST}{row.public_id}/release/", follow=True)
    assert f"{LIST}{row.public_id}/keep/" in page.content.decode()
    assert Event.objects.filter(kind="licence.release_asked").count() == 1
    client.post(f"{LIST}{row.public_id}/keep/")
    row.refresh_from_db()
    assert row.release_asked_at is None
    LicenseAssignment.objects.filter(pk=row.pk).update(released_at=timezone.now())
    for action in (request_licence_release, withdraw_release_request):
        with pytest.raises(Conflict):
            action(actor=actor_for("customer.admin"), assignment=row)


def test_a_release_is_told_to_the_vendor_alone_and_names_nobody(world: World, web: Any, actor_for: Any) -> None:
    request_licence_release(actor=actor_for("customer.admin"), assignment=held(world))
    before = set(Notice.objects.values_list("pk", flat=True))
    while write_due_notices():
        pass
    told = Notice.objects.exclude(pk__in=before).get()
    assert (told.recipient_id, told.about_id) == (world.vendor.pk, None)
    event = Event.objects.get(kind="licence.release_asked")
    assert canary("customer", "licence holders") not in str(vars(event)) + str(vars(told))
    assert event not in Event.objects.visible_to(actor_for("partner.admin"))
    assert event not in Event.objects.visible_to(actor_for("distributor.admin"))
    activity = web("partner.admin").get(f"/customers/{world.customer.public_id}/activity/").content.decode()
    assert "release of a licence" not in activity

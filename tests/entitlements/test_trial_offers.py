"""What vendor staff open for trial: on the page and by command, for all or for some."""

from contextlib import suppress

import pytest
from django.contrib.messages import get_messages
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.utils import timezone

from entitlements.actions.trial_offers import open_trial_offer, withdraw_trial_offer
from entitlements.models import Sku, TrialOffer
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput
from tests.world import SKU_OF_NOBODY, canary
from tests.world_activation import ADD_ON, SEAT_LIMIT

STAFF = Actor.system("staff")


@pytest.fixture
def offer(world):
    return TrialOffer.objects.get(sku__code=SKU_OF_NOBODY)


@pytest.fixture
def other(world):
    return Sku.objects.get(code=canary("partner", "skus"))


def test_staff_open_change_and_withdraw_on_the_page(web, world, other):
    client = web("vendor.admin")
    assert "Services to try" in client.get("/trials/offers/").content.decode()
    data = {"sku": other.code, "seat_limit": "7", "audience": "chosen", "organizations": world.partner.org_id}
    answer = client.post("/trials/offers/new/", data)
    assert answer.status_code == 302
    assert [str(message) for message in get_messages(answer.wsgi_request)] == [f"{other.name} is now open for trial."]
    offer = TrialOffer.objects.get(sku=other)
    assert (offer.seat_limit, offer.is_for_all, offer.organization_ids) == (7, False, [world.partner.pk])
    path = f"/trials/offers/{offer.public_id}/"
    changed = {"seat_limit": "9", "audience": "all", "organizations": "", "revision": offer.revision}
    answer = client.post(path, changed)
    assert answer.status_code == 302
    assert str(list(get_messages(answer.wsgi_request))[-1]) == f"The trial offer for {other.name} was changed."
    offer.refresh_from_db()
    assert (offer.seat_limit, offer.is_for_all, offer.organization_ids) == (9, True, [])
    assert f"Change the trial settings of {other.name}" in client.get(path).content.decode()
    assert client.post(path, changed).status_code == 200, "that revision is not the present one any more"
    assert client.post(f"{path}withdraw/", {"revision": offer.revision}).status_code == 302
    assert client.post(f"{path}withdraw/", {"revision": offer.revision}).status_code == 409
    offer.refresh_from_db()
    assert not offer.is_open and f"Open {other.name} for trial" in client.get(path).content.decode()
    kinds = Event.objects.filter(subject_id=offer.public_id).order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["trial_offer.opened", "trial_offer.changed", "trial_offer.withdrawn"]


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("vendor.admin", "An Admin can open one under “Services to try”."),
        ("partner.admin", "Ask your account manager."),
    ],
)
def test_where_nothing_is_open_the_link_says_whom_to_ask(web, who, said):
    page = "/activations/customers/new/"
    assert said not in web(who).get(page).content.decode()
    TrialOffer.objects.update(withdrawn_at=timezone.now())
    assert said in web(who).get(page).content.decode()


@pytest.mark.parametrize("who", ["vendor.reader", "partner.admin", "distributor.admin", "customer.admin"])
def test_nobody_else_opens_anything(web, actor_for, as_tenant, world, offer, other, who):
    with pytest.raises(ActionRefused):
        open_trial_offer(actor=actor_for(who), sku=other, seat_limit=5)
    answer = web(who).post("/trials/offers/new/", {"sku": other.code, "seat_limit": "5"})
    assert answer.status_code == (403 if who == "vendor.reader" else 404)
    with as_tenant(actor_for(who)), suppress(DatabaseError), transaction.atomic():
        TrialOffer.objects.filter(pk=offer.pk).update(seat_limit=100)
    offer.refresh_from_db()
    assert offer.seat_limit == SEAT_LIMIT
    with as_tenant(actor_for(who)), pytest.raises(DatabaseError), transaction.atomic():
        TrialOffer.objects.create(sku=other, seat_limit=5)


def test_what_is_wrong_is_refused(world, offer, other):
    add_on = Sku.objects.get(code=ADD_ON)
    for wrong in (
        {"sku": add_on, "seat_limit": 5},
        {"sku": other, "seat_limit": 0},
        {"sku": other, "seat_limit": 101},
        {"sku": other, "seat_limit": 5, "add_ons": [add_on]},
        {"sku": other, "seat_limit": 5, "organizations": []},
        {"sku": other, "seat_limit": 5, "organizations": [world.customer]},
    ):
        with pytest.raises(InvalidInput):
            open_trial_offer(actor=STAFF, **wrong)
    assert not TrialOffer.objects.filter(sku=other).exists()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("x1", "No distributor or partner has this ORGID: x1"),
        ("x1 x2", "No distributor or partner has these ORGIDs: x1, x2"),
        ("x1 x2 x3 x4 x5 x6", "has these ORGIDs: x1, x2, x3, x4, x5, …"),
    ],
)
def test_unknown_orgids_are_named_and_so_is_that_there_are_more(web, other, typed, said):
    data = {"sku": other.code, "seat_limit": "7", "audience": "chosen", "organizations": typed}
    assert said in web("vendor.admin").post("/trials/offers/new/", data).content.decode()


def test_the_same_again_changes_nothing(offer):
    add_on = Sku.objects.get(code=ADD_ON)
    for _time in range(2):
        open_trial_offer(actor=STAFF, sku=offer.sku, seat_limit=SEAT_LIMIT, add_ons=[add_on])
    assert not Event.objects.filter(subject_id=offer.public_id).exists()


def test_a_withdrawn_one_can_be_opened_again(web, offer):
    withdraw_trial_offer(actor=STAFF, offer=offer)
    with pytest.raises(Conflict):
        withdraw_trial_offer(actor=STAFF, offer=offer)
    data = {"seat_limit": "3", "audience": "all", "organizations": "", "revision": offer.revision + 1}
    answer = web("vendor.admin").post(f"/trials/offers/{offer.public_id}/", data)
    said = [str(message) for message in get_messages(answer.wsgi_request)]
    assert said == [f"{offer.sku.name} is now open for trial."]
    offer.refresh_from_db()
    assert offer.is_open


NONSENSE = [{}, {"sku": "\0", "seat_limit": "\0", "audience": "\0"}, {"sku": "none", "seat_limit": "9" * 40},
            {"seat_limit": "5", "audience": "chosen", "organizations": "\0"},
            {"seat_limit": "5", "audience": "chosen", "organizations": ""},
            {"seat_limit": "5", "audience": "chosen", "organizations": "1 " * 10_000}]  # fmt: skip


@pytest.mark.parametrize("data", NONSENSE)
def test_nonsense_is_shown_again(web, offer, other, data):
    client = web("vendor.admin")
    for path, more in (("/trials/offers/new/", {"sku": other.code}), (f"/trials/offers/{offer.public_id}/", {})):
        assert client.post(path, more | data).status_code == 200


def test_the_command(world, other, capsys):
    call_command("open_trial", other.code, "--licences", "5", "--for", world.distributor.org_id)
    assert "up to 5 licences; 1 organisations may offer it" in capsys.readouterr().out
    call_command("open_trial", other.code, "--withdraw")
    assert not TrialOffer.objects.get(sku=other).is_open
    with pytest.raises(CommandError, match="There is no SKU"):
        call_command("open_trial", "nothing")

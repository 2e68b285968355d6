"""What was never published can be corrected and deleted; what was published once, by nobody and by no statement."""

from contextlib import nullcontext
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from imports.actions.requests import upload_import
from imports.actions.runs import run_next_import
from imports.models import Import
from marketplace.actions.audience import add_to_audience
from marketplace.actions.files import add_offer_file
from marketplace.actions.offers import (
    SAVED_MEANWHILE,
    create_offer,
    publish_offer,
    save_draft,
    set_technical_configuration,
)
from marketplace.actions.stops import stop_sale
from marketplace.actions.unpublished import (
    change_unpublished_offer,
    delete_unpublished_offer,
    delete_unpublished_plan,
    rename_unpublished_plan,
)
from marketplace.models import (
    AudienceChange,
    ChannelInfo,
    Offer,
    OfferFile,
    OfferType,
    OfferVersion,
    Plan,
    Price,
    PricingModel,
    PrivateInfo,
    SaleStop,
    StopReason,
)
from marketplace.price_import import PRICES
from marketplace.queries.offers import get_draft
from notifications.models import Event
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound, StaleVersion
from tests.marketplace.editing import read_form
from tests.marketplace.test_offer_files import upload
from tests.world_offers import CHANNEL, _price, make_content

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("private_folder")]
API = "/api/v1/offers/"
OTHERS = ["publisher.reader", "partner.admin", "vendor.admin", "customer.admin"]
MODELS = (PrivateInfo, OfferVersion, ChannelInfo, Plan, Price, SaleStop, StopReason, OfferFile, AudienceChange)


@pytest.fixture
def publisher(world):
    return world.actor("publisher.admin")


@pytest.fixture
def vault(world, publisher):
    """An offer that was never published, with all that such an offer can have."""
    offer = create_offer(actor=publisher, code="vault", type=OfferType.SAAS, pricing_model=PricingModel.PER_SEAT)
    content = make_content("Vault", "basic", "pro")
    content["plans"][0] |= {"min_seats": 1, "max_seats": 9, "is_byol": True}
    save_draft(actor=publisher, offer=offer, content=content, channel=CHANNEL, revision=None)
    set_technical_configuration(
        actor=publisher, offer=offer, landing_page_url="https://p.example/", webhook_url="https://w.example/", seen=None
    )
    add_offer_file(actor=publisher, offer=offer, kind="sales", upload=upload("sales"))
    add_to_audience(actor=publisher, offer=offer, organization_ids=[world.partner.pk])
    _price(offer.plans.get(code="basic"), "europe", "EUR", "12.00")
    SaleStop.objects.create(offer=offer, plan=offer.plans.get(code="basic"))
    stop_sale(actor=world.actor("vendor.admin"), offer=offer, reason="Unsafe")
    return Offer.objects.get(pk=offer.pk)


@pytest.fixture
def backup(world):
    return Offer.objects.get(code="backup")


def identify(offer: Offer) -> dict[str, Any]:
    return {"code": offer.code, "type": offer.type, "pricing_model": offer.pricing_model}


def change(actor, offer, revision=None, **changes):
    return change_unpublished_offer(actor=actor, offer=offer, revision=revision, **identify(offer) | changes)


def test_code_type_and_model_are_corrected_and_what_they_do_not_have_goes(publisher, vault, as_tenant):
    seen = get_draft(vault).revision
    with as_tenant(publisher):
        draft = change(publisher, vault, seen, code="safe", type="solution_template", pricing_model="flat",
                       deletes_prices=True)  # fmt: skip
    vault.refresh_from_db()
    assert identify(vault) == {"code": "safe", "type": "solution_template", "pricing_model": "flat"}
    assert (vault.private.landing_page_url, vault.private.webhook_url, draft.revision) == ("", "", seen + 1)
    basic = draft.content["plans"][0]
    assert (basic["min_seats"], basic["max_seats"], basic["is_byol"]) == (None, None, False)
    assert not Price.objects.filter(plan__offer=vault).exists() and vault.plans.count() == 2
    (event,) = Event.objects.filter(kind="offer.changed", subject_id=vault.public_id)
    assert event.changes["code"] == ["vault", "safe"] and event.changes["pricing_model"] == ["per_seat", "flat"]
    assert change(publisher, vault) == draft and Event.objects.filter(kind="offer.changed").count() == 1
    with pytest.raises(StaleVersion):
        change(publisher, vault, seen, code="late")


def test_what_fits_the_new_choice_stays(publisher, vault):
    draft = change(publisher, vault, type="virtual_machine")
    assert draft.content["plans"][0]["is_byol"] and draft.content["plans"][0]["max_seats"] == 9
    assert Price.objects.filter(plan__offer=vault).count() == 1


def test_prices_that_would_mean_something_else_go_when_that_is_said(publisher, vault):
    with pytest.raises(Conflict, match="prices_saved"):
        change(publisher, vault, pricing_model="flat")
    vault.refresh_from_db()
    assert vault.pricing_model == "per_seat" and Price.objects.filter(plan__offer=vault).count() == 1


def test_codes_are_checked(publisher, vault):
    with pytest.raises(Conflict, match="code_taken"):
        change(publisher, vault, code="backup")
    with pytest.raises(InvalidInput, match="malformed_code"):
        change(publisher, vault, code="No Code")
    vault.refresh_from_db()
    assert vault.code == "vault"


def test_a_published_offer_is_neither_changed_nor_deleted(publisher, backup):
    with pytest.raises(Conflict, match="offer_fixed") as refusal:
        change(publisher, backup, code="other")
    assert (
        str(refusal.value.message)
        == "The code, type and pricing model of this offer became fixed when version 1 was published."
    )
    with pytest.raises(Conflict, match="offer_fixed"):
        delete_unpublished_offer(actor=publisher, offer=backup, revision=None)
    assert Offer.objects.filter(code="backup").exists()


def test_an_offer_goes_with_all_that_it_has(
    publisher, vault, backup, as_tenant, tmp_path, django_capture_on_commit_callbacks
):
    files = [path for path in Path(tmp_path).rglob("*") if path.is_file()]
    kept = {model: set(model.objects.exclude(**_of(model, vault)).values_list("pk", flat=True)) for model in MODELS}
    assert len(files) == 1 and all(model.objects.filter(**_of(model, vault)).exists() for model in MODELS)
    seen = get_draft(vault).revision
    with pytest.raises(StaleVersion):
        delete_unpublished_offer(actor=publisher, offer=vault, revision=seen - 1)
    with django_capture_on_commit_callbacks(execute=True), as_tenant(publisher):
        delete_unpublished_offer(actor=publisher, offer=vault, revision=seen)
    assert not Offer.objects.filter(pk=vault.pk).exists()
    assert {model: set(model.objects.values_list("pk", flat=True)) for model in MODELS} == kept
    assert not [path for path in Path(tmp_path).rglob("*") if path.is_file()]
    (event,) = Event.objects.filter(kind="offer.deleted")
    assert event.data == {"code": "vault"} and event.subject_id == vault.public_id
    create_offer(actor=publisher, code="vault", type=OfferType.SAAS, pricing_model=PricingModel.FLAT)


def _of(model: type, offer: Offer) -> dict[str, Any]:
    path = {ChannelInfo: "version__offer", Price: "plan__offer", StopReason: "stop__offer"}.get(model, "offer")
    return {path: offer.pk}


def test_an_import_into_a_deleted_offer_fails_and_says_so(publisher, vault, as_tenant):
    file = b"plan,market,currency,term,billing,amount,valid_from,replaces\nbasic,europe,EUR,P1M,P1M,1.00,2030-01-01,\n"
    source = upload_import(actor=publisher, kind=PRICES, target_id=vault.public_id, file=BytesIO(file), size=len(file))
    delete_unpublished_offer(actor=publisher, offer=vault, revision=None)
    assert run_next_import()
    source.refresh_from_db()
    assert source.state == Import.State.FAILED and "no longer exists" in source.problem


@pytest.mark.parametrize("who", OTHERS)
def test_nobody_else_changes_or_deletes(world, vault, who):
    actor, plan = world.actor(who), vault.plans.get(code="pro")
    for attempt in (
        lambda: change(actor, vault, code="mine"),
        lambda: delete_unpublished_offer(actor=actor, offer=vault, revision=None),
        lambda: rename_unpublished_plan(actor=actor, offer=vault, plan=plan, code="mine", revision=None),
        lambda: delete_unpublished_plan(actor=actor, offer=vault, plan=plan, revision=None),
    ):
        with pytest.raises(ActionRefused):
            attempt()


def test_another_publisher_finds_nothing(world, vault, rival):
    with pytest.raises(NotFound):
        change(rival.actor, vault, code="mine")
    with pytest.raises(NotFound):
        delete_unpublished_offer(actor=rival.actor, offer=vault, revision=None)


def test_a_plan_keeps_its_prices_and_stops_under_another_code(publisher, vault, backup, as_tenant):
    plan, seen = vault.plans.get(code="basic"), get_draft(vault).revision
    price, stop = plan.prices.get(), plan.stops.get()
    with as_tenant(publisher):
        draft = rename_unpublished_plan(actor=publisher, offer=vault, plan=plan, code="first", revision=seen)
    assert [each["code"] for each in draft.content["plans"]] == ["first", "pro"]
    plan.refresh_from_db()
    assert (plan.code, plan.prices.get(), plan.stops.get()) == ("first", price, stop)
    assert Event.objects.get(kind="offer.plan_renamed").changes == {"code": ["basic", "first"]}
    for code, error in (("pro", "code_twice"), ("A b", "malformed_code")):
        with pytest.raises(InvalidInput, match=error):
            rename_unpublished_plan(actor=publisher, offer=vault, plan=plan, code=code, revision=None)
    with pytest.raises(StaleVersion):
        rename_unpublished_plan(actor=publisher, offer=vault, plan=plan, code="late", revision=seen)
    with pytest.raises(NotFound):
        foreign = backup.plans.get(code="pro")
        rename_unpublished_plan(actor=publisher, offer=vault, plan=foreign, code="x", revision=None)


def test_plans_take_each_others_codes_and_one_that_leaves_makes_room(publisher, vault):
    basic, pro = (vault.plans.get(code=code) for code in ("basic", "pro"))
    content = {**get_draft(vault).content, "plans": make_content("V", "pro", "basic")["plans"]}
    save = {"actor": publisher, "offer": vault, "channel": get_draft(vault).channel.content, "revision": None}
    save_draft(**save, content=content, renamed={"basic": "pro", "pro": "basic"})
    assert (vault.plans.get(code="pro").pk, vault.plans.get(code="basic").pk) == (basic.pk, pro.pk)
    content = {**content, "plans": make_content("V", "basic")["plans"]}
    save_draft(**save, content=content, renamed={"pro": "basic"})
    assert [plan.pk for plan in vault.plans.all()] == [basic.pk] and basic.prices.count() == 1


def test_a_plan_goes_with_its_prices_and_stops(publisher, vault, as_tenant):
    plan, seen = vault.plans.get(code="basic"), get_draft(vault).revision
    with pytest.raises(StaleVersion) as refused:
        delete_unpublished_plan(actor=publisher, offer=vault, plan=plan, revision=seen - 1)
    assert refused.value.message == SAVED_MEANWHILE, "nobody has typed anything that could be compared"
    with as_tenant(publisher):
        draft = delete_unpublished_plan(actor=publisher, offer=vault, plan=plan, revision=seen)
    assert [each["code"] for each in draft.content["plans"]] == ["pro"]
    assert not Price.objects.filter(plan__offer=vault).exists() and vault.stops.count() == 1
    assert Event.objects.get(kind="offer.plans_deleted").data == {"plans": ["basic"]}


def test_a_published_plan_keeps_its_code_and_stays(publisher, backup):
    plan = backup.plans.get(code="basic")
    with pytest.raises(Conflict, match="plan_fixed") as refusal:
        rename_unpublished_plan(actor=publisher, offer=backup, plan=plan, code="other", revision=None)
    assert str(refusal.value.message) == "The code of the plan basic has been fixed since version 1."
    with pytest.raises(Conflict, match="plan_fixed"):
        delete_unpublished_plan(actor=publisher, offer=backup, plan=plan, revision=None)
    rename_unpublished_plan(actor=publisher, offer=backup, plan=backup.plans.get(code="pro"), code="x", revision=None)
    assert sorted(backup.plans.values_list("code", flat=True)) == ["basic", "x"]


# By the tables, past all actions.


def test_no_role_deletes_what_was_published(backup):
    for rows in (Offer.objects.filter(pk=backup.pk), Plan.objects.filter(offer=backup, code="basic")):
        with pytest.raises(DatabaseError, match="violates"), transaction.atomic():
            rows._raw_delete("default")


@pytest.mark.parametrize("who", ["publisher.admin", "publisher.reader", "vendor.admin", "partner.admin"])
def test_the_database_lets_its_publisher_alone_correct_and_delete(world, vault, as_tenant, who, backup):
    def attempt(write) -> int:
        try:
            with transaction.atomic(), as_tenant(world.actor(who)):
                return int(write())
        except DatabaseError:
            return 0

    unpublished, published = Offer.objects.filter(pk=vault.pk), Offer.objects.filter(pk=backup.pk)
    is_own = int(who == "publisher.admin")
    assert attempt(lambda: unpublished.update(code="safe")) == is_own
    assert attempt(lambda: unpublished.update(type="container", pricing_model="flat")) == is_own
    assert attempt(lambda: vault.plans.filter(code="pro").update(code="first")) == is_own
    for change in ({"code": "x"}, {"type": "container"}, {"pricing_model": "flat"}):
        assert attempt(lambda change=change: published.update(**change)) == 0
    assert attempt(lambda: backup.plans.filter(code="basic").update(code="x")) == 0
    assert attempt(lambda: published._raw_delete("default")) == 0
    assert attempt(lambda: SaleStop.objects.filter(offer=vault)._raw_delete("default")) == 0
    assert attempt(lambda: OfferVersion.objects.filter(offer=vault)._raw_delete("default")) == 0
    file = OfferFile(offer=vault, kind="sales", name="x.pdf", size=1)
    assert attempt(lambda: len(OfferFile.objects.bulk_create([file]))) == is_own
    for rows in (Price.objects.filter(plan__offer=vault), vault.files.all(), vault.plans.exclude(code="basic")):
        found = list(rows.values_list("pk", flat=True))
        deleted = attempt(lambda rows=rows, found=found: rows.model.objects.filter(pk__in=found)._raw_delete("default"))
        assert deleted == is_own * len(found) and found
    additions = AudienceChange.objects.filter(offer=vault)
    assert attempt(lambda: additions._raw_delete("default")) == int(who in ("publisher.admin", "vendor.admin"))
    new = {"actor": world.actor("publisher.admin"), "code": "new", "type": "saas", "pricing_model": "flat"}
    empty = create_offer(**new)
    assert attempt(lambda: Offer.objects.filter(pk=empty.pk)._raw_delete("default")) == is_own
    assert OfferVersion.objects.filter(offer=empty.pk).exists() != bool(is_own)


@pytest.mark.parametrize("is_locked", [True, False], ids=["first lock", "second lock"])
def test_each_lock_alone_hides_it_from_all_but_its_publisher_and_the_vendor(world, vault, as_tenant, rival, is_locked):
    """The offer with all that it has; also from a partner that is saved for its audience."""
    keys = {model: set(model.objects.filter(**_of(model, vault)).values_list("pk", flat=True)) for model in MODELS}
    keys[Offer] = {vault.pk}
    who = ("publisher.reader", "vendor.reader", "partner.admin", "distributor.admin", "customer.admin", "lapsed.admin")
    actors = {name: world.actor(name) for name in who} | {"rival": rival.actor}
    for name, actor in actors.items():
        is_seen = name.endswith("r.reader")
        with nullcontext() if is_locked else as_tenant(actor):  # without a tenant the database hides nothing
            for model, pks in keys.items():
                rows = model.objects.visible_to(actor) if is_locked else model.objects.all()
                seen = set(rows.filter(pk__in=pks).values_list("pk", flat=True))
                assert seen == (pks if is_seen else set()), (name, model)


# By the pages.


def read_revision(page: str) -> str:
    return page.split('name="revision" value="')[1].split('"')[0]


def test_the_overview_leads_to_both_while_it_can(world, web, vault, backup):
    client = web("publisher.admin")
    page = client.get(f"/offers/{vault.public_id}/").content.decode()
    assert "Change…" in page and "Delete offer…" in page and "from the first publication" in page
    page = client.get(f"/offers/{backup.public_id}/").content.decode()
    assert "Change…" not in page and "Delete offer…" not in page and "since version 1" in page
    assert "Delete offer…" not in web("publisher.reader").get(f"/offers/{vault.public_id}/").content.decode()


def test_the_page_changes_what_it_has_shown(world, web, vault, publisher):
    client, path = web("publisher.admin"), f"/offers/{vault.public_id}/change/"
    page = client.get(path).content.decode()
    assert 'value="vault"' in page and "After that, they’ll be fixed." in page and page.count('name="revision"') == 1
    sent = {**identify(vault), "pricing_model": "flat", "revision": read_revision(page)}
    refused = client.post(path, sent)
    assert refused.status_code == 200 and "Confirm that they can be deleted." in refused.content.decode()
    save_draft(actor=publisher, offer=vault, content=make_content("V", "basic"), channel=CHANNEL, revision=None)
    stale = client.post(path, sent | {"deletes_prices": "on"})
    assert stale.status_code == 409 and "Currently saved: vault, SaaS, Per licence." in stale.content.decode()
    sent["revision"] = read_revision(stale.content.decode())
    taken = client.post(path, sent | {"code": "backup", "deletes_prices": "on"})
    assert "You already have an offer with this code." in taken.content.decode()
    assert client.post(path, sent | {"code": "safe", "deletes_prices": "on"}).status_code == 302
    vault.refresh_from_db()
    assert identify(vault) == {"code": "safe", "type": "saas", "pricing_model": "flat"}


def test_the_page_deletes_what_it_has_shown(world, web, vault):
    client, path = web("publisher.admin"), f"/offers/{vault.public_id}/delete/"
    page = client.get(path).content.decode()
    assert "Vault has never been published" in page
    assert client.post(path, {"revision": "1"}).status_code == 409
    sent = client.post(path, {"revision": read_revision(page)}, follow=True)
    assert "The offer vault was deleted." in sent.content.decode()
    assert not Offer.objects.filter(pk=vault.pk).exists() and client.get(path).status_code == 404


@pytest.mark.parametrize("page", ["change", "delete"])
def test_the_pages_of_a_published_offer_say_that_it_is_fixed(world, web, backup, page):
    client, path = web("publisher.admin"), f"/offers/{backup.public_id}/{page}/"
    shown = client.get(path).content.decode()
    assert ("became fixed when version 1" if page == "change" else "can’t be deleted") in shown
    assert 'name="revision"' not in shown
    assert client.post(path, {**identify(backup), "revision": "3"}).status_code == 409


def test_the_form_of_plans_renames_and_moves_at_once(world, web, vault):
    client, path = web("publisher.admin"), f"/offers/{vault.public_id}/plans/"
    basic = vault.plans.get(code="basic")
    form = read_form(client.get(path).content.decode())
    form["plans.0.code"] = ["first"]
    moved = read_form(client.post(path, {**form, "lower_plan": "0"}).content.decode())
    assert moved["plans.1.code"] == ["first"] and moved["plans.1.was"] == ["basic"]
    assert client.post(path, moved).status_code == 302
    basic.refresh_from_db()
    assert (basic.code, basic.prices.count()) == ("first", 1)
    assert [plan["code"] for plan in get_draft(vault).content["plans"]] == ["pro", "first"]


def test_the_form_of_plans_says_that_a_published_code_is_fixed(world, web, backup):
    client, path = web("publisher.admin"), f"/offers/{backup.public_id}/plans/"
    form = read_form(client.get(path).content.decode())
    answer = client.post(path, form | {"plans.0.code": ["other"]}).content.decode()
    assert "The code of the plan basic has been fixed since version 1." in answer
    assert backup.plans.filter(code="basic").exists()


# By the API.


def test_the_api_changes_and_deletes_what_its_caller_has_seen(world, api, vault, backup):
    client, url = api("publisher.admin"), f"{API}{vault.public_id}/"

    def call(method: str, seen: str | None, path: str = url, body: Any = None) -> tuple[int, str]:
        headers = {"If-Match": seen} if seen else {}
        answer = getattr(client, method)(path, body or {}, format="json", headers=headers)
        return answer.status_code, answer.json()["errors"][0]["code"] if answer.status_code >= 400 else ""

    seen = client.get(url).headers["ETag"]
    assert call("patch", None, body={"code": "safe"}) == (428, "if_match_required")
    assert call("patch", seen, body={"pricing_model": "flat"}) == (409, "prices_saved")
    assert call("patch", seen, body={"code": "safe", "audience": "any"}) == (400, "unknown_field")
    assert call("patch", seen, body={"code": "safe"}) == (200, "")
    assert call("patch", seen, body={"code": "late"}) == (412, "changed_meanwhile")
    plan = f"{url}plans/basic/"
    assert call("patch", "*", plan, {"code": "pro"}) == (400, "code_twice")
    assert call("patch", "*", plan, {"code": "first"}) == (200, "")
    assert call("delete", "*", plan)[0] == 404
    assert call("delete", seen, f"{url}plans/first/") == (412, "changed_meanwhile")
    assert call("delete", "*", f"{url}plans/first/") == (204, "")
    shown = client.get(url)
    assert (shown.json()["code"], [each["code"] for each in shown.json()["tree"]["plans"]]) == ("safe", ["pro"])
    assert call("delete", seen) == (412, "changed_meanwhile")
    assert call("delete", shown.headers["ETag"]) == (204, "") and client.get(url).status_code == 404
    live = f"{API}{backup.public_id}/"
    assert call("patch", "*", live, {"code": "x"}) == (409, "offer_fixed") == call("delete", "*", live)
    assert call("patch", "*", f"{live}plans/basic/", {"code": "x"}) == (409, "plan_fixed")
    assert call("delete", "*", f"{live}plans/basic/") == (409, "plan_fixed")


def test_publishing_ends_it(publisher, vault):
    content = make_content("Vault", "basic")
    save_draft(actor=publisher, offer=vault, content=content, channel=CHANNEL, revision=None)
    publish_offer(actor=publisher, offer=vault, revision=get_draft(vault).revision)
    with pytest.raises(Conflict, match="offer_fixed"):
        change(publisher, vault, code="late")

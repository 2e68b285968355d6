"""Offers and price lists that vendor staff bring in: the publisher's rules hold, and none comes in twice."""

import datetime as dt
import io
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import Organization, OrganizationKind
from marketplace.actions.imported_offers import import_offers
from marketplace.actions.offers import save_draft
from marketplace.ingest.importing import import_offer_file
from marketplace.models import (
    AudienceChange,
    Authorization,
    ChannelInfo,
    MarketCountry,
    Offer,
    OfferVersion,
    Plan,
    Price,
)
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused
from tests.counts import count
from tests.world import World, free_org_ids
from tests.world_offers import CHANNEL, make_content

TODAY = timezone.now().date()
SYSTEM = Actor.system("vendor staff")
Result = tuple[str, str, str]


def make_offer(world: World, **changes: Any) -> dict[str, Any]:
    """A line about an offer of the cast's publisher that can be published."""
    return {
        "type": "offer", "publisher": world.publisher.org_id, "code": "vault", "offer_type": "saas",
        "pricing_model": "per_seat", "content": make_content("Vault", "basic", "pro"), "channel": CHANNEL,
        "audience": "specific", "partners": [world.partner.org_id], "publish": True,
    } | changes  # fmt: skip


def make_prices(world: World, **changes: Any) -> dict[str, Any]:
    """A line about the prices of one of its plans."""
    return {
        "type": "prices", "publisher": world.publisher.org_id, "offer": "vault", "plan": "basic", "term": "P1M",
        "billing": "P1M", "valid_from": str(TODAY),
        "amounts": {"europe": {"EUR": "9.90", "GBP": 8.5}, "japan": {"JPY": 1600}},
    } | changes  # fmt: skip


def bring_in(*lines: dict[str, Any]) -> list[Result]:
    """Import lines, and return for each its outcome, and the code and field of its first problem."""
    results: list[Result] = []

    def tell(result: Any) -> None:
        problem = result.problems[0] if result.problems else None
        results.append((str(result.outcome), problem.code if problem else "", problem.field if problem else ""))

    stream = io.BytesIO("\n".join(json.dumps(line) for line in lines).encode())
    import_offer_file(actor=SYSTEM, stream=stream, report_result=tell)
    return results


def all_that_is_stored() -> list[Any]:
    models = (Offer, OfferVersion, ChannelInfo, Plan, Price, Authorization, AudienceChange, Event)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_an_offer_and_its_prices_come_in_as_if_the_publisher_had_typed_them(world: World) -> None:
    assert bring_in(make_offer(world), make_prices(world)) == [("added", "", "")] * 2
    offer = Offer.objects.get(code="vault")
    assert (offer.publisher, offer.audience, offer.live_version and offer.live_version.number) == (
        world.publisher, "specific", 1,
    )  # fmt: skip
    assert [(row.organization, row.source) for row in offer.authorizations.active()] == [(world.partner, "imported")]
    assert {row.code: row.is_live for row in offer.plans.all()} == {"basic": True, "pro": True}
    prices = Price.objects.filter(plan__offer=offer).values_list("market__code", "currency", "amount", "valid_from")
    assert {(market, currency, str(amount)) for market, currency, amount, _day in prices} == {
        ("europe", "EUR", "9.9000"), ("europe", "GBP", "8.5000"), ("japan", "JPY", "1600.0000"),
    }  # fmt: skip
    events = Event.objects.filter(subject_id=offer.public_id).order_by("pk")
    assert [event.kind for event in events] == [
        "offer.created", "offer.audience_saved", "offer.audience_saved", "offer.published", "offer.priced",
    ]  # fmt: skip
    assert {(event.organization_id, event.actor_kind) for event in events} == {(world.publisher.pk, "system")}


def test_the_same_file_again_changes_nothing(world: World) -> None:
    lines = [make_offer(world), make_prices(world), make_prices(world, plan="pro", amounts={"japan": {"JPY": None}})]
    bring_in(*lines)
    before = all_that_is_stored()
    assert bring_in(*lines) == [("unchanged", "", "")] * 3
    assert all_that_is_stored() == before


def test_another_content_is_the_next_version_and_prices_go_on(world: World) -> None:
    bring_in(make_offer(world), make_prices(world))
    later = make_prices(world, valid_from=str(TODAY + dt.timedelta(9)), amounts={"europe": {"EUR": "11"}})
    assert bring_in(make_offer(world, content=make_content("Vault 2", "basic", "pro")), later) == [
        ("changed", "", ""), ("added", "", ""),
    ]  # fmt: skip
    offer = Offer.objects.get(code="vault")
    assert offer.live_version and offer.live_version.number == 2
    assert Price.objects.filter(plan__offer=offer).count() == 4


def test_a_draft_of_the_publisher_is_kept_unless_the_line_says_so(world: World) -> None:
    bring_in(make_offer(world))
    offer, actor = Offer.objects.get(code="vault"), world.actor("publisher.admin")
    own = make_content("Typed by hand", "basic", "pro")
    save_draft(actor=actor, offer=offer, content=own, channel=CHANNEL, revision=None)
    other = make_offer(world, content=make_content("From a file", "basic", "pro"))
    assert bring_in(other) == [("error", "draft_in_work", "content")]
    assert offer.versions.get(number=None).content == own
    assert bring_in(other | {"replace_draft": True}) == [("changed", "", "")]
    assert offer.versions.latest("number").content["texts"]["en"]["name"] == "From a file"


def test_partners_of_a_live_offer_wait_for_its_publishers_sync(world: World) -> None:
    bring_in(make_offer(world))
    more = [world.partner.org_id, world.distributor.org_id]
    assert bring_in(make_offer(world, partners=more)) == [("changed", "", "")]
    offer = Offer.objects.get(code="vault")
    assert [row.organization for row in offer.authorizations.active()] == [world.partner]
    assert [row.organization for row in offer.audience_changes.all()] == [world.distributor]


def test_a_live_audience_changes_by_the_rules(world: World) -> None:
    bring_in(make_offer(world))
    assert bring_in(make_offer(world, audience="any")) == [("error", "request_needed", "audience")]


WRONG_OFFERS: dict[str, tuple[dict[str, Any], str, str]] = {
    "an unknown publisher": ({"publisher": "99999999"}, "unknown_publisher", "publisher"),
    "an unknown partner": ({"partners": ["99999999"]}, "unknown_organization", "partners.1"),
    "a type that is none": ({"offer_type": "hardware"}, "invalid_choice", "offer_type"),
    "a code with capitals": ({"code": "Vault"}, "invalid", "code"),
    "another type than before": ({"code": "backup", "offer_type": "container"}, "fixed", "offer_type"),
    "another pricing model": ({"code": "backup", "pricing_model": "flat"}, "fixed", "pricing_model"),
    "no listing at all": ({"content": {"plans": []}}, "no_texts", "content.texts"),
    "no marketing material": ({"channel": {}}, "no_marketing_url", "channel.marketing_url"),
    "a category that is none": (
        {"content": make_content("V", "a", categories=["x"])}, "unknown_category", "content.categories",
    ),
    "a plan twice": ({"content": make_content("V", "a", "a")}, "code_twice", "content.plans"),
    "a term that is none": (
        {"content": {"plans": [{"code": "a", "terms": ["P9Y"]}]}}, "invalid_choice", "content.plans.1.terms.1",
    ),
    "a field that is not known": ({"price": 5}, "unknown_field", "price"),
    "markup for a link": ({"channel": {"sales_url": "javascript:alert(1)"}}, "invalid", "channel.sales_url"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_OFFERS)
def test_an_offer_that_is_wrong_leaves_nothing_behind(world: World, name: str) -> None:
    changes, code, field = WRONG_OFFERS[name]
    before = all_that_is_stored()
    assert bring_in(make_offer(world, **changes)) == [("error", code, field)]
    assert all_that_is_stored() == before


def test_only_members_of_the_programme_come_into_an_audience(world: World) -> None:
    before = all_that_is_stored()
    for outsider in (world.partner2, world.customer):
        ((outcome, code, _field),) = bring_in(make_offer(world, partners=[outsider.org_id]))
        assert (outcome, code) == ("error", "not_in_program")
    assert all_that_is_stored() == before


WRONG_PRICES: dict[str, tuple[dict[str, Any], str, str]] = {
    "an unknown offer": ({"offer": "nothing"}, "unknown_offer", "offer"),
    "an unknown plan": ({"plan": "nothing"}, "unknown_plan", "plan"),
    "a term of another plan": ({"term": "P3Y"}, "term_not_of_plan", "term"),
    "another billing frequency": ({"billing": "once"}, "billing_not_of_plan", "billing"),
    "a currency of another market": (
        {"amounts": {"europe": {"JPY": "9"}}}, "currency_of_no_market", "amounts.europe.JPY",
    ),
    "a market that is none": ({"amounts": {"mars": {"EUR": "9"}}}, "currency_of_no_market", "amounts.mars.EUR"),
    "a currency that is none": ({"amounts": {"europe": {"XXZ": "9"}}}, "unknown_currency", "amounts.europe.XXZ"),
    "decimals of a yen": ({"amounts": {"japan": {"JPY": "9.90"}}}, "too_many_decimals", "amounts.japan.JPY"),
    "a comma": ({"amounts": {"europe": {"EUR": "9,90"}}}, "bad_amount", "amounts.europe.EUR"),
    "less than nothing": ({"amounts": {"europe": {"EUR": -1}}}, "bad_amount", "amounts.europe.EUR"),
    "more than there is": ({"amounts": {"europe": {"EUR": "1" + "0" * 30}}}, "amount_too_large", "amounts.europe.EUR"),
    "more than fits": ({"amounts": {"europe": {"EUR": "10000000000"}}}, "amount_too_large", "amounts.europe.EUR"),
    "a truth value": ({"amounts": {"europe": {"EUR": True}}}, "bad_amount", "amounts.europe.EUR"),
    "a list": ({"amounts": {"europe": {"EUR": [1]}}}, "bad_amount", "amounts.europe.EUR"),
    "no amounts": ({"amounts": {}}, "empty", "amounts"),
    "no day": ({"valid_from": "soon"}, "invalid", "valid_from"),
    "another amount for a day": ({"amounts": {"europe": {"EUR": "9.91"}}}, "fixed", "amounts.europe.EUR"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_PRICES)
def test_prices_that_are_wrong_are_left_out_whole(world: World, name: str) -> None:
    changes, code, field = WRONG_PRICES[name]
    bring_in(make_offer(world), make_prices(world))
    before = all_that_is_stored()
    good = {"canada": {"CAD": "12"}}
    changes = {**changes, "amounts": {**good, **changes["amounts"]}} if changes.get("amounts") else changes
    assert bring_in(make_prices(world, **changes)) == [("error", code, field)]
    assert all_that_is_stored() == before


def test_what_a_draft_adds_to_a_published_plan_is_not_priced_before_its_publication(world: World) -> None:
    bring_in(make_offer(world))
    content = make_content("Vault", "basic", "pro")
    content["plans"][0]["terms"].append("P2Y")
    line, prices = make_offer(world, content=content, publish=False), make_prices(world, term="P2Y")
    assert bring_in(line, prices)[1] == ("error", "term_not_of_plan", "term")
    assert bring_in(line | {"publish": True}, prices)[1] == ("added", "", "")


def test_the_command_names_what_is_wrong_and_fails(world: World, tmp_path: Any) -> None:
    lines = [make_offer(world), make_prices(world, plan="nothing"), make_prices(world)]
    file, report = tmp_path / "offers", tmp_path / "report"
    file.write_text("\n".join(map(json.dumps, lines)))
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(CommandError, match=r"^1 of 3 lines were left out\.$"):
        call_command("import_offers", str(file), "--report", str(report), stdout=out, stderr=err)
    assert "2 added, 0 changed, 0 unchanged" in out.getvalue()
    assert "Line 2 (prices" in err.getvalue() and "[unknown_plan]" in err.getvalue()
    assert [json.loads(line)["result"] for line in report.read_text().splitlines()] == ["added", "error", "added"]


@pytest.mark.parametrize("who", ["publisher.admin", "vendor.admin", "partner.admin"])
def test_no_person_imports_offers(world: World, who: str) -> None:
    with pytest.raises(ActionRefused):
        import_offers(actor=world.actor(who), lines=[])


# A real price list


def make_catalogue(publishers: list[str], offers: int, plans: int) -> Iterator[dict[str, Any]]:
    """Yield the lines of `offers` offers with `plans` plans each, priced in every pair of market and currency."""
    pairs = sorted(set(MarketCountry.objects.values_list("market__code", "currency")))
    amounts: dict[str, dict[str, str]] = {}
    for market, currency in pairs:
        amounts.setdefault(market, {})[currency] = "1990" if currency in ("JPY", "KRW") else "19.90"
    for number in range(offers):
        whose = {"publisher": publishers[number % len(publishers)]}
        codes = [f"p{plan}" for plan in range(plans)]
        yield {
            "type": "offer", **whose, "code": f"o{number}", "offer_type": "saas", "pricing_model": "per_seat",
            "content": make_content(f"Offer {number}", *codes), "channel": CHANNEL, "audience": "any", "publish": True,
        }  # fmt: skip
        for code in codes:
            yield {
                "type": "prices", **whose, "offer": f"o{number}", "plan": code, "term": "P1M", "billing": "P1M",
                "valid_from": str(TODAY), "amounts": amounts,
            }  # fmt: skip


def test_prices_take_as_many_statements_however_many_they_are(world: World, count_queries: Any) -> None:
    lines = list(make_catalogue([world.publisher.org_id], 1, 12))
    bring_in(lines[0])
    with count_queries() as few:
        bring_in(lines[1])
    with count_queries() as many:
        assert bring_in(*lines[2:]) == [("added", "", "")] * 11
    assert len(many) == len(few) < 15


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize(("offers", "plans"), [(50, 100), (500, 10)])
def test_a_price_list_of_5000_plans_in_20_pairs_comes_in_within_90_seconds(
    world: World, offers: int, plans: int
) -> None:
    offers = count(offers, at_least=5)
    org_ids = free_org_ids(26)
    Organization.objects.bulk_create(
        Organization(kind=OrganizationKind.PUBLISHER, name=f"Publisher {org_id}", country="DE", org_id=org_id)
        for org_id in org_ids
    )
    lines = list(make_catalogue(org_ids, offers, plans))
    begun = time.monotonic()
    results = bring_in(*lines)
    seconds = time.monotonic() - begun
    assert {outcome for outcome, _code, _field in results} == {"added"}
    pairs = MarketCountry.objects.values("market", "currency").distinct().count()
    assert Price.objects.filter(plan__offer__publisher__org_id__in=org_ids).count() == offers * plans * pairs
    assert seconds <= 90, f"{offers} offers with {offers * plans * pairs} prices: {seconds:.0f} s"

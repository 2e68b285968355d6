"""The goals of the marketplace: 5,000 offers before one partner, and who may resell them (audiences.py)."""

import datetime as dt
import io
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from django.db import connection, models, transaction

from accounts.actions.organizations import grant_membership
from accounts.models import Organization, OrganizationKind, Person, Program
from accounts.queries.operators import list_operators_of_person
from connections.actors import build_actor_for_organization
from marketplace.ingest.importing import import_offer_file
from marketplace.models import ChannelInfo, Offer, OfferVersion, Plan, Price
from marketplace.queries.catalogue import list_live_plans
from marketplace.queries.eligibility import annotate_failed_rules, get_prospective_sale
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from tools.bench import audiences
from tools.bench.data import SYSTEM, make_organization
from tools.bench.measure import quantile, wall
from tools.bench.queries import replay
from tools.bench.report import GoalLine
from tools.bench.signed_in import client, queries_of

PUBLISHERS, OFFERS = 20, 250  # offers of each publisher: those of one are a twentieth of all
PARTNERS = 100_000  # of the programme
FIRST = 80_000_001  # the ORGID of the first partner
SELLER, PUBLISHER = "Marketplace seller", "Marketplace publisher"
PLACES = {"europe": ("EUR", "GBP"), "united-states": ("USD",), "japan": ("JPY",)}
Row = TypeVar("Row", bound=models.Model)


def load(partners: int = PARTNERS) -> None:
    """Write partners, offers and prices, unless an earlier run has."""
    if Organization.objects.filter(name=SELLER).exists():
        return
    csp = Program.objects.get(code="csp")
    _load_partners(partners, csp)
    with transaction.atomic():
        _load_sellers(csp)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _load_sellers(csp: Program) -> None:
    """Write a partner that sells, and publishers with their offers and prices."""
    seller = make_organization(OrganizationKind.PARTNER, SELLER, "seller")
    grant_membership(actor=SYSTEM, organization=seller, program=csp, starts_on=dt.date(2020, 1, 1))
    publishers = [
        make_organization(OrganizationKind.PUBLISHER, f"{PUBLISHER} {number}", f"publisher{number}")
        for number in range(PUBLISHERS)
    ]
    _load_offers(publishers)
    audiences.load(publishers[0])


def _load_partners(count: int, program: Program) -> None:
    """Write partners of the programme, from where an earlier run has ended. Triggers list them as resellers.

    Each thousand is a transaction: within one, the triggers read all versions of the sums that they changed before.
    """
    written = Organization.objects.filter(name__startswith="Reseller ").count()
    with connection.cursor() as cursor:
        for first in range(written, count, 1000):
            cursor.execute(
                """WITH made AS (
                       INSERT INTO accounts_organization (public_id, kind, name, name_folded, org_id, tenant_id,
                           country, street, postal_code, city, phone, contact_email, website, account_manager_name,
                           account_manager_email, account_manager_phone, requires_second_factor, created_at)
                       SELECT gen_random_uuid(), 'partner', 'Reseller ' || i, 'reseller ' || i, (%s + i)::text,
                           gen_random_uuid(), (ARRAY['FR','DE','JP','US','GB'])[1 + i %% 5], '', '', '', '', '', '', '',
                           '', '', false, now() FROM generate_series(%s, %s) i RETURNING id)
                   INSERT INTO accounts_programmembership (organization_id, program_id, starts_on)
                   SELECT id, %s, '2020-01-01' FROM made""",
                [FIRST, first, min(first + 999, count - 1), program.pk],
            )


def _load_offers(publishers: list[Organization]) -> None:
    """Import one offer with its prices, and write the others as copies of it."""
    lines = list(_describe_offer(publishers[0].org_id))
    stream = io.BytesIO("\n".join(map(json.dumps, lines)).encode())
    import_offer_file(actor=SYSTEM, stream=stream)
    first = Offer.objects.get(publisher=publishers[0])
    version, plan = first.live_version, first.plans.get()
    assert version is not None
    wanted = [(publisher, number) for publisher in publishers for number in range(OFFERS)][1:]
    offers = [
        _copy(
            first,
            publisher=publisher,
            code=f"offer-{number}",
            live_version=None,
            published_at=None,
            sort_en=f"offer {number}",
        )
        for publisher, number in wanted
    ]
    Offer.objects.bulk_create(offers, batch_size=1000)
    versions = [_copy(version, offer=offer) for offer in offers]
    OfferVersion.objects.bulk_create(versions, batch_size=1000)
    ChannelInfo.objects.bulk_create((ChannelInfo(version=row) for row in versions), batch_size=1000)
    for offer, row in zip(offers, versions, strict=True):
        offer.live_version, offer.published_at = row, first.published_at
    Offer.objects.bulk_update(offers, ["live_version", "published_at"], batch_size=1000)
    plans = [_copy(plan, offer=offer) for offer in offers]
    Plan.objects.bulk_create(plans, batch_size=1000)
    prices = list(plan.prices.all())
    Price.objects.bulk_create((_copy(price, plan=row) for row in plans for price in prices), batch_size=5000)


def _describe_offer(publisher: str) -> Iterator[dict[str, Any]]:
    content = {
        "texts": {"en": {"name": "Offer 0", "summary": "An offer in a line", "description": "What it is."}},
        "categories": ["backup"],
        "support": {"email": "help@bench.test"},
        "plans": [{"code": "basic", "texts": {"en": {"name": "Basic"}}, "terms": ["P1M"], "billing": ["P1M"]}],
    }
    site = "https://bench.test"
    channel = {"marketing_url": site, "sales_url": site, "support_url": site, "contact": {"url": site}}
    whose = {"publisher": publisher}
    yield {
        "type": "offer", **whose, "code": "offer-0", "offer_type": "saas", "pricing_model": "per_seat",
        "audience": "any", "publish": True, "content": content, "channel": channel,
    }  # fmt: skip
    yield {
        "type": "prices", **whose, "offer": "offer-0", "plan": "basic", "term": "P1M", "billing": "P1M",
        "valid_from": "2026-01-01",
        "amounts": {market: dict.fromkeys(currencies, "1900") for market, currencies in PLACES.items()},
    }  # fmt: skip


def _copy(row: Row, **changes: Any) -> Row:
    """Return a copy of a row, which is not stored yet."""
    fields = {field.name: getattr(row, field.name) for field in row._meta.concrete_fields if not field.primary_key}
    return type(row)(**fields | {"public_id": uuid.uuid4()} | changes)


def lines(rounds: int) -> Iterator[GoalLine]:
    """Measure the goals of the marketplace, and yield a line for each."""
    yield from _catalogue(rounds)
    yield from _eligibility(rounds)
    yield from audiences.lines(*_find_actor("publisher0"), rounds)


def _find_actor(login: str) -> tuple[Person, Actor]:
    person = Person.objects.get(email=f"{login}@bench.test")
    operators = list(list_operators_of_person(person.pk))
    return person, build_actor_for_organization(person, operators[0].organization_id, operators)


def _catalogue(rounds: int) -> Iterator[GoalLine]:
    """Yield pages of the catalogue, each against itself with one publisher's offers alone."""
    one = Organization.objects.get(name=f"{PUBLISHER} 1").public_id
    person, actor = _find_actor("seller")
    pages = {"all": "", "search": "&q=offer", "sellable": "&sellable=true"}
    who, key = client(person), actor.organization_id
    for name, query in pages.items():
        paths = (f"/marketplace/offers/?sort=name{query}", f"/marketplace/offers/?publisher={one}{query}")
        statements = [queries_of(who, path) for path in paths]
        works = [replay(_selects(sql), key) for sql in statements]
        many, few = (quantile(samples, 95) for samples in wall(works, rounds))
        yield GoalLine(f"catalogue of 5,000 offers ({name}), SQL p95: against a twentieth", many / few, 10)
        yield GoalLine("the same: queries more than with a twentieth", len(statements[0]) - len(statements[1]), 0, "")
    paths = ("/api/v1/catalogue/price-list/", "/marketplace/offers/")
    works = [replay(_selects(queries_of(who, path)), key) for path in paths]
    prices, offers = (quantile(samples, 95) for samples in wall(works, rounds))
    yield GoalLine("page of a price list of 5,000 plans, SQL p95: against that of the catalogue", prices / offers, 10)


def _selects(statements: list[str]) -> list[str]:
    """Return the statements that read the marketplace."""
    return [sql for sql in statements if "marketplace_" in sql and not sql.startswith(("INSERT", "UPDATE", "DELETE"))]


def _eligibility(rounds: int) -> Iterator[GoalLine]:
    (_person, actor), seller = _find_actor("seller"), Organization.objects.get(name=SELLER)

    def judge(offers: Any) -> Callable[[], None]:
        def run() -> None:
            with transaction.atomic():
                tenancy.enter_tenant(organization_id=actor.organization_id, person_id=actor.person_id)
                sale = get_prospective_sale(actor, seller)
                plans = annotate_failed_rules(list_live_plans(actor).filter(offer__in=offers), actor, sale)
                refused = sum(bool(plan.failed_rules) for plan in plans.only("pk"))  # type: ignore[attr-defined]
                assert refused <= audiences.OFFERS

        return run

    few = Offer.objects.filter(publisher__name=f"{PUBLISHER} 1")
    works = [judge(Offer.objects.filter(publisher__name__startswith=PUBLISHER)), judge(few)]
    all_of_them, twentieth = (quantile(samples, 95) for samples in wall(works, rounds))
    yield GoalLine("eligibility of a partner for 5,000 offers, p95: against a twentieth", all_of_them / twentieth, 20)

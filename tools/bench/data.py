"""The bench's data, written by SQL: a distributor over two partners, a medium partner, and a small one.

The small partner is there before all others. The number of the large partner's customers can be chosen.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from accounts.actions.operators import add_operator
from accounts.actions.organizations import grant_membership, register_organization
from accounts.models import Organization, OrganizationKind, Person, Program, Role
from connections.actions import rebuild_portfolio
from entitlements.actions.figures import merge_portfolio_figure_changes
from entitlements.actions.listing import rebuild_customer_listing
from partnerportal.lib.actors import Actor

SYSTEM = Actor.system("bench")
BATCH = 1000  # rows in a transaction, because each customer is locked until its end
NOTICES = 50_000  # of the large partner
SMALL = range(5_000_001, 5_000_041)  # numbers of the small partner's customers, above those of all others
LISTS = "entitlements_customerlisting, entitlements_portfoliofigure, notifications_notice"  # tables to vacuum


@dataclass(frozen=True)
class World:
    """The Admin and the primary key of each organisation that is measured."""

    small: Person  # of forty customers
    large: Person  # of as many customers as were chosen
    medium: Person  # of a twentieth of them
    distributor: Person  # of five quarters of them, through two hops
    small_id: int
    large_id: int
    medium_id: int
    distributor_id: int


def world(customers: int) -> World:
    """Write the data, unless an earlier run has, and return its organisations."""
    if not Organization.objects.filter(name=f"Bench {customers}").exists():
        _load(customers)
    names = {"small": "Small partner", "large": "Large partner", "medium": "Medium partner", "distributor": "Two hops"}
    ids = {key: Organization.objects.get(name=name).pk for key, name in names.items()}
    people: dict[str, Any] = {key: Person.objects.get(email=f"{key}@bench.test") for key in names}
    numbers: dict[str, Any] = {f"{key}_id": pk for key, pk in ids.items()}
    return World(**people, **numbers)


def load_small() -> None:
    """Write the small partner, its customers and its news of them, into a database that has none."""
    small = make_organization(OrganizationKind.PARTNER, "Small partner", "small")
    _skus()
    add_customers(SMALL.start, SMALL.stop - 1)
    add_entitlements(SMALL.start, SMALL.stop - 1)
    with followed_at_once():
        connect(small, SMALL.start, SMALL.stop - 1)
    _notices(small, len(SMALL) // 4)
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {LISTS}")


def _load(customers: int) -> None:
    distributor = make_organization(OrganizationKind.DISTRIBUTOR, "Two hops", "distributor")
    large = make_organization(OrganizationKind.PARTNER, "Large partner", "large", parent=distributor)
    second = make_organization(OrganizationKind.PARTNER, "Second partner", "second", parent=distributor)
    medium = make_organization(OrganizationKind.PARTNER, "Medium partner", "medium")
    total = customers + customers // 4
    for first in range(1, total + 1, BATCH):
        add_customers(first, min(first + BATCH - 1, total))
    for first in range(1, total + 1, 5 * BATCH):
        add_entitlements(first, min(first + 5 * BATCH - 1, total))
    with followed_at_once():
        connect(large, 1, customers)
        connect(second, customers + 1, total)
        connect(medium, 1, customers // 20)
    _notices(large, NOTICES)
    _notices(second, 2 * NOTICES)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute(f"VACUUM {LISTS}")  # autovacuum would have done so by the time that people come
    register_organization(actor=SYSTEM, kind=OrganizationKind.VENDOR, name=f"Bench {customers}", country="IE")


@contextmanager
def followed_at_once() -> Iterator[None]:
    """Switch the triggers of portfolio and listing off for the block, and rebuild both by their definitions after it.

    That takes a fifth of the time, or far less where the triggers' statements were planned while there were few rows.
    """
    triggers = (
        ("accounts_organization", "portfolio_follows_new_organization"),
        ("connections_connection", "portfolio_follows_connection"),
        ("connections_connection", "customer_partners_follow_connection"),
        ("connections_portfolio", "listing_follows_portfolio"),
    )
    with connection.cursor() as cursor:
        for table, trigger in triggers:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        yield
        cursor.execute("ANALYZE")
        rebuild_portfolio(actor=SYSTEM)
        cursor.execute("ANALYZE connections_portfolio")
        rebuild_customer_listing(actor=SYSTEM)
        for table, trigger in triggers:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")
    merge_portfolio_figure_changes()


def make_organization(
    kind: OrganizationKind, name: str, login: str, parent: Organization | None = None
) -> Organization:
    """Register an organisation with one Admin, and a partner with a badge; return it."""
    organization = register_organization(actor=SYSTEM, kind=kind, name=name, country="FR", parent=parent)
    if kind == OrganizationKind.PARTNER:
        program = Program.objects.get(code="solution_advisor")
        grant_membership(actor=SYSTEM, organization=organization, program=program, starts_on=dt.date(2020, 1, 1))
    person = Person.objects.create_user(f"{login}@bench.test", name=login, past_first_steps=[organization.pk])
    add_operator(actor=SYSTEM, organization=organization, person=person, roles=[Role.ADMIN])
    return organization


def _execute(sql: str, *values: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def add_customers(first: int, last: int) -> None:
    """Write customers with these numbers, which are unique in the database."""
    _execute(
        """INSERT INTO accounts_organization (public_id, kind, name, name_folded, org_id, tenant_id, country, street,
               postal_code, city, phone, contact_email, website, account_manager_name, account_manager_email,
               account_manager_phone, created_at, requires_second_factor)
           SELECT gen_random_uuid(), 'customer', n.name, lower(n.name), (20000000 + i)::text, gen_random_uuid(),
               (ARRAY['FR','DE','JP','US','GB'])[1 + i %% 5], '', '', '', '', '', 'c' || i || '.test', '', '', '',
                now(), false
           FROM generate_series(%s, %s) AS i,
           LATERAL (SELECT (ARRAY['Umbra','Halcyon','Delphi','Valmont','Kyoto','Quill','Aster'])[1 + i %% 7] || ' '
               || (ARRAY['Insurance','Retail','Logistics','Foods','Robotics'])[1 + i %% 5] || ' ' || i AS name) n""",
        first,
        last,
    )


def connect(partner: Organization, first: int, last: int) -> None:
    """Connect the customers with these numbers to a partner. They share everything."""
    _execute(
        """INSERT INTO connections_connection
               (public_id, partner_id, customer_id, partner_name, customer_name, state, scopes, connected_at)
           SELECT gen_random_uuid(), %s, o.id, %s, o.name, 'active', 63,
               now() - (o.org_id::int %% 700) * interval '1 day'
           FROM accounts_organization o
           WHERE o.kind = 'customer' AND o.org_id::int BETWEEN 20000000 + %s AND 20000000 + %s""",
        partner.pk,
        partner.name,
        first,
        last,
    )


def _skus() -> None:
    _execute(
        """INSERT INTO entitlements_sku (code, service, name, kind, licence_model)
           SELECT 'SKU-' || i, 'Service ' || i, 'Service ' || i || ' Standard', 'product', 'user_device'
           FROM generate_series(0, 11) i"""
    )


def add_entitlements(first: int, last: int) -> None:
    """Write three entitlements for each customer with these numbers."""
    _execute(
        """INSERT INTO entitlements_entitlement (public_id, customer_id, sku_id, external_id, kind, state, source,
               quantity, assigned, starts_on, ends_on, updated_at, reason)
           SELECT gen_random_uuid(), o.id, s.id, o.org_id || '-' || k,
               CASE WHEN k = 2 THEN 'trial' ELSE 'production' END, 'active', 'bought',
               25 + (o.id * 7 + k) %% 400, (o.id * 5 + k) %% 380, now()::date - 300,
               now()::date + ((o.id + k * 40) %% 500)::int, now(), ''
           FROM accounts_organization o, generate_series(0, 2) k
           JOIN LATERAL (SELECT id FROM entitlements_sku WHERE code ~ '^SKU-[0-9]+$' ORDER BY id) s ON true
           WHERE o.kind = 'customer' AND o.org_id::int BETWEEN 20000000 + %s AND 20000000 + %s
               AND s.id %% 12 = (o.id + k * 5) %% 12""",
        first,
        last,
    )


def _notices(partner: Organization, count: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE notifications_event DISABLE TRIGGER event_is_a_message")
        cursor.execute(
            """WITH known AS MATERIALIZED (
                   SELECT subject_id, row_number() OVER (ORDER BY subject_id) - 1 AS n FROM connections_portfolio
                   WHERE viewer_id = %(partner)s AND path = '2_connection'),
               turns AS (
                   SELECT i, i %% (SELECT count(*) FROM known) AS n FROM generate_series(0, %(notices)s - 1) i),
               e AS (
                   INSERT INTO notifications_event (public_id, kind, at, actor_label, organization_label,
                       counterpart_label, customer_id, scopes, subject_kind, subject_label, data)
                   SELECT gen_random_uuid(), 'entitlement.changed', now() - i * interval '1 minute', '', '', '',
                       o.id, 34, 'entitlements.entitlement', '', jsonb_build_object('customer', o.public_id,
                       'customer_name', o.name, 'sku', 'SKU-1', 'sku_name', 'Service 1 Standard', 'quantity', 25)
                   FROM turns JOIN known USING (n) JOIN accounts_organization o ON o.id = subject_id
                   RETURNING id, at, customer_id, data)
               INSERT INTO notifications_notice
                   (public_id, event_id, kind, at, recipient_id, about_id, about_public_id, about_label, scopes,
                    params)
               SELECT gen_random_uuid(), id, 'entitlement_changed', at, %(partner)s, customer_id,
                   (data->>'customer')::uuid, data->>'customer_name', 34, data FROM e""",
            {"partner": partner.pk, "notices": count},
        )
        cursor.execute("ALTER TABLE notifications_event ENABLE TRIGGER event_is_a_message")

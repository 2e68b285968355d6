"""The writing of the sample data. The settled past goes into the database in bulk; what is done today, by actions."""

import datetime as dt
import uuid
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import chain
from random import Random
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts.actions.vacancies import mark_admin_vacancies
from accounts.models import Operator, Organization, OrganizationKind, Person, Program, ProgramMembership
from connections.actions import accept_invitation, end_connection
from connections.consent import WORDING, get_all_shareable_scopes
from connections.models import Connection, Consent, InvitationLink
from entitlements.actions.anomalies import detect_usage_anomalies
from entitlements.actions.figures import merge_portfolio_figure_changes
from entitlements.actions.growth import write_channel_growth
from entitlements.actions.partners import refresh_partner_trends
from entitlements.actions.portfolio_months import count_all_portfolio_months
from entitlements.ingest.importing import import_feed
from entitlements.models import Entitlement
from notifications.actions.inbox import mark_all_notices_read
from notifications.actions.outbox import write_due_notices
from partnerportal.lib.actors import Actor
from partnerportal.lib.json_lines.facts import LineOutcome
from partnerportal.lib.scopes import ALL, Scope
from partnerportal.lib.text import make_search_key
from partnerportal.sample import cast, facts
from partnerportal.sample.acting import build_admin, build_sample_actor
from partnerportal.sample.activations import write_sample_activations
from partnerportal.sample.asking import (
    ask_vendor_for_licences,
    count_sample_products,
    write_sample_marketplace,
    write_sample_requests,
)
from partnerportal.sample.channel import (
    set_account_managers,
    write_customer_admins,
    write_past_activity,
    write_sample_domains,
)
from partnerportal.sample.facts import SampleCustomer
from partnerportal.sample.feeds import write_sample_feeds
from partnerportal.sample.holders import write_sample_licence_holders
from partnerportal.sample.invitations import write_sample_invitations
from partnerportal.sample.renewals import write_sample_renewal_work
from partnerportal.sample.usage import write_sample_usage

NAMESPACE = uuid.UUID("5a5a2b0e-7c1d-4a51-9d1b-6f3c0f0e8d11")
Organizations = dict[str, Organization]
# How many days a company without a badge has been in the portal, but for the last twenty.
_AGE = {OrganizationKind.VENDOR: 940, OrganizationKind.PUBLISHER: 520, OrganizationKind.PARTNER: -16}


def is_sample_data_written() -> bool:
    """Return whether the database already has the sample data."""
    return Person.objects.filter(email=cast.PEOPLE[0].email).exists()


@transaction.atomic
def write_sample_data() -> None:
    """Write all sample data to the database, in one transaction."""
    now = timezone.now()
    companies = _companies(now)
    customers = _customers(companies, now)
    organizations = companies | customers
    _badges(organizations, now.date())
    password = make_password(cast.PASSWORD)  # one hash serves all, because hashing is slow on purpose
    _people(organizations, password, now)
    write_customer_admins(customers, password, now)
    set_account_managers([*companies.values(), *list(customers.values())[::3]])
    write_sample_domains(organizations, password, now)
    write_sample_invitations(organizations, now)
    _past_connections(organizations, now)
    _import(
        chain(
            facts.make_sku_feed_rows(),
            *(facts.make_past_service_feed_rows(_customer(o), now.date()) for o in _buyers(organizations)),
        )
    )
    write_past_activity(organizations, now)
    _news(organizations, now)
    write_sample_usage(_buyers(organizations), now.date())
    write_sample_licence_holders(_buyers(organizations), now)
    detect_usage_anomalies(actor=Actor.system("anomalies"))
    ask_vendor_for_licences(organizations)
    write_sample_marketplace(organizations, now)
    count_sample_products(organizations)
    write_sample_requests(organizations)
    write_sample_activations(organizations, now)
    write_sample_feeds(now)
    write_sample_renewal_work(organizations)
    mark_admin_vacancies()
    write_channel_growth()
    write_pending_notices()
    merge_portfolio_figure_changes()
    refresh_partner_trends()
    count_all_portfolio_months()


def _companies(now: dt.datetime) -> Organizations:
    written: Organizations = {}
    for company in cast.COMPANIES:  # distributors stand before their partners
        written[company.key] = Organization.objects.create(
            public_id=_uuid(company.key), tenant_id=_uuid(f"{company.key} tenant"), kind=company.kind,
            name=company.name, org_id=company.org_id, country=company.country, city=company.city,
            street=company.street, postal_code=company.postal_code, phone=company.phone,
            website=f"{company.key}.example", contact_email=f"office@{company.key}.example",
            parent=written.get(company.parent),
            created_at=now - dt.timedelta(days=20 + max((-first for _code, first, _last in company.badges), default=_AGE.get(company.kind, 0))),
        )  # fmt: skip
    return written


def _customers(companies: Organizations, now: dt.datetime) -> Organizations:
    rows = {
        key: make_sample_customer(key, name, country, city, f"{60_000_000 + zlib.crc32(key.encode()) % 9_999_999}", now)
        for name, country, city, key in cast.CUSTOMERS
    }
    first = {key: now - dt.timedelta(days=begun) for _partner, key, begun, *_rest in cast.ENDED}
    first |= dict.fromkeys(cast.RECENT, now - dt.timedelta(days=2))
    for partner, key in _list_live_pairs():
        since = make_sample_connection(companies[partner], rows[key], now).connected_at
        first[key] = min(since, first.get(key, now))
    for key, since in first.items():  # each came into the portal some days before its first connection
        rows[key].created_at = since - dt.timedelta(days=Random(key).randint(3, 40))
    Organization.objects.bulk_create(rows.values())
    return rows


def make_sample_customer(key: str, name: str, country: str, city: str, org_id: str, now: dt.datetime) -> Organization:
    """Return a sample customer, which is not stored yet.

    `key` is the first part of its domain, and decides its public and tenant ids.
    """
    return Organization(
        public_id=_uuid(key), tenant_id=_uuid(f"{key} tenant"), kind=OrganizationKind.CUSTOMER, name=name, name_folded=make_search_key(name),
        org_id=org_id, country=country, city=city, website=f"{key}.example", contact_email=f"office@{key}.example",
        created_at=now - dt.timedelta(days=955),
    )  # fmt: skip


def _badges(organizations: Organizations, today: dt.date) -> None:
    programs = {program.code: program for program in Program.objects.all()}
    ProgramMembership.objects.bulk_create(
        ProgramMembership(
            organization=organizations[company.key],
            program=programs[code],
            starts_on=today + dt.timedelta(days=begins),
            ends_on=None if ends is None else today + dt.timedelta(days=ends),
        )
        for company in cast.COMPANIES
        for code, begins, ends in company.badges
    )


def _people(organizations: Organizations, password: str, now: dt.datetime) -> None:
    for human in cast.PEOPLE:
        person = Person.objects.create(
            public_id=_uuid(human.email), email=human.email, name=human.name, password=password,
            language=human.language, time_zone=human.time_zone, date_joined=now - dt.timedelta(days=600),
            last_login=now - dt.timedelta(hours=Random(human.email).randint(2, 900)),
        )  # fmt: skip
        EmailAddress.objects.create(user=person, email=human.email, verified=True, primary=True)
        Operator.objects.bulk_create(
            Operator(
                organization=organizations[key], person=person, roles=list(roles),
                created_at=now - dt.timedelta(days=590),
            )
            for key, roles in human.acts_for.items()
        )  # fmt: skip
        person.past_first_steps = sorted(organizations[key].pk for key in human.acts_for)
        person.save(update_fields=["past_first_steps"])


def _past_connections(organizations: Organizations, now: dt.datetime) -> None:
    rows = [
        make_sample_connection(organizations[partner], organizations[key], now) for partner, key in _list_live_pairs()
    ]
    for partner, key, begun, ended, by_partner in cast.ENDED:
        row = make_sample_connection(
            organizations[partner], organizations[key], now, state=Connection.State.ENDED,
            ended_at=now - dt.timedelta(days=ended), ended_by=organizations[partner if by_partner else key],
        )  # fmt: skip
        row.connected_at = now - dt.timedelta(days=begun)
        rows.append(row)
    Connection.objects.bulk_create(rows)
    Consent.objects.bulk_create(_consents(rows, organizations))


def _list_live_pairs() -> list[tuple[str, str]]:
    """Return the keys of the partners and customers that are connected when the news begins."""
    customers = [key for _name, _country, _city, key in cast.CUSTOMERS]
    live = [(cast.MAIN, key) for key in customers if key not in cast.NOT_WITH_MAIN and key not in cast.RECENT]
    return live + [(partner, key) for partner, keys in cast.ALSO_CONNECTED.items() for key in keys]


def make_sample_connection(partner: Organization, customer: Organization, now: dt.datetime, **end: Any) -> Connection:
    """Return a sample connection of a partner with a customer, which is not stored yet.

    It is active unless `end` holds the values of its columns as an ended one. The ids of the two decide since when it
    exists: between two weeks and two years.
    """
    most = 150_000 if partner.website.partition(".")[0] in cast.GROWING else 980_000
    since = dt.timedelta(minutes=Random(f"{partner.org_id} {customer.org_id}").randint(20_000, most))
    return Connection(
        partner=partner,
        customer=customer,
        partner_name=partner.name,
        customer_name=customer.name,
        connected_at=now - since,
        **end,
    )


def _consents(connections: Iterable[Connection], organizations: Organizations) -> Iterator[Consent]:
    """Yield the consent behind each connection: to all that is offered, but for what cast.KEPT_BACK names."""
    keys = {organization.pk: key for key, organization in organizations.items()}
    humans = {key: human for human in reversed(cast.PEOPLE) for key in human.acts_for}
    people = {person.email: person for person in Person.objects.filter(email__in=[h.email for h in humans.values()])}
    for connection in connections:
        key = keys[connection.customer_id]
        human = humans.get(key)
        yield Consent(
            connection=connection,
            scopes=get_all_shareable_scopes() & ~cast.KEPT_BACK.get(key, Scope.NONE),
            offered=get_all_shareable_scopes(),
            wording=WORDING,
            language=human.language if human else "en",
            at=connection.connected_at,
            person_id=people[human.email].pk if human else None,
            person_label=human.name if human else "",
        )


def _buyers(organizations: Organizations) -> Iterator[Organization]:
    """Yield the organisations that have services: all customers, and partners for their own use but the new one."""
    for key, organization in organizations.items():
        if organization.kind in (OrganizationKind.CUSTOMER, OrganizationKind.PARTNER) and key != cast.NEW:
            yield organization


def _customer(organization: Organization) -> SampleCustomer:
    size, share = cast.SIZES.get(organization.website.removesuffix(".example"), (0, 0))
    return SampleCustomer(organization.org_id, organization.country, size, share)


def _import(rows: Iterable[dict[str, Any]], at: dt.datetime | None = None) -> None:
    """Import rows as the vendor's feed is imported. With `at` they are news of that moment."""
    import_sample_feed(BytesIO(b"".join(facts.encode_feed_lines(rows))), at)


def import_sample_feed(stream: Any, at: dt.datetime | None = None) -> None:
    """Import a feed file of sample data, as the portal imports those of the vendor.

    With `at` events are recorded, as of that moment. Without it none are: what the feed says is then no news.
    """
    counts = import_feed(actor=Actor.system("feed"), stream=stream, with_events=at is not None, at=at)
    assert not counts[LineOutcome.ERROR], "the sample feed is sound"


def _news(organizations: Organizations, now: dt.datetime) -> None:
    """Write the news of the last two weeks in their order. Some are read, and some wait in the inbox."""

    def days_ago(days: float) -> dt.datetime:
        return now - dt.timedelta(days=days)

    def who(key: str) -> SampleCustomer:
        return _customer(organizations[key])

    def news(days: float, rows: Iterable[dict[str, Any]]) -> None:
        _import(rows, days_ago(days))
        write_pending_notices()  # at once, so that the inbox has the order of the events

    ended = now.date() - dt.timedelta(days=4)
    _import([facts.make_trial_feed_row(who("caldervalley"), 95, "NB-ANA-PRF", Entitlement.State.ACTIVE, ended)])
    news(13, facts.make_service_feed_rows(who("sainte-aurelie"), 96, "NB-ACC-SEC", 60, days_ago(13).date()))
    news(11, [facts.make_trial_feed_row(who("juniperstreet"), 95, "NB-DSK-CLD", Entitlement.State.REQUESTED, None)])
    news(9, [_more_seats(who("elbtal"), now.date())])
    news(8, facts.make_service_feed_rows(who("minato-seimitsu"), 96, "NB-WSP-PRM", 120, days_ago(8).date()))
    mark_all_notices_read(actor=build_sample_actor("emma.clarke@brightwater.example", organizations[cast.MAIN]))
    news(3.9, [facts.make_trial_feed_row(who("caldervalley"), 95, "NB-ANA-PRF", Entitlement.State.EXPIRED, ended)])
    news(2.2, [_more_seats(who("meridian-health"), now.date())])
    news(2, facts.make_service_feed_rows(who("meridian-health"), 96, "NB-EPM-STD", 75, days_ago(2).date()))
    news(1.1, [facts.make_trial_feed_row(who("gruenwald"), 95, "NB-ACC-SEC", Entitlement.State.REQUESTED, None)])
    news(0.2, [facts.make_trial_feed_row(who("cote-emeraude"), 95, "NB-FIL-SHR", Entitlement.State.REQUESTED, None)])
    _act_today(organizations)
    write_pending_notices()


def _act_today(organizations: Organizations) -> None:
    """Have customers accept the main partner's invitation, and one end its connection."""
    link = InvitationLink.objects.get(organization=organizations[cast.MAIN])
    for key in cast.RECENT:
        accept_invitation(actor=build_admin(key, organizations), token=link.token, scopes=ALL)
    actor = build_admin(cast.JUST_ENDED, organizations)
    end_connection(actor=actor, connection=Connection.objects.visible_to(actor).active().get())


def _more_seats(customer: SampleCustomer, today: dt.date) -> dict[str, Any]:
    rows = facts.make_past_service_feed_rows(customer, today)
    first = next(row for row in rows if row["type"] == "entitlement" and row["external_id"].endswith("-1"))
    return first | {
        "quantity": first["quantity"] + 25,
        "state": Entitlement.State.ACTIVE,
        "ends_on": today + dt.timedelta(300),
    }


def write_pending_notices() -> None:
    """Write the inbox notices for all events that have none yet, batch by batch."""
    while write_due_notices():
        pass


def _uuid(name: str) -> uuid.UUID:
    return uuid.uuid5(NAMESPACE, name)

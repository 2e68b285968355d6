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
from accounts.queries import list_operators_of_person
from connections.actions import accept_invitation, end_connection
from connections.actors import build_actor_for_organization
from connections.consent import WORDING, get_all_shareable_scopes
from connections.models import Connection, Consent, InvitationLink
from entitlements.actions.anomalies import detect_usage_anomalies
from entitlements.actions.growth import write_channel_growth
from entitlements.actions.partners import refresh_partner_trends
from entitlements.actions.publishers import store_sku_publishers
from entitlements.actions.releases import mark_licence_released, request_licence_release
from entitlements.actions.trials import request_trial
from entitlements.ingest.importing import import_feed
from entitlements.models import Entitlement, LicenseAssignment, Sku
from entitlements.queries.trials import list_skus_available_for_trial
from marketplace.actions.products import count_products
from notifications.actions.inbox import mark_all_notices_read
from notifications.actions.outbox import write_due_notices
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.lib.json_lines.facts import LineOutcome
from partnerportal.lib.scopes import ALL, Scope
from partnerportal.lib.text import make_search_key
from partnerportal.sample import cast, facts
from partnerportal.sample.activations import write_sample_activations
from partnerportal.sample.audiences import (
    ask_for_sample_removal,
    close_sample_removal,
    write_sample_audience_requests,
    write_sample_health_issues,
)
from partnerportal.sample.facts import SampleCustomer
from partnerportal.sample.feeds import write_sample_feeds
from partnerportal.sample.holders import write_sample_licence_holders
from partnerportal.sample.invitations import write_sample_invitations
from partnerportal.sample.offers import write_late_sale, write_sample_offers
from partnerportal.sample.papers import make_sample_document
from partnerportal.sample.usage import write_sample_usage
from support.actions.deciding import ask_for_information, decline_request
from support.actions.drafts import start_request
from support.actions.submitting import submit_request
from support.country_change import CODE
from support.models import Request

NAMESPACE = uuid.UUID("5a5a2b0e-7c1d-4a51-9d1b-6f3c0f0e8d11")
Organizations = dict[str, Organization]


def is_sample_data_written() -> bool:
    """Return whether the database already has the sample data."""
    return Person.objects.filter(email=cast.PEOPLE[0].email).exists()


@transaction.atomic
def write_sample_data() -> None:
    """Write all sample data to the database, in one transaction."""
    now = timezone.now()
    organizations = _companies(now) | _customers(now)
    _badges(organizations, now.date())
    _people(organizations, now)
    write_sample_invitations(organizations, now)
    _past_connections(organizations, now)
    _import(
        chain(
            facts.make_sku_feed_rows(),
            *(facts.make_past_service_feed_rows(_customer(o), now.date()) for o in _buyers(organizations)),
        )
    )
    _news(organizations, now)
    write_sample_usage(_buyers(organizations), now.date())
    write_sample_licence_holders(_buyers(organizations), now)
    detect_usage_anomalies(actor=Actor.system("anomalies"))
    _asked_of_vendor(organizations)
    _marketplace(organizations, now)
    _products(organizations)
    _requests(organizations)
    write_sample_activations(organizations[cast.MAIN], organizations["aldervale"], now)
    write_sample_feeds(now)
    mark_admin_vacancies()
    write_channel_growth()
    refresh_partner_trends()
    write_pending_notices()


def _companies(now: dt.datetime) -> Organizations:
    staff = cast.PEOPLE[0]
    written: Organizations = {}
    for company in cast.COMPANIES:  # distributors stand before their partners
        written[company.key] = Organization.objects.create(
            public_id=_uuid(company.key), tenant_id=_uuid(f"{company.key} tenant"), kind=company.kind,
            name=company.name, org_id=company.org_id, country=company.country, city=company.city,
            street=company.street, postal_code=company.postal_code, phone=company.phone,
            website=f"{company.key}.example", contact_email=f"office@{company.key}.example",
            parent=written.get(company.parent), created_at=now - dt.timedelta(days=960),
            account_manager_name=staff.name, account_manager_email=staff.email,
            account_manager_phone="+353 1 555 0107",
        )  # fmt: skip
    return written


def _customers(now: dt.datetime) -> Organizations:
    rows = {
        key: make_sample_customer(key, name, country, city, f"{60_000_000 + zlib.crc32(key.encode()) % 9_999_999}", now)
        for name, country, city, key in cast.CUSTOMERS
    }
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


def _people(organizations: Organizations, now: dt.datetime) -> None:
    password = make_password(cast.PASSWORD)  # one hash serves all, because hashing is slow on purpose
    for human in cast.PEOPLE:
        person = Person.objects.create(
            public_id=_uuid(human.email), email=human.email, name=human.name, password=password,
            language=human.language, time_zone=human.time_zone, date_joined=now - dt.timedelta(days=600),
        )  # fmt: skip
        EmailAddress.objects.create(user=person, email=human.email, verified=True, primary=True)
        Operator.objects.bulk_create(
            Operator(
                organization=organizations[key], person=person, roles=list(roles),
                created_at=now - dt.timedelta(days=590),
            )
            for key, roles in human.acts_for.items()
        )  # fmt: skip


def _past_connections(organizations: Organizations, now: dt.datetime) -> None:
    customers = [key for _name, _country, _city, key in cast.CUSTOMERS]
    live = [(cast.MAIN, key) for key in customers if key not in cast.NOT_WITH_MAIN and key not in cast.RECENT]
    live += [(partner, key) for partner, keys in cast.ALSO_CONNECTED.items() for key in keys]
    rows = [make_sample_connection(organizations[partner], organizations[key], now) for partner, key in live]
    for partner, key, begun, ended, by_partner in cast.ENDED:
        row = make_sample_connection(
            organizations[partner], organizations[key], now, state=Connection.State.ENDED,
            ended_at=now - dt.timedelta(days=ended), ended_by=organizations[partner if by_partner else key],
        )  # fmt: skip
        row.connected_at = now - dt.timedelta(days=begun)
        rows.append(row)
    Connection.objects.bulk_create(rows)
    Consent.objects.bulk_create(_consents(rows, organizations))


def make_sample_connection(partner: Organization, customer: Organization, now: dt.datetime, **end: Any) -> Connection:
    """Return a sample connection of a partner with a customer, which is not stored yet.

    It is active unless `end` holds the values of its columns as an ended one. The ids of the two decide since when it
    exists: between two weeks and two years.
    """
    since = dt.timedelta(minutes=Random(f"{partner.org_id} {customer.org_id}").randint(20_000, 980_000))
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
    """Yield the organisations that have services: all customers, and partners for their own use."""
    yield from (o for o in organizations.values() if o.kind in (OrganizationKind.CUSTOMER, OrganizationKind.PARTNER))


def _customer(organization: Organization) -> SampleCustomer:
    return SampleCustomer(organization.org_id, organization.country)


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
    mark_all_notices_read(actor=_actor("emma.clarke@brightwater.example", organizations[cast.MAIN]))
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
        accept_invitation(actor=_admin_of(key, organizations), token=link.token, scopes=ALL)
    actor = _admin_of(cast.JUST_ENDED, organizations)
    end_connection(actor=actor, connection=Connection.objects.visible_to(actor).active().get())


def _asked_of_vendor(organizations: Organizations) -> None:
    """Have one customer ask for the release of unused licences, of which one is done, and another for a trial."""
    actor, staff = _admin_of("meridian-health", organizations), _admin_of(cast.VENDOR, organizations)
    unused = LicenseAssignment.objects.visible_to(actor).unused().select_related("sku")
    releases = [request_licence_release(actor=actor, assignment=row) for row in unused.order_by("pk")[:4]]
    with tenancy.as_tenant(organization_id=staff.organization_id, person_id=staff.person_id):
        mark_licence_released(actor=staff, assignment_key=releases[0].external_id)
    actor = _admin_of("gruenwald", organizations)
    request_trial(actor=actor, sku=list_skus_available_for_trial(actor)[0], quantity=15)


def _marketplace(organizations: Organizations, now: dt.datetime) -> None:
    offers = write_sample_offers(organizations, now)
    admins = {key: _admin_of(key, organizations) for key in ("octavo", "feldspat", "seiran")}
    write_sample_health_issues(offers, admins, now)
    staff = _admin_of(cast.VENDOR, organizations)
    removal = ask_for_sample_removal(offers, admins)
    write_late_sale(organizations, now)
    close_sample_removal(removal, staff)
    write_sample_audience_requests(offers, admins, staff)


def _products(organizations: Organizations) -> None:
    """Make some of the vendor's SKUs products of publishers, and count how they and the offers grow."""
    skus = {sku.code: sku for sku in Sku.objects.filter(code__in=facts.PUBLISHED)}
    publishers = {skus[code]: organizations[key] for code, key in facts.PUBLISHED.items()}
    store_sku_publishers(Actor.system("feed"), publishers)
    count_products(actor=Actor.system("products"))


def _requests(organizations: Organizations) -> None:
    """Have three organisations ask for another country: one waits, one needs information, and one is declined."""
    staff = _admin_of(cast.VENDOR, organizations)
    asked = {
        key: _ask_for_country(_admin_of(key, organizations), country, why)
        for key, country, why in (
            ("octavo", "US", "Our head office has moved to Boston. The register entry follows."),
            ("hafenlicht", "AT", "Since the merger we are registered in Vienna."),
            ("kestrel-hosting", "CA", "Most of our customers are in Canada."),
        )
    }
    with tenancy.as_tenant(organization_id=staff.organization_id, person_id=staff.person_id):
        form = make_sample_document("Change of country.pdf", "Registered office since:", "Number in the register:")
        text = "Since when? Which register number? Please fill in this form."
        ask_for_information(actor=staff, request=asked["hafenlicht"], message=text, attachments=[form])
        reason = "The country is that of the registered office, not of the customers."
        refused = asked["kestrel-hosting"]
        decline_request(actor=staff, request=refused, reason=reason, revision=refused.revision)


def _ask_for_country(actor: Actor, country: str, justification: str) -> Request:
    draft = start_request(actor=actor, kind=CODE, subject_id=uuid.UUID(actor.organization_public_id))
    email = f"office@{draft.organization.website}"
    paper = make_sample_document("Extract from the register.pdf", draft.organization.name, justification)
    return submit_request(
        actor=actor,
        request=draft,
        attachments=[paper],
        justification=justification,
        contact_email=email,
        payload={"country": country},
    )


def _more_seats(customer: SampleCustomer, today: dt.date) -> dict[str, Any]:
    first = next(facts.make_past_service_feed_rows(customer, today))
    return first | {
        "quantity": first["quantity"] + 25,
        "state": Entitlement.State.ACTIVE,
        "ends_on": today + dt.timedelta(300),
    }


def _admin_of(key: str, organizations: Organizations) -> Actor:
    human = next(human for human in cast.PEOPLE if key in human.acts_for)
    return _actor(human.email, organizations[key])


def _actor(email: str, organization: Organization) -> Actor:
    person = Person.objects.get(email=email)
    return build_actor_for_organization(person, organization.pk, list(list_operators_of_person(person.pk)))


def write_pending_notices() -> None:
    """Write the inbox notices for all events that have none yet, batch by batch."""
    while write_due_notices():
        pass


def _uuid(name: str) -> uuid.UUID:
    return uuid.uuid5(NAMESPACE, name)

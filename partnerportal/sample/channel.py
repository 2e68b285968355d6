"""Of the sample data: the Admins of customers, domains, who wants to join, and what was done before the other news.

All of it is past when the news begins, so that the inbox keeps the order of the events.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import Any

from allauth.account.models import EmailAddress

from accounts.actions.partner_news import make_parent_data
from accounts.events import AccountEventKind as Kind
from accounts.models import JoinRequest, Operator, Organization, OrganizationDomain, Person, Program, Role
from notifications.actions.recording import make_event, record_events
from notifications.models import Event
from partnerportal.lib.changes import list_changes_between
from partnerportal.lib.states import change_row_state
from partnerportal.sample import cast
from partnerportal.sample.acting import build_admin

Organizations = Mapping[str, Organization]
Outcome, State = OrganizationDomain.Outcome, OrganizationDomain.State

# First names and family names of Admins, by the country of their customer; of any other country as in Britain.
_NAMES = {
    "GB": ("Alice Ben Chloe Dev Ellen Fergus Gwen Harry Isla Joe Kate Lewis Mona Neil", "Archer Boyd Cole Dunn Ellis Fox Grant Hale Imrie Jarvis Kerr Lowe Moss Nash"),
    "FR": ("Alain Brigitte Céline Didier Élise Fabien Hélène Karim Louise Nadia", "Arnaud Besson Chevalier Duval Fabre Garnier Lambert Mercier Perrin Roussel"),
    "DE": ("Anja Bernd Carla Dirk Esra Frank Heike Jan Lena Murat", "Albrecht Brandt Dietz Engel Fuchs Günther Hahn Keller Lorenz Vogt"),
    "JP": ("愛 大輔 恵 浩二 真紀 翔太 由美 涼", "青木 石井 上田 岡田 加藤 近藤 清水 原"),
}  # fmt: skip
# Domains: whose, name, state, outcome of the last check, and how many days ago that was.
_DOMAINS = (
    ("brightwater", "brightwater.example", State.PROVED, Outcome.FOUND, 2),
    ("brightwater", "brightwater-labs.example", State.OPEN, Outcome.NO_RECORD, 1),
    ("brightwater", "bwcloud.example", State.LAPSED, Outcome.SERVER_FAILED, 3),
    ("aldervale", "aldervale.example", State.PROVED, Outcome.FOUND, 4),
    ("meridian-health", "meridian-health.example", State.PROVED, Outcome.FOUND, 5),
    ("nimbus", "nimbus.example", State.PROVED, Outcome.FOUND, 1),
)
# What people did to operators: whose Admin, to whom, the kind, how many days ago, and the roles before and after.
_OPERATORS = (
    ("brightwater", "liam.walsh", Kind.OPERATOR_ROLES_CHANGED, 27, [Role.SALES_AGENT], [Role.READER, Role.SALES_AGENT]),
    ("brightwater", "daniel.okafor", Kind.OPERATOR_ROLES_CHANGED, 24, [Role.READER, Role.SALES_AGENT], [Role.READER]),
    ("meridian-health", "ian.frost", Kind.OPERATOR_ROLES_CHANGED, 21, [Role.ADMIN], [Role.READER]),
    ("aldervale", "tom.hale", Kind.OPERATOR_ROLES_CHANGED, 19, [Role.ADMIN_AGENT], [Role.READER]),
)
# What the vendor's staff did: to whom, the kind, how many days ago, what was before and is now, and a note.
_STAFF: tuple[tuple[str, Kind, int, dict[str, Any], dict[str, Any], str], ...] = (
    ("hafenlicht", Kind.QUALIFICATIONS_CHANGED, 28, {"skills": []}, {"skills": ["migration"]}, ""),
    ("kestrel-hosting", Kind.IDENTITY_CORRECTED, 26, {"country": "CA"}, {"country": "US"}, ""),
    ("brightwater", Kind.MEMBERSHIP_CHANGED, 23, {"ends_on": -45}, {"ends_on": 320}, ""),
    ("lusonuvem", Kind.PARTNER_MOVED, 20, {"parent": None}, {"parent": "10240791"}, ""),
    ("aldervale", Kind.ONBOARDING_CHANGED, 18, {"onboards_partners_at_once": True}, {"onboards_partners_at_once": False}, ""),
    ("polder-it", Kind.SUSPENDED, 15, {"state": "active"}, {"state": "suspended"},
     "The company is in insolvency. Orders of its customers go to Alder & Vale."),
)  # fmt: skip


def write_customer_admins(customers: Organizations, password: str, now: dt.datetime) -> None:
    """Give each customer that has nobody an Admin, but for those of cast.WITHOUT_ADMIN. `password` is hashed."""
    known = {key for human in cast.PEOPLE for key in human.acts_for}
    for key, organization in customers.items():
        if key not in known and key not in cast.WITHOUT_ADMIN:
            person = _write_person(f"admin@{key}.example", _invent_name(key, organization.country), password, now)
            when = organization.created_at + dt.timedelta(days=1)
            Operator.objects.create(organization=organization, person=person, roles=[Role.ADMIN], created_at=when)


def _invent_name(key: str, country: str) -> str:
    random = Random(key)
    first, family = (random.choice(names.split()) for names in _NAMES.get(country, _NAMES["GB"]))
    return f"{family} {first}" if country == "JP" else f"{first} {family}"


def _write_person(email: str, name: str, password: str, now: dt.datetime) -> Person:
    last_login = now - dt.timedelta(hours=Random(email).randint(3, 2000))
    person = Person.objects.create(
        email=email, name=name, password=password, date_joined=now - dt.timedelta(days=600), last_login=last_login
    )
    EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    return person


def set_account_managers(organizations: Iterable[Organization]) -> None:
    """Let the first of the vendor's people look after these organisations."""
    manager = Operator.objects.filter(organization__kind="vendor").earliest("pk")
    pks = [organization.pk for organization in organizations if organization.pk != manager.organization_id]
    rows = Organization.objects.filter(pk__in=pks)
    rows.update(account_manager=manager, account_manager_phone="+353 1 555 0107")


def write_sample_domains(organizations: Organizations, password: str, now: dt.datetime) -> None:
    """Write domains in each of their states, and a request to join by one of them."""
    for key, name, state, outcome, days in _DOMAINS:
        begun, checked = now - dt.timedelta(days=29 if state == State.OPEN else 300), now - dt.timedelta(days=days)
        row = OrganizationDomain.objects.create(
            organization=organizations[key], name=name, created_at=begun, checked_at=checked, outcome=outcome,
            next_check_at=now + dt.timedelta(days=6), failed_checks=0 if outcome == Outcome.FOUND else 2,
            found_at=f"_partnerportal.{name}" if outcome == Outcome.FOUND else "",
        )  # fmt: skip
        for step in (State.PROVED, State.LAPSED)[: {State.OPEN: 0, State.PROVED: 1, State.LAPSED: 2}[state]]:
            change_row_state(row, step, proved_at=begun + dt.timedelta(hours=3))
    email, name = cast.ASKING
    JoinRequest.objects.create(
        organization=organizations[cast.MAIN],
        person=_write_person(email, name, password, now),
        domain=email.partition("@")[2],
        created_at=now - dt.timedelta(hours=5),
    )


def write_past_activity(organizations: Organizations, now: dt.datetime) -> None:
    """Write what Admins and vendor staff did three and four weeks ago, and suspend the partner that they suspended."""
    suspended = organizations[cast.SUSPENDED]
    change_row_state(suspended, Organization.State.SUSPENDED)
    events = [*_make_operator_events(organizations, now), *_make_staff_events(organizations, now)]
    record_events(sorted(events, key=lambda event: event.at))


def _make_operator_events(organizations: Organizations, now: dt.datetime) -> Iterator[Event]:
    for key, name, kind, days, before, after in _OPERATORS:
        subject = Person.objects.get(email=f"{name}@{key}.example")
        changes = list_changes_between({"roles": before}, {"roles": after})
        at = now - dt.timedelta(days=days, minutes=37 * days)
        yield make_event(kind, actor=build_admin(key, organizations), subject=subject, changes=changes, at=at)


def _make_staff_events(organizations: Organizations, now: dt.datetime) -> Iterator[Event]:
    program = Program.objects.get(code="csp")
    staff = build_admin(cast.VENDOR, organizations)
    for key, kind, days, before, after, note in _STAFF:
        about = organizations[key]
        data: dict[str, Any] = make_parent_data(about)
        if kind == Kind.MEMBERSHIP_CHANGED:
            before, after = ({"ends_on": str(now.date() + dt.timedelta(row["ends_on"]))} for row in (before, after))
            data |= {"program": program.name, "starts_on": str(now.date() - dt.timedelta(410)), **after}
        changes, at = list_changes_between(before, after), now - dt.timedelta(days=days, minutes=23 * days)
        yield make_event(
            kind, actor=staff, subject=about, counterpart=about, changes=changes, data=data, note=note, at=at
        )

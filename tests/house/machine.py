"""Asks every row of the permission matrix as every actor, and says what was not as the table has it.

A request counts as wrong when its status differs, when its answer or its mails hold a canary that the actor may not
see, or when a row changed that is not the actor's own. Each request is undone before the next.
"""

import copy
import json
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core import mail
from django.db import connection, transaction
from django.http import HttpResponse
from django.urls import URLPattern, get_resolver, reverse

from accounts.facts import StandingAspect, digest_standing
from accounts.models import (
    Competency,
    JoinRequest,
    Operator,
    OperatorInvitation,
    OrganizationDomain,
    SavedView,
    Skill,
)
from connections.models import Connection
from entitlements.models import (
    ActivationLink,
    Entitlement,
    IngestToken,
    IngestUpload,
    LicenseAssignment,
    Order,
    TrialOffer,
)
from exports.models import Export
from imports.models import Import
from marketplace.models import Category, HealthIssue, Market, Offer, OfferFile, Plan, Price, Product, SaleStop
from notifications.actions.secret_mails import send_secret_mails
from notifications.models import Event, Notice
from partnerportal.lib import tenancy
from support.models import Request, RequestFile
from tests.world import INVITING, KINDS, SKU_OF_NOBODY, SORTS, World, canary, join_token
from tests.world_activation import ACTIVATING, activation_token
from tests.world_usage import CALENDAR

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
REFUSALS = {401, 403, 405}

OF_REQUEST = """NOT EXISTS (
    SELECT FROM support_request r WHERE r.id = request_id AND r.organization_id = %(org)s"""
# Of the catalogues that the vendor edits.
NOT_VENDOR = "NOT EXISTS (SELECT FROM accounts_organization WHERE id = %(org)s AND kind = 'vendor')"
# Rows that a request may not change: all but the actor's own. A person may found an organisation, hence `id <= newest`.
FOREIGN = {
    "accounts_organization": f"id <> %(org)s AND id <= %(newest)s AND {NOT_VENDOR}",  # whose Admins manage them all
    "accounts_operator": "organization_id <> %(org)s AND organization_id <= %(newest)s",
    "accounts_operatorinvitation": "organization_id <> %(org)s",
    "accounts_operatorinvitationtoken": """NOT EXISTS (
        SELECT FROM accounts_operatorinvitation i WHERE i.id = invitation_id AND i.organization_id = %(org)s)""",
    "accounts_programmembership": NOT_VENDOR,
    "accounts_program": "true",
    "accounts_competency": NOT_VENDOR,
    "accounts_skill": NOT_VENDOR,
    "accounts_organizationcompetency": NOT_VENDOR,
    "accounts_organizationskill": NOT_VENDOR,
    "accounts_joinrequest": "person_id <> %(person)s AND organization_id <> %(org)s",
    "accounts_organizationdomain": f"organization_id <> %(org)s AND {NOT_VENDOR}",
    "accounts_person": "id <> %(person)s",
    "accounts_externalidentity": "person_id <> %(person)s",
    "accounts_erasedaddress": "true",
    "account_emailaddress": "user_id <> %(person)s",
    "accounts_failedattempts": "person_id <> %(person)s",
    "accounts_idempotentrequest": "person_id <> %(person)s",
    "notifications_secretmail": "created_at < now()",  # everybody may cause one
    "mfa_authenticator": "user_id <> %(person)s",
    "usersessions_usersession": "user_id <> %(person)s",
    "connections_connection": "partner_id <> %(org)s AND customer_id <> %(org)s",
    "connections_consent": """NOT EXISTS (
        SELECT FROM connections_connection c WHERE c.id = connection_id AND c.customer_id = %(org)s)""",
    "connections_invitationlink": NOT_VENDOR,  # whose Admins register partners, and each has one
    "entitlements_sku": "true",
    "entitlements_skupublisher": NOT_VENDOR,
    "marketplace_product": "true",
    "marketplace_productfigure": "true",
    **{f"marketplace_{name}": NOT_VENDOR for name in ("market", "marketcurrency", "marketcountry", "category")},
    "marketplace_offer": "publisher_id <> %(org)s",
    "marketplace_resellerlisting": f"organization_id <> %(org)s AND {NOT_VENDOR}",
    "marketplace_healthissue": "publisher_id <> %(org)s",
    "marketplace_healthreport": """NOT EXISTS (
        SELECT FROM marketplace_healthissue i WHERE i.id = issue_id AND i.publisher_id = %(org)s)""",
    "marketplace_subscription": "true",
    "marketplace_subscriptionterm": "true",
    **{
        f"marketplace_{name}": """NOT EXISTS (
            SELECT FROM marketplace_offer o WHERE o.id = offer_id AND o.publisher_id = %(org)s)"""
        for name in ("privateinfo", "offerversion", "offerfile", "plan", "authorization", "audiencechange")
    },
    "marketplace_salestop": """NOT EXISTS (
            SELECT FROM marketplace_offer o WHERE o.id = offer_id AND o.publisher_id = %(org)s)
        AND NOT (by_vendor AND EXISTS (SELECT FROM accounts_organization WHERE id = %(org)s AND kind = 'vendor'))""",
    "marketplace_stopreason": """NOT EXISTS (SELECT FROM marketplace_salestop s JOIN marketplace_offer o
        ON o.id = s.offer_id WHERE s.id = stop_id AND (o.publisher_id = %(org)s
            OR s.by_vendor AND EXISTS (SELECT FROM accounts_organization WHERE id = %(org)s AND kind = 'vendor')))""",
    "marketplace_channelinfo": """NOT EXISTS (SELECT FROM marketplace_offerversion v JOIN marketplace_offer o
        ON o.id = v.offer_id WHERE v.id = version_id AND o.publisher_id = %(org)s)""",
    "marketplace_price": """NOT EXISTS (SELECT FROM marketplace_plan p JOIN marketplace_offer o
        ON o.id = p.offer_id WHERE p.id = plan_id AND o.publisher_id = %(org)s)""",
    # trials are a customer's own to ask for, and the vendor's to decide
    "entitlements_entitlement": """customer_id <> %(org)s AND NOT EXISTS (
        SELECT FROM accounts_organization v WHERE v.id = %(org)s AND v.kind = 'vendor')""",
    "entitlements_trialoffer": NOT_VENDOR,
    # activation links are their sender's; whoever holds a token goes on from the page of one
    "entitlements_activationlink": "organization_id <> %(org)s AND account_id IS NULL",
    "entitlements_activationtoken": """NOT EXISTS (
        SELECT FROM entitlements_activationlink i WHERE i.id = invitation_id AND i.organization_id = %(org)s)""",
    "entitlements_order": "true",
    "entitlements_orderline": "true",
    "entitlements_usageday": "true",
    "entitlements_usagemonth": "true",
    "entitlements_customerusage": "true",
    "entitlements_anomaly": "true",
    # so are releases, of which the vendor says that they are done
    "entitlements_licenseassignment": """customer_id <> %(org)s AND NOT (release_asked_at IS NOT NULL AND EXISTS (
        SELECT FROM accounts_organization v WHERE v.id = %(org)s AND v.kind = 'vendor'))""",
    "entitlements_ingesttoken": NOT_VENDOR,
    "accounts_adminvacancy": "true",
    "entitlements_channelmonth": "true",
    "entitlements_ingestupload": "true",
    "entitlements_renewalalert": "true",
    # requests are whoever asks's own, and the vendor's to decide
    "support_request": """organization_id <> %(org)s AND NOT EXISTS (
        SELECT FROM accounts_organization v WHERE v.id = %(org)s AND v.kind = 'vendor')""",
    "support_requestrevision": f"{OF_REQUEST})",
    "support_requestmessage": f"{OF_REQUEST}) AND organization_id <> %(org)s",
    "support_requestfile": f"""{OF_REQUEST}) AND NOT EXISTS (
        SELECT FROM support_requestmessage m WHERE m.id = message_id AND m.organization_id = %(org)s)""",
    "exports_export": "person_id <> %(person)s OR organization_id <> %(org)s",
    "imports_import": "person_id <> %(person)s OR organization_id <> %(org)s",
    "imports_importbatch": "true",
    "accounts_savedview": "person_id <> %(person)s OR organization_id <> %(org)s",
    "accounts_listsettings": "person_id <> %(person)s OR organization_id <> %(org)s",
    "entitlements_renewalwork": "organization_id <> %(org)s",
    "entitlements_renewalstep": """NOT EXISTS (
        SELECT FROM entitlements_renewalwork w WHERE w.id = work_id AND w.organization_id = %(org)s)""",
    "entitlements_calendarfeed": "person_id <> %(person)s OR organization_id <> %(org)s",
    "notifications_notice": "recipient_id <> %(org)s",
    "notifications_noticeread": "person_id <> %(person)s",
    "notifications_inboxmark": "person_id <> %(person)s OR organization_id <> %(org)s",
    "notifications_eventseal": "true",
    "notifications_noticepreference": "person_id <> %(person)s OR organization_id <> %(org)s",
    "notifications_event": "coalesce(organization_id, 0) <> %(org)s AND coalesce(organization_id, 0) <= %(newest)s",
}
# Kept by triggers, like the column `in_reach` of notices: tests/connections/test_portfolio.py holds them to what they
# are derived from.
DERIVED = {
    "connections_customerpartner",
    "connections_portfolio",
    "entitlements_customerlisting",
    "entitlements_customerpace",
    "entitlements_partnerlisting",
    "entitlements_portfoliofigure",
    "entitlements_portfoliomonth",
    "notifications_delivery",
    "notifications_unsealedevent",
}

# Whose Admins, and nobody else, see who holds their licences (CC-32).
HAVE_HOLDERS = {name for name, kind in KINDS.items() if kind == "customer"}

# `last_read_at` is a calendar's and `opened_at` an invitation's: whoever holds the address sets it, without a session.
ROWS = """coalesce(md5(string_agg(
    (to_jsonb(t) - 'in_reach' - 'last_read_at' - 'opened_at')::text, '|' ORDER BY to_jsonb(t)::text)), '')"""
CHECKSUM = {table: f"SELECT '{table}', {ROWS} FROM {table} t WHERE {condition}" for table, condition in FOREIGN.items()}
# Of each table, with those of its partitions, how many rows this transaction wrote so far; those that were undone too.
WRITTEN = """SELECT coalesce(pg_partition_root(oid), oid)::regclass::text, sum(number) FROM pg_class, LATERAL (SELECT
        pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_updated(oid)
        + pg_stat_get_xact_tuples_deleted(oid) AS number) written
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND number > 0 GROUP BY 1"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One address. `answers` gives, by method, "status who who; status else"; what is not listed is refused.

    Where all that is listed is a 404 for somebody, what is not listed may be a 404 for them too.

    `shows` is what everybody sees there beside their own, `hides` by organisation what it sees elsewhere and not there.
    `same_for_all`: it is about the person alone, or about nobody, so neither organisation nor role makes a difference.
    """

    pattern: str
    path: str
    answers: dict[str, str]
    data: dict[str, Any] = field(default_factory=dict)
    shows: frozenset[tuple[str, str]] = frozenset()
    hides: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    is_api: bool = False
    same_for_all: bool = False

    def methods(self, *, everything: bool) -> tuple[str, ...]:
        """Return the methods to ask it by: those that it answers, or all, of which it must refuse the others."""
        return tuple(self.answers) if not everything else METHODS if self.is_api else METHODS[:2]

    def expected(self, method: str, who: str) -> str:
        chosen = ""
        for part in filter(None, map(str.strip, self.answers.get(method, "").split(";"))):
            status, *names = part.split()
            if who in names or (re.split(r"[.@]", who)[0] in names and "@" not in who):
                return status
            if names == ["else"]:
                chosen = status
        if chosen or method in self.answers:
            return chosen or "refused"
        is_hidden = all(self.expected(answered, who) == "404" for answered in self.answers)
        return "hidden" if is_hidden else "refused"


def is_as_expected(expected: str, response: HttpResponse) -> bool:
    location = response.get("Location", "")
    if expected == "any":
        return response.status_code < 500
    if expected == "login":
        return response.status_code in (302, 401) and location.startswith("/sign-in/login/")
    if expected == "new":
        return response.status_code == 302 and location.startswith(reverse("organization_new"))
    if expected in ("refused", "hidden"):
        is_hidden = expected == "hidden" and response.status_code == 404
        return is_hidden or response.status_code in REFUSALS or location.startswith("/sign-in/")
    return response.status_code == int(expected) and not location.startswith("/sign-in/login/")


@dataclass
class Machine:
    """For one test: knows the cast's canaries once, and signs each actor in once."""

    world: World
    sign_in: Callable[[str], Any]
    sees: dict[str, dict[str, str]]

    def __post_init__(self) -> None:
        self.canaries = dict(_canaries(self.world))
        self.values = placeholders(self.world)
        with connection.cursor() as cursor:
            cursor.execute("SELECT max(id) FROM accounts_organization")
            self.newest = cursor.fetchone()[0]

    def faults(self, who: str, rows: list[Row], *, everything: bool = False) -> Iterator[str]:
        """Ask the rows as `who`, and yield what was not as the table has it.

        Without `everything`, what differs for nobody is left out: addresses that are the same for all, and methods that
        a page refuses before it looks at who asks.
        """
        client = self.sign_in(who)
        client.raise_request_exception = False
        cookies = copy.copy(client.cookies)
        own = {
            "org": self.world.organization_id_of(who) or -1,
            "person": -1 if who == "anonymous" else self.world.person(who).pk,
            "newest": self.newest,
        }
        before = dict(self._checksum(own, FOREIGN))
        client.get("/")  # the session notes now that they are there, and not at each request
        written = self._written()
        for row in (row for row in rows if everything or not row.same_for_all):
            for method in row.methods(everything=everything):
                path = row.path.format(**self.values)
                with transaction.atomic():
                    client.cookies = copy.copy(cookies)
                    response, sent = self._ask(client, row, method, path)
                    before_this, written = written, self._written()
                    touched = FOREIGN.keys() & dict(written - before_this)
                    if "notifications_secretmail" in touched:
                        send_secret_mails()  # before the request is undone
                    changed = [t for t, digest in sorted(self._checksum(own, touched)) if digest != before[t]]
                    transaction.set_rollback(True)
                said = f"{who}: {method} {path} answered {response.status_code}{_reason(response)}"
                expected = row.expected(method, who)
                if not is_as_expected(expected, response):
                    yield f"{said}, expected {expected}"
                if changed:
                    yield f"{said} and changed foreign rows of {changed}"
                leaks = self._leaks(who, row, response, sent)
                if leaks:
                    yield f"{said} and shows {sorted(leaks)}"

    def _ask(self, client: Any, row: Row, method: str, path: str) -> tuple[HttpResponse, str]:
        mail.outbox.clear()
        data = {k: v.format(**self.values) if isinstance(v, str) else v for k, v in row.data.items()}
        if row.is_api:
            body = data if method in ("POST", "PUT", "PATCH") else {}
            headers = {"If-Match": "*"} if method in ("POST", "PUT", "PATCH", "DELETE") else {}
            response = client.generic(method, path, json.dumps(body), content_type="application/json", headers=headers)
        elif method == "POST":
            response = client.post(path, data)
        else:
            response = client.generic(method, path)
        return response, path + json.dumps(data)

    def _leaks(self, who: str, row: Row, response: HttpResponse, sent: str) -> set[tuple[str, str]]:
        content = b"".join(response.streaming_content) if response.streaming else response.content
        said = content.decode(errors="replace") + str(response.headers)
        said += "".join(f"{m.subject} {m.body} {m.to}" for m in mail.outbox)
        organization = re.split(r"[.]", who.partition("@")[2] or who)[0]
        may = {(organization, sort) for sort in (*SORTS, "inbox", "token")} | row.shows
        if not who.startswith(organization) or not who.endswith(".admin") or organization not in HAVE_HOLDERS:
            may.discard((organization, "licence holders"))
        for other, sorts in self.sees.get(who if "@" in who or who in self.sees else organization, {}).items():
            may |= {(other, sort) for sort in sorts.split()}
        may -= row.hides.get(organization, set())
        return {key for word, key in self.canaries.items() if key not in may and word in said and word not in sent}

    def _written(self) -> set[tuple[str, int]]:
        with connection.cursor() as cursor:
            cursor.execute(WRITTEN)
            return set(cursor.fetchall())

    def _checksum(self, own: dict[str, int], tables: Collection[str]) -> list[tuple[str, str]]:
        """Of rows that are not the actor's, in tables that were written."""
        if not tables:
            return []
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(CHECKSUM[table] for table in tables), own)
            return cursor.fetchall()


def _reason(response: HttpResponse) -> str:
    location = response.get("Location")
    return f" to {location}" if location else ""


def _canaries(world: World) -> Iterator[tuple[str, tuple[str, str]]]:
    """Word -> (whose, which sort). Public ids count as what they identify."""
    for name in KINDS:
        for sort in SORTS:
            yield canary(name, sort), (name, sort)
        yield str(world[name].public_id), (name, "name")
        yield str(world[name].tenant_id), (name, "details")
        yield world[name].org_id, (name, "details")
    for model, owner, sort in (
        (Operator, "organization_id", "people"),
        (Entitlement, "customer_id", "goods"),
        (Order, "customer_id", "orders"),
        (Notice, "recipient_id", "inbox"),
        (LicenseAssignment, "customer_id", "licence holders"),
        (Request, "organization_id", "requests"),
    ):
        for public_id, pk in model.objects.values_list("public_id", owner):
            yield str(public_id), (world.names[pk], sort)
    for name in ("partner", "partner2", "lapsed", "nobadge"):
        yield world.token(name), (name, "token")


def placeholders(world: World) -> dict[str, str]:
    values = {name: str(world[name].public_id) for name in KINDS}
    for name in INVITING:
        values[f"join_{name}"] = join_token(name)
        invited = OperatorInvitation.objects.get(organization=world[name])
        values[f"invitation_{name}"] = str(invited.public_id)
    values |= {f"token_{name}": world.token(name) for name in ("partner", "lapsed")}
    values["connection"] = str(world.connection("customer", "partner").public_id)
    values["consent"] = world.connection("customer", "partner").consents.get().version
    values["connection_ended"] = str(Connection.objects.get(state="ended").public_id)
    values["operator_customer"] = str(world.operator("customer.reader").public_id)
    values["operator_partner"] = str(world.operator("partner.reader").public_id)
    for name in ("customer", "partner"):
        values[f"domain_{name}"] = str(OrganizationDomain.objects.get(organization=world[name]).public_id)
    values["join_request"] = str(JoinRequest.objects.get().public_id)
    values["view_partner"] = str(SavedView.objects.get(organization=world.partner).public_id)
    values["export_partner"] = str(Export.objects.get(organization=world.partner).public_id)
    values["import_partner"] = str(Import.objects.get(organization=world.partner).public_id)
    values["upload"] = str(IngestUpload.objects.earliest("pk").public_id)
    values["feed_token"] = str(IngestToken.objects.earliest("pk").public_id)
    values["holder_customer"] = str(LicenseAssignment.objects.filter(customer=world.customer).earliest("pk").public_id)
    asked = LicenseAssignment.objects.filter(release_asked_at__isnull=False)
    values["key_held"] = LicenseAssignment.objects.filter(customer=world.customer).earliest("pk").external_id
    values["key_waiting"] = asked.get(released_at=None).external_id
    values["key_released"] = asked.get(released_at__isnull=False).external_id
    connected = Event.objects.filter(kind="connection.established", organization_id=world.customer.pk)
    values["event_connected"] = str(connected.get(counterpart_id=world.partner.pk).public_id)
    values["notice_partner"] = str(world.notices("partner").filter(about_id=world.customer.pk)[0].public_id)
    values["notice_customer"] = str(world.notices("customer").filter(about_id=world.customer.pk)[0].public_id)
    values |= {f"calendar_{name}": CALENDAR.format(canary(name, "goods")) for name in ("partner", "lapsed", "customer")}
    trials = Entitlement.objects.filter(customer=world.customer, kind="trial")
    values["trial_waiting"] = str(trials.get(state="requested").public_id)
    running = trials.get(state="active")
    values["trial_running"] = str(running.public_id)
    values["extended"] = str(running.ends_on + settings.PORTAL_TRIAL_TIME)
    ends = Entitlement.objects.filter(kind="production", state="active")
    for name, customer in (("renewal", "customer"), ("renewal2", "customer2"), ("renewal_stranger", "stranger")):
        values[name] = str(ends.get(customer=world[customer]).public_id)
    values["renewal_day"] = str(ends.get(customer=world.customer).ends_on)
    values["sku_vendor"] = SKU_OF_NOBODY
    for name in ACTIVATING:
        values[f"link_{name}"] = str(ActivationLink.objects.get(organization=world[name]).public_id)
        values[f"activation_{name}"] = activation_token(name)
    values["trial_offer"] = str(TrialOffer.objects.get(sku__code=SKU_OF_NOBODY).public_id)
    values["sku_unoffered"] = canary("customer", "skus")
    values |= {f"seen_{aspect}": digest_standing(world.partner, aspect) for aspect in StandingAspect}
    values["seen_by_distributor"] = digest_standing(world.distributor, StandingAspect.ONBOARDING)
    files = OfferFile.objects.order_by("pk")
    values |= {f"file_{kind}": str(files.get(kind=kind, is_live=True).public_id) for kind in ("logo", "sales")}
    values["file_draft"] = str(files.get(kind="training").public_id)
    values["offer"] = str(Offer.objects.get(code="backup").public_id)
    selected = Offer.objects.get(code="monitor")  # for specific partners, with a saved addition
    values["offer_specific"], values["audience_revision"] = str(selected.public_id), str(selected.audience_revision)
    values["product"] = str(Product.objects.get(offer__code="backup").public_id)
    values["issue"] = str(HealthIssue.objects.get().public_id)
    values["plan"] = str(Plan.objects.get(offer__code="backup", code="basic").public_id)
    values["price"] = str(Price.objects.get(plan__offer__code="backup", currency="EUR").public_id)
    values["stop"] = str(SaleStop.objects.get().public_id)
    for model, code in ((Market, "europe"), (Category, "backup"), (Competency, "security"), (Skill, "training")):
        values[model._meta.model_name] = str(model.objects.get(code=code).public_id)
    for name in ("partner", "publisher"):
        values[f"request_{name}"] = str(Request.objects.get(organization=world[name], state="submitted").public_id)
        file = RequestFile.objects.get(request__public_id=values[f"request_{name}"], message=None)
        values[f"request_{name}_file"] = str(file.public_id)
    values["request_draft"] = str(Request.objects.get(state="draft").public_id)
    values["request_draft_file"] = str(RequestFile.objects.get(request__state="draft").public_id)
    return values


def every_pattern() -> list[str]:
    """All that the resolver knows, our pages, the libraries' and the API's."""

    def walk(patterns: list[Any], prefix: str) -> Iterator[str]:
        for each in patterns:
            if isinstance(each, URLPattern):
                yield prefix + str(each.pattern)
            else:
                yield from walk(each.url_patterns, prefix + str(each.pattern))

    return list(walk(get_resolver().url_patterns, ""))


def without_the_second_lock(monkeypatch: Any) -> None:
    """Requests stay the owner role, which row-level security does not hold: what is left is `visible_to`."""
    monkeypatch.setattr(tenancy, "APP_ROLE", "none")

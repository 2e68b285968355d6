"""The matrix would notice: each lock is taken away in turn, and each rule of it.

First lock alone: requests stay a role that row-level security does not hold; the matrix holds, and goes red for every
`rows_for` that is taken away. Second lock alone: with every `rows_for` taken away, requests return nothing foreign, and
the matrix goes red for every policy that is taken away too.
"""

from dataclasses import replace

import pytest
from django.db import connection
from django.db.models import Value
from django.db.models.lookups import Exact

from accounts.models import AdminVacancy, IdempotentRequest, JoinRequest, Person
from connections.actions import change_connection_sharing
from entitlements.actions.growth import write_channel_growth
from entitlements.actions.portfolio_months import count_all_portfolio_months
from entitlements.models import CustomerPace, CustomerUsage
from marketplace.models import Offer, SaleStop
from partnerportal.lib import tenancy
from partnerportal.lib.postgres.base import DatabaseWrapper
from partnerportal.lib.prepared import PreparedQuery
from partnerportal.lib.scopes import Scope
from tests.house.answers import SEES
from tests.house.machine import Machine
from tests.house.matrix import MATRIX
from tests.house.test_tables import TENANT_MODELS
from tests.house.test_tables import test_both_locks_agree as both_locks_agree

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

QUERYSETS = {type(model.objects.all()).__name__: type(model.objects.all()) for model in TENANT_MODELS}
TABLES = {model._meta.db_table: type(model.objects.all()).__name__ for model in TENANT_MODELS}
WITNESSES = ("partner2.admin", "stranger.admin")  # who would see what is not theirs
OURS = [row for row in MATRIX if not row.same_for_all]
CUSTOMER = "customers/<uuid:customer_id>/"
RANKINGS_ALONE = "/usage/customers/?q=nobody-has-this-name"  # without the list, which names all customers
# By whom and at which address each rule is missed.
MISSED_AT = {
    "ActivationLinkQuerySet": ("partner2.admin", "customers/pending/"),
    "CalendarFeedQuerySet": ("stranger.admin", "renewals/calendar/"),
    "ConnectionQuerySet": ("stranger.admin", "api/v1/connections/"),
    "ConsentQuerySet": ("partner.admin", "api/v1/connections/<uuid:connection_id>/sharing/"),
    "CustomerListingQuerySet": ("partner2.admin", "customers/"),
    "EntitlementQuerySet": ("stranger.admin", "api/v1/trials/"),
    "EventQuerySet": ("partner2.admin", f"{CUSTOMER}activity/"),
    "ExportQuerySet": ("partner.reader", "api/v1/exports/<uuid:export_id>/"),
    "ImportQuerySet": ("partner.reader", "api/v1/imports/<uuid:import_id>/"),
    "InvitationLinkQuerySet": ("partner2.admin", "invite/"),
    "LicenseAssignmentQuerySet": ("stranger.admin", "usage/licences/"),
    "NoticePreferenceQuerySet": ("stranger.admin", "me/notices/"),
    "NoticeQuerySet": ("stranger.admin", "inbox/"),
    "OperatorInvitationQuerySet": ("stranger.admin", "operators/pending/"),
    "OperatorQuerySet": ("stranger.admin", "operators/"),
    "PartnerListingQuerySet": ("distributor2.admin", "partners/"),
    "RenewalWorkQuerySet": ("partner2.admin", "renewals/<uuid:entitlement_id>/"),
    "PortfolioFigureQuerySet": ("partner2.admin", "customers/"),
    "PortfolioQuerySet": ("partner2.admin", CUSTOMER),
    "RequestQuerySet": ("partner2.admin", "requests/<uuid:request_id>/"),
    "SavedViewQuerySet": ("partner.reader", "lists/views/<uuid:view_id>/"),
    "UsageQuerySet": ("partner2.admin", "exports/new/"),
}
# Rules that no page misses, and why; that the two locks disagree shows the loss.
BEHIND_OTHERS = {
    "RenewalStepQuerySet": "steps are read of the work on an entitlement that one sees",
    "AdminVacancyQuerySet": "the start page of the vendor's staff alone reads them",
    "ChannelMonthQuerySet": "likewise",
    "PortfolioMonthQuerySet": "they are sums over customers, and name nobody",
    "EventSealQuerySet": "links are read of an event, once the log has found that the reader is a party of it",
    "ActivationTokenQuerySet": "tokens are counted of links that one has sent, and only their digests are stored",
    "TrialOfferQuerySet": "they name services of the vendor's catalogue, no word of anybody",
    "AudienceChangeQuerySet": "what is saved of an audience is read of an offer that is the publisher's own",
    "AuthorizationQuerySet": "authorisations are read of one's own offer, or asked for oneself in the rules of a sale",
    "ChannelInfoQuerySet": "it is read of an offer, by pages that only resellers, its publisher and staff may open",
    "CustomerPartnerQuerySet": "it is read of customers in the list of whoever asks, by their own viewer",
    "HealthIssueQuerySet": "issues are read of an offer, by pages that only resellers and its publisher may open",
    "HealthReportQuerySet": "reports are read of issues that are seen",
    "OfferFileQuerySet": "files are read of an offer, and documents by pages that only resellers may open",
    "OfferQuerySet": "a publisher asks for its own offers, and everybody else for published ones",
    "OfferVersionQuerySet": "versions are read of one's own offer, or as the live one of a published offer",
    "PlanQuerySet": "plans are read of one's own offer, or as those of the live version of a published one",
    "PriceQuerySet": "prices are read of one's own offer, or for the market and currency of a sale",
    "PrivateInfoQuerySet": "it is read of one's own offer, or of one whose audience staff decide about",
    "ProductQuerySet": "only pages of publishers read them, and the cast has one",
    "ResellerListingQuerySet": "only pages of publishers and staff read who may resell",
    "SaleStopQuerySet": "stops are read of an offer that is seen",
    "SkuPublisherQuerySet": "only a page of the vendor's Admins reads them",
    "StopReasonQuerySet": "reasons are read of the stops of an offer that its publisher or staff manage",
    "SubscriptionQuerySet": "no page shows subscriptions yet: publishers count what was sold of their own offers",
    "SubscriptionTermQuerySet": "likewise",
    "JoinRequestQuerySet": "only Admins read who asks, of the one organisation that is asked",
    "OrganizationDomainQuerySet": "an organisation asks for its own domains, also the vendor, who sees everybody's",
    "IdempotentRequestQuerySet": "a request is found by its sender and key, and its sender alone is answered",
    "ListSettingsQuerySet": "they hold which columns a list has and how high its rows are, no word of anybody",
    "OrderLineQuerySet": "lines are read with the orders that they belong to",
    "OrderQuerySet": "orders are read of one customer, once its page, file or API has found that it shares them",
    "OrganizationQuerySet": "another organisation is read beside a connection, a customer or a service that is seen",
    "ProgramMembershipQuerySet": "memberships are read of an organisation that is seen",
    "QualificationQuerySet": "they are read of an organisation that is seen",
    "RequestPartQuerySet": "revisions, messages and files are read of a request that is seen",
}
# The same of policies, where the others stand: pages read more through them than through `rows_for`.
POLICIES_BEHIND_OTHERS = {
    **{table: BEHIND_OTHERS[name] for table, name in TABLES.items() if name in BEHIND_OTHERS},
    "entitlements_customerpace": "test_matrix_goes_red_without_a_rule_of_paces",
    "entitlements_renewalwork": "test_matrix_goes_red_without_the_policy_of_renewal_work",
    "connections_portfolio": "pages read it with the organisation that is seen, and that table's policy asks anew",
    "entitlements_usageday": "days are read of one customer, once its page or file has found that it shares its usage",
}
# Where a policy is missed elsewhere than its queryset's rule.
POLICY_MISSED_AT = {
    "entitlements_entitlement": ("partner2.admin", "exports/new/"),
    # a request is read with its organisation, so who misses the policy is who sees that
    "support_request": ("distributor.admin", "requests/<uuid:request_id>/"),
}
# Where somebody who sees a customer misses that a rule asks for a scope.
SCOPE_MISSED_AT = {
    "EntitlementQuerySet": "exports/new/",
    "EventQuerySet": f"{CUSTOMER}activity/",
    "UsageQuerySet": "exports/new/",
}
WRITTEN_ONCE = {name: getattr(PreparedQuery, name).func for name in ("_written", "_kept")}
HARM = ("and shows", "and changed")
# What the second partner sees of its one customer that shares nothing but its account.
KEPT_ALL_BACK = SEES | {"partner2": {"customer2": "name details", "distributor2": "name details"}}


def harm_of(faults):
    return [fault for fault in faults if any(word in fault for word in HARM)]


@pytest.fixture
def keeps_all_back(world):
    connected = world.connection("customer2", "partner2")
    change_connection_sharing(actor=world.actor("customer2.admin"), connection=connected, scopes=Scope.ACCOUNT)


def first_lock_alone(monkeypatch):
    monkeypatch.setattr(tenancy, "APP_ROLE", "none")


def take_away(monkeypatch, queryset):
    def everything(self, actor):  # still names the actor: a prepared statement has a place for it
        acting = Value(actor.organization_id or 0)
        return self.filter(Exact(acting, acting))

    monkeypatch.setattr(queryset, "rows_for", everything)
    for name, write in WRITTEN_ONCE.items():
        monkeypatch.setattr(PreparedQuery, name, property(write))  # anew: they were written with the filter
    monkeypatch.setattr(DatabaseWrapper, "prepare_statement_once", lambda *_: False)  # "$1 = $1" says no type


@pytest.mark.parametrize(
    "who", ["partner.admin", "partner2.admin", "lapsed.admin", "customer.reader", "stranger.admin"]
)
def test_first_lock_alone_holds(who, world, web, monkeypatch):
    first_lock_alone(monkeypatch)
    faults = list(Machine(world, web, SEES).faults(who, OURS))
    assert not faults, "\n".join(faults)


def faults_at(place, world, web, sees=SEES):
    who, pattern = place
    return list(Machine(world, web, sees).faults(who, [row for row in OURS if row.pattern == pattern]))


def take_policy_away(table):
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER POLICY tenant ON {table} USING (true)")


def test_every_rule_is_missed_or_stands_behind_others():
    assert {*MISSED_AT, *BEHIND_OTHERS, "CustomerPaceQuerySet"} == QUERYSETS.keys()
    assert not MISSED_AT.keys() & BEHIND_OTHERS.keys()
    assert POLICIES_BEHIND_OTHERS.keys() | POLICY_MISSED_AT.keys() <= TABLES.keys()


@pytest.mark.parametrize("name", sorted(MISSED_AT))
def test_matrix_goes_red_without_a_rule(name, world, web, monkeypatch):
    first_lock_alone(monkeypatch)
    assert not faults_at(MISSED_AT[name], world, web)
    take_away(monkeypatch, QUERYSETS[name])
    assert faults_at(MISSED_AT[name], world, web)


@pytest.mark.parametrize("table", sorted(TABLES.keys() - POLICIES_BEHIND_OTHERS.keys()))
def test_matrix_goes_red_without_a_policy(table, world, web, keeps_all_back, monkeypatch):
    place = POLICY_MISSED_AT.get(table) or MISSED_AT[TABLES[table]]
    for queryset in QUERYSETS.values():
        take_away(monkeypatch, queryset)
    before = faults_at(place, world, web, KEPT_ALL_BACK)
    assert not harm_of(before)  # answers differ from the table, for customer2 is refused where it shared
    take_policy_away(table)
    assert faults_at(place, world, web, KEPT_ALL_BACK) != before


@pytest.mark.parametrize("lock", ["first", "second"])
def test_matrix_goes_red_without_a_rule_of_paces(lock, world, web, keeps_all_back, monkeypatch):
    """A pace is a number beside a name: who keeps all back is not even named where paces stand."""
    CustomerUsage.objects.filter(customer=world.customer2).update(assigned_before=0)
    unnamed = KEPT_ALL_BACK | {"partner2": {"distributor2": "name details"}}
    rankings = [row for row in OURS if row.path == RANKINGS_ALONE]

    def faults():
        return list(Machine(world, web, unnamed).faults("partner2.admin", rankings))

    for queryset in QUERYSETS.values() if lock == "second" else ():
        take_away(monkeypatch, queryset)
    if lock == "first":
        first_lock_alone(monkeypatch)
    assert rankings and not faults()
    if lock == "second":
        take_policy_away(CustomerPace._meta.db_table)
    else:
        take_away(monkeypatch, QUERYSETS["CustomerPaceQuerySet"])
    assert harm_of(faults())


def test_matrix_goes_red_without_the_policy_of_renewal_work(world, web, monkeypatch):
    """Work is read of an entitlement that two partners see, so here the customer shares it with both."""
    place = MISSED_AT["RenewalWorkQuerySet"]
    for queryset in QUERYSETS.values():
        take_away(monkeypatch, queryset)
    assert not harm_of(faults_at(place, world, web))
    take_policy_away("entitlements_renewalwork")
    assert harm_of(faults_at(place, world, web))


@pytest.mark.parametrize(("name", "pattern"), SCOPE_MISSED_AT.items())
def test_matrix_goes_red_where_any_sight_will_do(name, pattern, world, web, keeps_all_back, monkeypatch):
    """The rule asks whether the customer is seen, and no more whether it shares what is in the table."""
    first_lock_alone(monkeypatch)
    place = ("partner2.admin", pattern)
    assert not harm_of(faults_at(place, world, web, KEPT_ALL_BACK))
    rule = QUERYSETS[name].rows_for

    def any_sight(self, actor):
        return rule(self, replace(actor, reach=lambda _scope: actor.reach(Scope.ACCOUNT)))

    monkeypatch.setattr(QUERYSETS[name], "rows_for", any_sight)
    assert harm_of(faults_at(place, world, web, KEPT_ALL_BACK))


def test_first_lock_alone_shows_nothing_that_is_kept_back(world, web, keeps_all_back, monkeypatch):
    first_lock_alone(monkeypatch)
    harm = harm_of(Machine(world, web, KEPT_ALL_BACK).faults("partner2.admin", OURS))
    assert not harm, "\n".join(harm)


@pytest.mark.parametrize("name", sorted(BEHIND_OTHERS))
def test_locks_disagree_without_a_rule(name, world, actor_for, as_tenant, monkeypatch):
    sender = {"person_id": world.person("partner.reader").pk, "organization": world.partner}
    IdempotentRequest.objects.create(**sender, key="one", digest="")  # the cast has sent none
    hidden = Offer.objects.create(publisher=world.publisher, code="hidden", type="saas", pricing_model="flat")
    SaleStop.objects.create(offer=hidden)  # every offer of the cast is published
    JoinRequest.objects.create(organization=world.partner, person=world.person("nobody"), domain="example.com")
    AdminVacancy.objects.get_or_create(organization=world.customer2)
    write_channel_growth()
    count_all_portfolio_months()
    take_away(monkeypatch, QUERYSETS[name])
    models = [model.__name__ for model in TENANT_MODELS if type(model.objects.all()).__name__ == name]
    with pytest.raises(AssertionError, match="|".join(models)):
        both_locks_agree("stranger.admin", world, actor_for, as_tenant)


def test_a_foreign_change_is_noticed(world, web, monkeypatch):
    ask = Machine._ask

    def meddle(self, *asked):
        Person.objects.filter(pk=world.person("customer2.admin").pk).update(name="Changed")
        return ask(self, *asked)

    monkeypatch.setattr(Machine, "_ask", meddle)
    rows = [row for row in OURS if row.pattern in ("customers/", "renewals/")]
    faults = list(Machine(world, web, SEES).faults("partner.admin", rows))
    assert [fault.endswith("changed foreign rows of ['accounts_person']") for fault in faults] == [True, True]


@pytest.mark.parametrize("who", WITNESSES)
def test_second_lock_alone_shows_nothing_foreign(who, world, web, keeps_all_back, monkeypatch):
    for queryset in QUERYSETS.values():
        take_away(monkeypatch, queryset)
    faults = list(Machine(world, web, KEPT_ALL_BACK).faults(who, OURS))
    harm = harm_of(faults) + [fault for fault in faults if " answered 500" in fault]
    assert not harm, "\n".join(harm)

"""Who may know whose name: every reason by itself, and by both locks."""

import re

import pytest
from django.conf import settings

from accounts.actions.standing import move_partner
from accounts.models import Operator, Organization
from connections.actions import end_connection
from connections.directory import REASONS, list_organizations_with_visible_name
from connections.queries import find_distributor_of_partner
from partnerportal.lib.actors import Actor
from tests.house.ours import OURS
from tests.world import KINDS, World

pytestmark = pytest.mark.django_db
# Whom each knows beyond itself and those who share data with it. Everybody in an organisation may find publishers.
KNOWN = {
    "customer.admin": {"partner", "lapsed", "distributor", "publisher"},
    "customer2.admin": {"partner", "partner2", "distributor", "distributor2", "publisher"},
    "partner.admin": {"customer", "customer2", "distributor", "publisher"},
    "nobadge.admin": {"publisher"},
    "distributor.admin": {"partner", "customer", "customer2", "publisher"},
    "ended.admin": {"publisher"},
    "stranger.admin": {"publisher"},
    "publisher.admin": {"partner", "distributor"},  # who may resell
    "vendor.admin": set(KINDS) - {"vendor"},
    "nobody": set(),
    "anonymous": set(),
}


@pytest.fixture
def known(world, actor_for, as_tenant):
    def names(who, token=""):
        """By the first lock; the second must say the same."""
        actor = actor_for(who)
        with as_tenant(actor, token):
            passed = set(Organization.objects.all())
            assert set(list_organizations_with_visible_name(actor, token)) == passed
        return {world.names[organization.pk] for organization in passed} - {who.split(".")[0]}

    return names


@pytest.mark.parametrize("who", KNOWN)
def test_who_knows_whom(who, known):
    assert known(who) == KNOWN[who]


@pytest.mark.parametrize("who", ["anonymous", "stranger.admin", "publisher.admin", "ended.reader"])
def test_whoever_holds_an_invitation_knows_the_partner_and_its_distributor(who, known, world):
    without = known(who)
    assert known(who, world.token("partner")) - without == {"partner", "distributor"} - without
    assert known(who, world.token("lapsed")) - without == {"lapsed"}
    assert known(who, "x" * 43) == without


def test_a_person_knows_whom_they_act_for(known):
    assert {"partner", "customer", "distributor"} <= known("many") | {"many"}


def test_with_the_connection_the_distributor_is_forgotten_too(known, world: World):
    end_connection(actor=world.actor("customer.admin"), connection=world.connection("customer", "partner"))
    assert known("customer.admin") == {"lapsed", "publisher"}


def test_the_distributor_is_the_one_that_is_above_now(known, world, actor_for):
    actor = actor_for("customer.admin")
    assert find_distributor_of_partner(actor, world.partner.pk) == world.distributor
    move_partner(actor=Actor.system("vendor staff"), partner=world.partner, distributor=world.distributor2)
    assert known("customer.admin") == {"partner", "lapsed", "distributor2", "publisher"}
    assert find_distributor_of_partner(actor, world.partner.pk) == world.distributor2
    assert find_distributor_of_partner(actor, world.partner2.pk) is None  # of a partner that is not the customer's own


def test_each_reason_is_needed(known, world, monkeypatch):
    """What one reason alone grants is not known without it by the first lock."""
    Operator.objects.create(person=world.person("many"), organization=world.stranger, roles=["reader"])
    cases = [("many", ""), ("customer.admin", ""), ("anonymous", world.token("partner")), ("partner.admin", "")]
    cases += [("stranger.admin", ""), ("publisher.admin", "")]
    for reason, (who, token) in zip(REASONS, cases, strict=True):
        actor = world.actor(who)
        before = set(list_organizations_with_visible_name(actor, token))
        with monkeypatch.context() as patch:
            patch.setattr("connections.directory.REASONS", [other for other in REASONS if other is not reason])
            assert set(list_organizations_with_visible_name(actor, token)) < before, reason


# Who looks organisations up otherwise: the system, which stores facts and tells news, vendor staff, whoever holds the
# invitation of one, forms that begin with an empty choice, and conditions
# and columns of other rows, which are of organisations that are seen already.
OF_THE_SYSTEM = {
    "accounts/actions/invitations.py",
    "accounts/actions/operator_import.py",
    "accounts/actions/organizations.py",
    "accounts/actions/partner_news.py",
    "accounts/actions/people.py",
    "accounts/actions/security.py",
    "accounts/management/arguments.py",
    "accounts/queries/operator_invitations.py",
    "accounts/forms/organizations.py",
    "accounts/forms/organization_register.py",
    "accounts/personal_data.py",
    "accounts/queries/own_account.py",
    "accounts/queries/organizations.py",
    "connections/management/commands/replace_invitation_link.py",
    "connections/notices.py",
    "entitlements/actions/activation_confirmation.py",
    "entitlements/actions/activation_jobs.py",
    "entitlements/actions/anomalies.py",
    "entitlements/actions/trial_offers.py",
    "entitlements/facts.py",
    "entitlements/ingest/queries.py",
    "entitlements/models/trial_offer.py",
    "entitlements/queries/activation.py",
    "entitlements/queries/customers.py",
    "marketplace/actions/imported_offers.py",
    "marketplace/market_notices.py",
    "marketplace/models/audience.py",
    "marketplace/models/price.py",
    "marketplace/models/subscription.py",
    "marketplace/queries/catalogue.py",
    "marketplace/queries/eligibility.py",
    "marketplace/queries/sales.py",
    "marketplace/renewals.py",
    "marketplace/stop_notices.py",
}


def test_nobody_else_looks_organisations_up():
    files = [path for app in OURS for path in (settings.BASE_DIR / app).rglob("*.py") if "migrations" not in path.parts]
    found = {path for path in files if re.search(r"\bOrganization\.objects\b(?!\.visible_to)", path.read_text())}
    names = {str(path.relative_to(settings.BASE_DIR)) for path in found}
    assert {name for name in names if "/sample/" not in name} == OF_THE_SYSTEM | {"connections/directory.py"}

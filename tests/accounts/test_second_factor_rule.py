"""The rule of an organisation that everybody has a second factor: who sets it, whom it keeps out, and what goes on."""

import pytest
from allauth.mfa.models import Authenticator

from accounts.actions.security import change_second_factor_rule
from accounts.models import Organization
from connections.actors import build_actor_with_current_roles
from notifications.actions.outbox import write_due_notices
from notifications.models import Delivery, Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused, Conflict, NotFound

PAGES = ("/", "/customers/", "/account/", "/operators/", "/inbox/", "/security/", "/domains/", "/me/", "/help/roles/")
TITLE = "requires two-factor authentication"


def give_factor(world, who, kind=Authenticator.Type.TOTP):
    return Authenticator.objects.create(user=world.person(who), type=kind, data={})


@pytest.fixture
def rule(world):
    """The partner requires a second factor of everybody."""
    Organization.objects.filter(pk=world.partner.pk).update(requires_second_factor=True)


@pytest.mark.promise("G-16")
@pytest.mark.parametrize("who", ["partner.admin", "partner.reader"])
def test_without_one_there_is_one_page_that_leads_to_it(who, web, world, rule):
    client = web(who)
    for path in PAGES:
        response = client.get(path)
        text = response.content.decode()
        assert response.status_code == 403, path
        assert f"{world.partner.name} {TITLE}" in text and "/sign-in/two-factor/totp/activate/" in text
        assert world.customer.name not in text and world.partner.org_id not in text
    assert client.post("/account/edit/", {"city": "Ulm"}).status_code == 403
    assert not Organization.objects.filter(city="Ulm").exists()


@pytest.mark.parametrize("path", ["", "totp/activate/", "webauthn/add/", "recovery-codes/", "reauthenticate/"])
def test_what_sets_one_up_stays_open(path, web, world, rule):
    response = web("partner.admin").get(f"/sign-in/two-factor/{path}")
    assert response.status_code != 403, path
    assert world.customer.name not in response.content.decode()


def test_one_may_still_sign_out_and_choose_a_language(web, world, rule):
    client = web("partner.admin")
    assert client.post("/language/", {"language": "fr"}).status_code == 302
    assert client.post("/sign-in/logout/").status_code == 302


@pytest.mark.parametrize("kind", [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN])
def test_with_an_app_or_a_passkey_nothing_changes(kind, web, world, rule):
    give_factor(world, "partner.admin", kind)
    assert web("partner.admin").get("/customers/").status_code == 200


def test_recovery_codes_alone_are_none(web, world, rule):
    give_factor(world, "partner.admin", Authenticator.Type.RECOVERY_CODES)
    assert web("partner.admin").get("/customers/").status_code == 403


def test_it_bites_and_ends_with_the_next_request(web, world):
    client = web("partner.reader")
    assert client.get("/customers/").status_code == 200
    Organization.objects.filter(pk=world.partner.pk).update(requires_second_factor=True)
    assert client.get("/customers/").status_code == 403
    factor = give_factor(world, "partner.reader")
    assert client.get("/customers/").status_code == 200
    factor.delete()
    assert client.get("/customers/").status_code == 403


def test_the_api_says_so(api, world, rule):
    for path in ("/api/v1/me/", "/api/v1/connections/", "/api/v1/customers/"):
        response = api("partner.admin").get(path)
        assert response.status_code == 403
        assert [error["code"] for error in response.json()["errors"]] == ["second_factor_required"]


def test_each_organisation_has_a_rule_of_its_own(web, world, rule):
    client = web("many@partner")
    text = client.get("/account/").content.decode()
    assert TITLE in text and f"Organisation: {world.partner.name}. Switch" in text
    assert client.post("/organizations/switch/", {"organization": world.distributor.public_id}).status_code == 302
    assert client.get("/account/").status_code == 200
    assert client.post("/organizations/switch/", {"organization": world.partner.public_id}).status_code == 302
    assert TITLE in client.get("/account/").content.decode()


def test_who_names_none_acts_for_one_that_lets_them_in(web, world):
    Organization.objects.filter(pk__in=[world.partner.pk, world.distributor.pk]).update(requires_second_factor=True)
    assert world.customer.org_id in web("many").get("/account/").content.decode()


def test_a_suspended_organisation_says_that_it_is(web, world, rule):
    Organization.objects.filter(pk=world.partner.pk).update(state="suspended")
    assert "has been suspended" in web("partner.admin").get("/").content.decode()


def test_nothing_of_the_organisation_is_entered(web, world, rule, count_queries):
    """The database itself shows nothing of it while one is set up."""
    with count_queries() as queries:
        web("partner.admin").get("/sign-in/two-factor/")
    entered = [sql for sql in queries.statements if "portal.org_id" in sql]
    assert entered and f"'{world.partner.pk}'" not in entered[-1]


def test_a_request_asks_nothing_more_for_the_rule(web, world, rule, count_queries):
    give_factor(world, "partner.admin")
    client = web("partner.admin")
    client.get("/account/")
    with count_queries() as with_rule:
        client.get("/account/")
    Organization.objects.filter(pk=world.partner.pk).update(requires_second_factor=False)
    with count_queries() as without_rule:
        client.get("/account/")
    assert len(with_rule) == len(without_rule)


def test_jobs_in_their_name_go_on(world, rule):
    actor = build_actor_with_current_roles(world.person("partner.admin").pk, world.partner.pk)
    assert actor is not None and actor.organization_id == world.partner.pk


def test_an_admin_switches_it_on_and_all_operators_are_mailed(world, actor_for, as_tenant):
    give_factor(world, "partner.admin")
    actor = actor_for("partner.admin")
    with as_tenant(actor):
        change_second_factor_rule(actor=actor, organization=world.partner, is_required=True)
    assert Organization.objects.get(pk=world.partner.pk).requires_second_factor
    event = Event.objects.latest("pk")
    assert (event.kind, event.changes) == (
        "organization.second_factor_rule_changed", {"requires_second_factor": [False, True]}
    )  # fmt: skip
    while write_due_notices():
        pass
    notice = world.notices("partner").filter(kind="second_factor_rule").get()
    mailed = set(Delivery.objects.filter(notice=notice, channel="email").values_list("person_id", flat=True))
    assert mailed == set(world.partner.operators.values_list("person_id", flat=True))


def test_switching_it_on_again_tells_nobody(world, actor_for, rule):
    give_factor(world, "partner.admin")
    before = Event.objects.count()
    change_second_factor_rule(actor=actor_for("partner.admin"), organization=world.partner, is_required=True)
    assert Event.objects.count() == before


def test_nobody_keeps_themselves_out(world, actor_for):
    with pytest.raises(Conflict) as refused:
        change_second_factor_rule(actor=actor_for("partner.admin"), organization=world.partner, is_required=True)
    assert refused.value.code == "no_second_factor"
    assert not Organization.objects.get(pk=world.partner.pk).requires_second_factor


def test_who_else_may_not(world, actor_for):
    for who in ("partner.reader", "partner.admin_agent"):
        with pytest.raises(ActionRefused):
            change_second_factor_rule(actor=actor_for(who), organization=world.partner, is_required=True)
    for who in ("customer.admin", "distributor.admin", "vendor.admin"):
        with pytest.raises(NotFound):
            change_second_factor_rule(actor=actor_for(who), organization=world.partner, is_required=True)


def test_staff_at_the_command_line_may(world):
    actor = Actor.system("vendor staff")
    assert change_second_factor_rule(actor=actor, organization=world.partner, is_required=True).requires_second_factor


def test_the_page_says_what_is_missing_and_leads_there(web, world):
    text = web("partner.admin").get("/security/").content.decode()
    assert "Set up two-factor authentication for yourself first" in text and "/sign-in/two-factor/" in text
    assert "7 operators have no passkey or authenticator app yet." in text
    text = web("partner.reader").get("/security/").content.decode()
    assert "Only Admins" in text


def test_the_page_switches_it_on_and_off(web, world):
    give_factor(world, "partner.admin")
    client = web("partner.admin")
    text = client.get("/security/").content.decode()
    assert 'name="required" value="true"' in text and "6 operators have no passkey or authenticator app yet." in text
    page = client.post("/security/second-factor/", {"required": "true"}, follow=True)
    assert "is now required for everyone" in page.content.decode()
    assert 'name="required" value="false"' in client.get("/security/").content.decode()
    client.post("/security/second-factor/", {"required": "false"})
    assert not Organization.objects.get(pk=world.partner.pk).requires_second_factor

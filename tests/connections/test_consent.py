"""What a customer shares: chosen when it accepts, changed later, told to the partner, and kept as a history (E-14)."""

import json

import pytest
from django.conf import settings
from django.contrib.messages import get_messages
from django.utils import translation

from accounts.actions.standing import move_partner
from connections import consent
from connections.actions import change_connection_sharing, share_scopes_with_all_partners
from connections.consent import ShareableScope, find_newly_shareable_scopes, get_all_shareable_scopes
from connections.models import Connection, Consent
from notifications.actions.outbox import write_due_notices
from notifications.models import Notice
from notifications.registry import get_notice_kinds
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused, Conflict, StaleVersion
from partnerportal.lib.scopes import Scope
from tests.world import READ, World, events_of

pytestmark = pytest.mark.django_db

SOME = Scope.ACCOUNT | Scope.ENTITLEMENTS


def opened(world: World, partner: str = "partner") -> str:
    return f"/i/{world.token(partner)}/"


def sharing(connection: Connection) -> str:
    return f"/connections/{connection.public_id}/sharing/"


def said(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def box(page: str, code: str) -> str:
    """The tag of a scope's box, or nothing."""
    return next((tag for tag in page.split("<input") if f'value="{code}"' in tag.split(">")[0]), "").split(">")[0]


def field(page: str, name: str) -> str:
    """The value of a hidden field."""
    return page.split(f'name="{name}" value="')[1].split('"')[0]


def test_the_invitation_says_what_each_scope_shows_and_all_are_ticked(web, world):
    page = web("stranger.admin").get(opened(world)).content.decode()
    for offered in consent.list_shareable_scopes():
        assert str(offered.label) in page and str(offered.shows) in page
    assert "No individual user is ever shown." in page
    for code in ("entitlements", "usage", "orders", "notifications"):
        assert "checked" in box(page, code)
    assert not box(page, "account") and "Always shared" in page
    assert world.distributor.name in page


def test_a_stranger_reads_the_same_without_boxes(web, world):
    page = web("anonymous").get(opened(world)).content.decode()
    assert all(str(offered.shows) in page for offered in consent.list_shareable_scopes())
    assert 'type="checkbox"' not in page


@pytest.mark.promise("E-14")
def test_what_was_unticked_is_not_shared_and_the_wording_is_kept(web, world):
    client = web("stranger.admin")
    page = client.get(opened(world)).content.decode()
    assert field(page, "wording") == f"{consent.WORDING}/en"
    form = {"scopes": ["entitlements", "orders"], "wording": f"{consent.WORDING}/fr"}  # by a tab from before
    client.post(opened(world) + "accept/", form)
    connection = world.connection("stranger", "partner")
    assert connection.shared_scopes == SOME | Scope.ORDERS
    given = Consent.objects.get(connection=connection)
    assert (given.scopes, given.offered, given.wording) == (
        connection.scopes,
        get_all_shareable_scopes(),
        consent.WORDING,
    )
    assert given.person_label == world.person("stranger.admin").name
    assert given.language == "fr"


@pytest.mark.parametrize("read", [{"wording": "2026-10/en"}, {"wording": "nonsense"}, {"wording": ""}, {}])
@pytest.mark.promise("E-14")
def test_nobody_consents_to_texts_that_have_changed_or_without_any(read, web, world):
    client, form = web("stranger.admin"), {"scopes": ["entitlements"], **read}
    answer = client.post(opened(world) + "accept/", form)
    page = answer.content.decode()
    assert answer.status_code == 412 and "has changed since you opened this page" in page
    assert "checked" in box(page, "entitlements") and "checked" not in box(page, "usage")
    assert field(page, "wording") == f"{consent.WORDING}/en"
    assert not Connection.objects.filter(customer=world.stranger, partner=world.partner).exists()

    connection, before = world.connection("customer", "partner"), Consent.objects.count()
    answer = web("customer.admin").post(sharing(connection), form)
    assert answer.status_code == 412 and "has changed since you opened this page" in answer.content.decode()
    connection.refresh_from_db()
    assert (connection.shared_scopes, Consent.objects.count()) == (get_all_shareable_scopes(), before)


@pytest.mark.parametrize("scopes", [["usage", "licence_users"], ["tickets"], ["63"], [""]])
def test_what_is_not_offered_is_refused_as_a_whole(scopes, web, world):
    assert web("stranger.admin").post(opened(world) + "accept/", {"scopes": scopes} | READ).status_code == 400
    assert not Connection.objects.filter(customer=world.stranger, partner=world.partner).exists()
    connection = world.connection("customer", "partner")
    assert web("customer.admin").post(sharing(connection), {"scopes": scopes} | READ).status_code == 400
    connection.refresh_from_db()
    assert connection.shared_scopes == get_all_shareable_scopes()


def test_account_information_is_shared_whatever_is_ticked(web, world):
    connection = world.connection("customer", "partner")
    for scopes in (["account"], [], ["account", "account"]):
        web("customer.admin").post(sharing(connection), {"scopes": scopes} | READ)
        connection.refresh_from_db()
        assert connection.shared_scopes == Scope.ACCOUNT


def test_an_invitation_that_was_accepted_says_what_is_shared(web, world, actor_for):
    connection = world.connection("customer", "partner")
    change_connection_sharing(actor=actor_for("customer.admin"), connection=connection, scopes=SOME)
    page = web("customer.admin").get(opened(world)).content.decode()
    assert f"What {world.partner.name} sees" in page and page.count("Not shared") == 3
    assert "will see" not in page


def test_a_form_that_comes_back_keeps_what_was_unticked(web, world, monkeypatch):
    monkeypatch.setattr("connections.policies.ACCEPTED_A_DAY", 0)
    response = web("stranger.admin").post(opened(world) + "accept/", {"scopes": ["entitlements"]} | READ)
    page = response.content.decode()
    assert response.status_code == 429
    assert "accepted 0 invitations in 24 hours" in page
    assert "checked" in box(page, "entitlements")
    assert box(page, "usage") and "checked" not in box(page, "usage")


def test_accepting_while_connected_leads_to_what_is_shared(web, world):
    connection = world.connection("customer", "partner")
    response = web("customer.admin").post(opened(world) + "accept/", {"scopes": []} | READ)
    assert (response.status_code, response["Location"]) == (302, sharing(connection))
    assert "Nothing has changed" in said(response)[0]
    connection.refresh_from_db()
    assert connection.shared_scopes == get_all_shareable_scopes()


@pytest.mark.promise("E-14")
def test_a_customer_narrows_and_widens_and_sees_its_history(web, world):
    connection, client = world.connection("customer", "partner"), web("customer.admin")
    page = client.get(sharing(connection)).content.decode()
    version = field(page, "version")
    assert "checked" in box(page, "usage")
    answer = client.post(sharing(connection), {"scopes": ["entitlements"], "version": version, "stay": "1"} | READ)
    assert (answer.status_code, answer["Location"]) == (302, sharing(connection))
    assert said(answer) == [f"Sharing settings saved for {world.partner.name}."]
    connection.refresh_from_db()
    assert connection.shared_scopes == SOME
    page = client.get(sharing(connection)).content.decode()
    assert "checked" not in box(page, "usage")
    history = page[page.index(">History") :]
    narrowed, everything_ = (
        "Account information, Services and licences<",
        "Account information, Services and licences, Usage",
    )
    assert history.index(narrowed) < history.index(everything_)
    assert world.person("customer.admin").name in history


def test_two_people_do_not_overwrite_each_other(web, world, actor_for):
    connection, client = world.connection("customer", "partner"), web("customer.admin")
    seen = Consent.objects.filter(connection=connection).latest("pk").version
    change_connection_sharing(actor=actor_for("customer.admin"), connection=connection, scopes=SOME)
    with pytest.raises(StaleVersion, match="changed_meanwhile"):
        change_connection_sharing(
            actor=actor_for("customer.admin"), connection=connection, scopes=get_all_shareable_scopes(), version=seen
        )
    response = client.post(sharing(connection), {"scopes": ["usage"], "version": seen} | READ)
    page = response.content.decode()
    assert response.status_code == 412 and "Check the latest entry in the history, then save again." in page
    assert "checked" in box(page, "usage") and "checked" not in box(page, "entitlements")
    connection.refresh_from_db()
    assert connection.shared_scopes == SOME


def test_a_form_that_is_sent_twice_is_no_conflict(web, world):
    connection, client = world.connection("customer", "partner"), web("customer.admin")
    version = field(client.get(sharing(connection)).content.decode(), "version")
    before = Consent.objects.count()
    for _time in range(2):
        answer = client.post(sharing(connection), {"scopes": ["entitlements"], "version": version} | READ)
        assert answer.status_code == 302
    assert Consent.objects.count() == before + 1


@pytest.mark.promise("E-14")
def test_one_choice_for_all_partners(web, world):
    connection, client = world.connection("customer2", "partner"), web("customer2.admin")
    page = client.get(sharing(connection)).content.decode()
    version = field(page, "version")
    assert "Apply to all my partners" in page
    before = events_of("connection.sharing_changed").count()
    answer = client.post(sharing(connection), {"scopes": ["orders"], "version": version, "all": "on"} | READ)
    assert said(answer) == ["Sharing settings saved for 2 partners."]
    shared = {row.shared_scopes for row in Connection.objects.filter(customer=world.customer2, state="active")}
    assert shared == {Scope.ACCOUNT | Scope.ORDERS}
    assert events_of("connection.sharing_changed").count() == before + 2
    assert share_scopes_with_all_partners(actor=world.actor("customer2.admin"), scopes=Scope.ORDERS) == 2
    assert events_of("connection.sharing_changed").count() == before + 2


def test_the_partner_looks_and_cannot_choose(web, world, actor_for):
    connection = world.connection("customer", "partner")
    change_connection_sharing(actor=actor_for("customer.admin"), connection=connection, scopes=SOME)
    page = web("partner.admin").get(sharing(connection)).content.decode()
    assert f'href="/customers/{world.customer.public_id}/"' in page  # the way back
    assert 'type="checkbox"' not in page and "Only the customer can change what is shared." in page
    assert page.count("Not shared by the customer") == 3
    assert ">History" not in page and world.person("customer.admin").name not in page
    assert web("partner.admin").post(sharing(connection), {"scopes": ["usage"]} | READ).status_code == 403
    with pytest.raises(ActionRefused, match="not_customer"):
        change_connection_sharing(
            actor=actor_for("partner.admin"), connection=connection, scopes=get_all_shareable_scopes()
        )


def test_a_reader_looks_and_is_told_why_not(web, world):
    connection = world.connection("customer", "partner")
    page = web("customer.reader").get(sharing(connection)).content.decode()
    assert 'type="checkbox"' not in page and "Only Admins can do this." in page
    assert web("customer.reader").post(sharing(connection), {"scopes": []} | READ).status_code == 403


def test_after_the_end_there_is_nothing_to_choose_but_the_history(web, world, actor_for):
    connection = world.connection("ended", "partner")
    page = web("ended.admin").get(sharing(connection)).content.decode()
    assert "Nothing is shared any more." in page and 'type="checkbox"' not in page
    assert world.person("ended.admin").name in page
    with pytest.raises(Conflict, match="state_changed"):
        change_connection_sharing(
            actor=actor_for("ended.admin"), connection=connection, scopes=get_all_shareable_scopes()
        )


@pytest.fixture
def tickets(monkeypatch):
    """A later version that offers one scope more."""
    offered = ShareableScope(scope=Scope.TICKETS, label="Support tickets", shows="Your requests for help.")
    monkeypatch.setitem(consent._offered, Scope.TICKETS, offered)


@pytest.mark.promise("E-14")
def test_a_scope_of_a_later_version_is_asked_for_and_not_granted(web, world, tickets):
    connection, client = world.connection("customer", "partner"), web("customer.admin")
    assert find_newly_shareable_scopes(connection.consents.latest("pk").offered) == Scope.TICKETS
    for path in ("/account/", sharing(connection)):
        assert "New: Support tickets can be shared" in client.get(path).content.decode()
    page = client.get(sharing(connection)).content.decode()
    assert box(page, "tickets") and "checked" not in box(page, "tickets")
    version = field(page, "version")
    codes = ["entitlements", "usage", "orders", "notifications"]
    client.post(sharing(connection), {"scopes": codes, "version": version} | READ)
    connection.refresh_from_db()
    assert Scope.TICKETS not in connection.shared_scopes
    assert "New: Support tickets" not in client.get(sharing(connection)).content.decode()  # the answer was no


@pytest.mark.promise("E-14")
def test_the_partner_is_told_what_changed(web, world, actor_for):
    connection = world.connection("customer", "partner")
    change_connection_sharing(actor=actor_for("customer.admin"), connection=connection, scopes=SOME)
    change_connection_sharing(actor=actor_for("customer.admin"), connection=connection, scopes=SOME | Scope.ORDERS)
    while write_due_notices():
        pass
    narrowed, widened = world.notices("partner").filter(kind="sharing_changed")
    assert (narrowed.about_id, narrowed.scopes) == (world.customer.pk, Scope.ACCOUNT)
    kind = get_notice_kinds()["sharing_changed"]
    assert kind.get_subject(narrowed) == f"{world.customer.name} changed what it shares with you"
    assert kind.get_body(narrowed) == "No longer shared: Usage, Orders, Notifications."
    assert kind.get_body(widened) == "Now shared: Orders."
    assert not world.notices("distributor").filter(kind="sharing_changed").exists()
    activity = web("partner.admin").get(f"/customers/{world.customer.public_id}/activity/").content.decode()
    assert "changed what it shares with" in activity


def test_the_notice_of_a_new_customer_names_what_it_shares(web, world):
    web("stranger.admin").post(opened(world) + "accept/", {"scopes": ["orders"]} | READ)
    while write_due_notices():
        pass
    notice = world.notices("partner").filter(kind="customer_connected").last()
    assert (
        get_notice_kinds()["customer_connected"].get_body(notice) == "The customer shares: Account information, Orders."
    )


def test_the_account_and_first_page_say_what_each_partner_sees(web, world, actor_for):
    connection = world.connection("customer", "partner")
    change_connection_sharing(actor=actor_for("customer.admin"), connection=connection, scopes=SOME)
    account = web("customer.admin").get("/account/").content.decode()
    assert "Not shared: Usage, Orders, Notifications" in account and sharing(connection) in account
    assert "Can see: Account information, Services and licences" in web("customer.admin").get("/").content.decode()


def test_nobody_consents_for_another(world, actor_for):
    connection = world.connection("customer", "partner")
    for who in ("stranger.admin", "partner2.admin"):
        with pytest.raises(Exception, match="not_found"):
            change_connection_sharing(actor=actor_for(who), connection=connection, scopes=get_all_shareable_scopes())
    with pytest.raises(ActionRefused):
        change_connection_sharing(actor=Actor(), connection=connection, scopes=get_all_shareable_scopes())


@pytest.mark.promise("E-14")
def test_the_api_shows_and_changes_what_is_shared(api, world):
    address = f"/api/v1/connections/{world.connection('customer', 'partner').public_id}/sharing/"
    client = api("customer.admin")
    before = client.get(address)
    assert (
        before.json()["scopes"] == before.json()["offered"] == get_all_shareable_scopes().codes
        and before.json()["new"] == []
    )
    tag = before["ETag"]
    answer = client.put(address, {"scopes": ["orders"]}, headers={"If-Match": tag})
    assert (answer.status_code, answer.json()["scopes"]) == (200, ["account", "orders"])
    newest = answer.json()["history"][0]
    assert (newest["scopes"], newest["wording"], newest["language"]) == (["account", "orders"], "", "")
    stale = client.put(address, {"scopes": ["usage"]}, headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["errors"][0]["code"]) == (412, "changed_meanwhile")
    blind = client.put(address, {"scopes": ["usage"]})
    assert (blind.status_code, blind.json()["errors"][0]["code"]) == (428, "if_match_required")
    weak = client.put(address, {"scopes": ["usage"]}, headers={"If-Match": f"W/{answer['ETag']}"})
    assert (weak.status_code, weak.json()["errors"][0]["code"]) == (412, "changed_meanwhile")
    any_version = {"If-Match": "*"}
    wrong = client.put(address, {"scopes": ["licence_users"]}, headers=any_version)
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (400, "unknown_scope")
    assert client.put(address, {}, headers=any_version).json()["errors"][0]["code"] == "required"
    assert client.put(address, {"scopes": []}, headers=any_version).json()["scopes"] == ["account"]


def test_the_partner_reads_it_through_the_api_without_the_history(api, world):
    address = f"/api/v1/connections/{world.connection('customer', 'partner').public_id}/sharing/"
    answer = api("partner.admin").get(address)
    assert answer.json()["scopes"] == get_all_shareable_scopes().codes and answer.json()["history"] == []
    assert "ETag" not in answer
    refused = api("partner.admin").put(address, {"scopes": []}, headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "not_customer")


@pytest.mark.promise("E-14")
def test_customers_are_told_when_their_partner_moves_to_another_distributor(world):
    staff = Actor.system("vendor staff")
    move_partner(actor=staff, partner=world.partner, distributor=world.distributor2)
    move_partner(actor=staff, partner=world.partner, distributor=None)
    while write_due_notices():
        pass
    kind = get_notice_kinds()["partner_moved"]
    for customer in ("customer", "customer2"):
        moved, left = world.notices(customer).filter(kind="partner_moved")
        assert (
            kind.get_subject(moved) == f"{world.partner.name} now works with the distributor {world.distributor2.name}"
        )
        assert kind.get_body(moved) == (
            f"{world.distributor2.name} can also see what you share with {world.partner.name}. "
            f"{world.distributor.name} can no longer see what you share with this partner."
        )
        assert kind.get_subject(left).endswith(f"no longer works with the distributor {world.distributor2.name}")
        connection = world.connection(customer, "partner")
        assert kind.get_link_path(moved) == sharing(connection)
    told = Notice.objects.filter(kind="partner_moved").values_list("recipient_id", flat=True)
    assert set(told) == {world.customer.pk, world.customer2.pk}


@pytest.mark.promise("E-14")
def test_the_texts_of_the_wording_are_kept():
    """So that what somebody consented to can be read again: another text needs another version, and its own file."""
    offered = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            offered[language] = {
                each.code: [str(each.label), str(each.shows)] for each in consent.list_shareable_scopes()
            }
    kept = settings.BASE_DIR / "docs/consent" / f"{consent.WORDING}.json"
    assert json.loads(kept.read_text()) == offered

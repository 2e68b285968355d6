"""The pages of invitations and connections, as people use them."""

import pytest
from django.contrib.messages import get_messages

from accounts.models import Organization, ProgramMembership
from connections.actions import replace_invitation_link
from connections.models import Connection
from partnerportal.lib.actors import Actor
from tests.world import READ, canary

pytestmark = pytest.mark.django_db


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def opened(world, partner="partner"):
    return f"/i/{world.token(partner)}/"


def rows():
    return Connection.objects.count()


@pytest.mark.promise("CC-41")
def test_a_stranger_sees_who_invites_and_keeps_the_way(web, world):
    response = web("anonymous").get(opened(world))
    page = response.content.decode()
    assert response.status_code == 200
    for fact in (world.partner.name, world.partner.org_id, "Germany", "Service Provider", world.distributor.name):
        assert fact in page
    for path in ("/sign-in/login/", "/sign-in/signup/"):
        assert f"{path}?next=%2Fi%2F{world.token('partner')}%2F" in page
    assert canary("partner", "details") not in page and canary("partner", "people") not in page


@pytest.mark.parametrize("way", ["", "accept/", "decline/"])
@pytest.mark.parametrize("token", ["known", "unknown"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_the_address_is_kept_secret_whatever_the_answer(web, world, way, token, method):
    path = f"/i/{world.token('partner') if token == 'known' else 'f' * 64}/{way}"
    for client in (web("stranger.admin"), web("stranger.admin", csrf=True), web("anonymous")):
        response = getattr(client, method)(path)
        assert response["Cache-Control"] == "no-store", (response.status_code, path)
        assert response["Referrer-Policy"] == "no-referrer"


def test_opening_changes_nothing(web, world):
    before = rows()
    for who in ("anonymous", "stranger.admin", "nobody", "many"):
        web(who).get(opened(world))
        web(who).get(opened(world) + "decline/")
    assert rows() == before
    assert web("stranger.admin").get(opened(world) + "accept/").status_code == 405


def test_an_unknown_link_gets_help(web, world):
    response = web("anonymous").get("/i/0123/")
    assert response.status_code == 404
    assert "Unknown invitation link" in response.content.decode()
    old = opened(world)
    replace_invitation_link(actor=Actor.system("staff"), partner=world.partner, reason="abuse")
    for answer in (web("stranger.admin").post(old + "accept/", READ), web("stranger.admin").get(old + "decline/")):
        assert answer.status_code == 404
        assert "the partner may have a new one" in answer.content.decode()


@pytest.mark.promise("CC-12")
def test_accepting_connects_and_says_so(web, world):
    client = web("stranger.admin")
    response = client.post(opened(world) + "accept/", {"organization": world.stranger.public_id} | READ)
    assert (response.status_code, response["Location"]) == (302, "/account/")
    assert said(response) == [f"{world.partner.name} is now connected to {world.stranger.name}."]
    assert world.connection("stranger", "partner").state == "active"
    assert world.partner.name in client.get("/account/").content.decode()


@pytest.mark.promise("E-3")
def test_accepting_again_changes_nothing(web, world):
    before = rows()
    response = web("customer.admin").post(opened(world) + "accept/", READ)
    assert "already connected" in said(response)[0]
    assert rows() == before


def test_accepting_needs_a_token_of_this_site(web, world):
    before = rows()
    assert web("stranger.admin", csrf=True).post(opened(world) + "accept/", READ).status_code == 403
    assert rows() == before


def test_nobody_accepts_for_an_organisation_that_is_not_theirs(web, world):
    before = rows()
    response = web("stranger.admin").post(opened(world) + "accept/", {"organization": world.publisher.public_id} | READ)
    assert response.status_code == 404
    for nonsense in ("", "1", "' OR 1=1", "\x00"):
        answer = web("stranger.admin").post(opened(world) + "accept/", {"organization": nonsense} | READ)
        assert answer.status_code == 404
    assert rows() == before


@pytest.mark.promise("E-2")
def test_one_who_acts_for_several_chooses(web, world):
    client = web("many@customer")
    page = client.get(opened(world, "partner2")).content.decode()
    assert page.count('name="organization" value=') >= 3
    reader = page[page.index(str(world.customer.public_id)) :][:400]
    assert "disabled" in reader and "Only Admins can do this." in reader
    answer = client.post(opened(world, "partner2") + "accept/", {"organization": world.distributor.public_id} | READ)
    assert answer.status_code == 302
    assert world.connection("distributor", "partner2").state == "active"
    assert client.session["organization"] == world.distributor.pk


def test_a_reader_sees_why_not_and_who_can(web, world):
    page = web("stranger.reader").get(opened(world)).content.decode()
    assert "You can’t accept this invitation" in page
    assert f"Admin {canary('stranger', 'people')}" in page
    assert "/accept/" not in page
    before = rows()
    assert web("stranger.reader").post(opened(world) + "accept/", READ).status_code == 403
    assert rows() == before


@pytest.mark.parametrize(
    ("who", "partner", "words"),
    [
        ("customer.admin", "partner", "You are already connected to"),
        ("customer.admin", "lapsed", "You are already connected to"),
        ("stranger.admin", "lapsed", "can’t be accepted now"),
        ("stranger.admin", "nobadge", "can’t be accepted now"),
        ("partner.admin", "partner", "This is your own invitation link"),
        ("nobody", "partner", "Create your organisation"),
        ("vendor.admin", "partner", "You can’t accept this invitation"),
        ("ended.admin", "partner", "Accept and connect"),
    ],
)
def test_each_situation_has_its_words(web, world, who, partner, words):
    response = web(who).get(opened(world, partner))
    assert response.status_code == 200
    assert words in response.content.decode()


def test_a_closed_invitation_is_refused_by_the_server_too(web, world):
    before = rows()
    assert web("stranger.admin").post(opened(world, "lapsed") + "accept/", READ).status_code == 409
    assert web("partner.admin").post(opened(world) + "accept/", READ).status_code == 400
    assert rows() == before


def test_the_invitation_asks_few_questions(web, world, count_queries):
    for who in ("anonymous", "stranger.admin", "many@customer"):
        client, path = web(who), opened(world)
        client.get(path)
        with count_queries() as queries:
            client.get(path)
        assert len(queries) <= 8, (who, [s[:90] for s in queries.statements])


@pytest.mark.promise("CC-39", "CC-40")
def test_the_invite_dialog(web, world):
    response = web("partner.admin").get("/invite/")
    page = response.content.decode()
    assert f"http://localhost:8000/i/{world.token('partner')}/" in page
    assert "3 customers have accepted" in page
    assert "HX-Request" in response["Vary"]
    fragment = web("partner.admin").get("/invite/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment and world.token("partner") in fragment


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("partner.reader", 403),
        ("lapsed.admin", 403),
        ("nobadge.admin", 403),
        ("customer.admin", 404),
        ("distributor.admin", 404),
    ],
)
def test_the_invite_dialog_is_for_partners_with_a_badge(web, world, who, status):
    response = web(who).get("/invite/")
    assert response.status_code == status
    assert "/i/" not in response.content.decode()


@pytest.mark.promise("CC-19", "CC-20")
def test_each_side_may_end(web, world):
    mine, theirs = world.connection("customer", "partner"), world.connection("customer2", "partner2")
    question = web("customer.admin").get(f"/connections/{mine.public_id}/end/").content.decode()
    assert world.partner.name in question and "2 active services" in question and "1 order" in question
    response = web("customer.admin").post(f"/connections/{mine.public_id}/end/")
    assert response["Location"] == "/account/"
    response = web("partner2.admin").post(f"/connections/{theirs.public_id}/end/")
    assert response["Location"] == "/customers/"
    assert said(response) == [f"The connection with {world.customer2.name} has ended."]
    for connection in (mine, theirs):
        connection.refresh_from_db()
        assert connection.state == "ended"


def test_a_second_click_is_told_the_truth(web, world):
    path = f"/connections/{world.connection('customer', 'partner').public_id}/end/"
    client = web("customer.admin")
    assert client.post(path).status_code == 302
    for response in (client.post(path), client.get(path), web("partner.admin").post(path)):
        assert response.status_code == 409
        assert "has already ended" in response.content.decode()


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("anonymous", 302),
        ("customer.reader", 403),
        ("distributor.admin", 404),
        ("partner2.admin", 404),
        ("nobody", 302),
    ],
)
def test_nobody_else_may_end(web, world, who, status):
    connection = world.connection("customer", "partner")
    for method in ("get", "post"):
        assert getattr(web(who), method)(f"/connections/{connection.public_id}/end/").status_code == status
    connection.refresh_from_db()
    assert connection.state == "active"


@pytest.mark.promise("CC-2", "CC-3", "CC-4", "CC-12")
def test_account_details(web, world):
    page = web("customer.admin").get("/account/").content.decode()
    for fact in (
        world.customer.org_id,
        str(world.customer.tenant_id),
        canary("customer", "details"),
        world.partner.name,
    ):
        assert fact in page
    assert world.partner2.name not in page
    partner = web("partner.admin").get("/account/").content.decode()
    assert "Service Provider" in partner and world.distributor.name in partner
    assert 'href="/customers/"' in partner[partner.index("2 customers connected") :]
    assert world.customer.name not in partner  # it stands in the list of customers, which ends its connection
    assert world.ended.name in partner[partner.index("Ended connections") :]
    assert "Solution Advisor" not in web("lapsed.admin").get("/account/").content.decode()


def test_a_partner_without_an_active_membership_is_said_to_see_nothing(web, world):
    account, first_page = (web("customer.admin").get(path).content.decode() for path in ("/account/", "/"))
    nothing = "Can’t see anything while its programme membership is not active"
    for page in (account, first_page):
        after = {name: page.split(f">{world[name].name}<")[1][:200] for name in ("partner", "lapsed")}
        assert nothing in after["lapsed"] and page.count(nothing) == 1
        assert "Can see" in after["partner"] and nothing not in after["partner"]
        assert (
            page.count(f"The partner’s distributor, {world.distributor}, can see what you share with the partner.") == 1
        )  # of partner alone
    own = web("lapsed.admin").get("/account/").content.decode()
    assert "You can’t see anything while your programme membership is not active" in own
    assert f"/customers/{world.customer.public_id}/" not in own


@pytest.mark.promise("CV-12")
def test_account_details_say_how_to_reach_the_account_manager(web, world):
    customer = world.customer
    for who in ("customer.admin", "customer.reader"):
        page = web(who).get("/account/").content.decode()
        assert customer.account_manager_name in page and customer.account_manager_phone in page
        assert f'href="mailto:{customer.account_manager_email}"' in page


@pytest.mark.promise("CV-22")
def test_a_reader_sees_end_disabled_with_the_reason(web, world):
    page = web("customer.reader").get("/account/").content.decode()
    assert "Only Admins can do this." in page
    assert "/end/" not in page and "/account/edit/" not in page


def test_account_details_ask_few_questions(web, world, count_queries):
    client = web("partner.admin")
    client.get("/account/")
    with count_queries() as before:
        client.get("/account/")
    for name in ("A", "B", "C"):
        other = Organization.objects.create(kind="customer", name=name, country="FR")
        Connection.objects.create(partner=world.partner, customer=other, partner_name="P", customer_name=name)
    with count_queries() as after:
        client.get("/account/")
    assert len(after) == len(before) <= 9, after.statements


def test_connections_are_paged(web, world):
    for number in range(30):
        other = Organization.objects.create(kind="customer", name=f"Number {number:02}", country="FR")
        Connection.objects.create(partner=world.lapsed, customer=other, partner_name="P", customer_name=other.name)
    client = web("lapsed.admin")  # without a list of customers
    first = client.get("/account/").content.decode()
    assert "Number 29" in first and "Number 00" not in first
    after = first[first.index('rel="next" href="') + 17 :].split('"')[0].split("#")[0]
    assert "Number 00" in client.get("/account/" + after).content.decode()
    assert client.get("/account/?connections=rubbish&history=%00").status_code == 200


def test_a_partner_finds_its_own_partners_in_its_account(web, world):
    """A partner may be a customer of another, which no list of customers has."""
    Connection.objects.create(partner=world.partner2, customer=world.partner, partner_name="P2", customer_name="P")
    page = web("partner.admin").get("/account/").content.decode()
    live = page[page.index("Active connections") : page.index("Ended connections")]
    assert "2 customers connected" in live and f"<strong>{world.partner2.name}</strong>" in live
    assert live.count("End connection…") == 1 and page.index("Tenant ID") < page.index("Active connections")


@pytest.mark.promise("CV-1", "CC-12")
def test_a_customer_sees_its_partners_and_what_each_sees(web, world, count_queries):
    connection = world.connection("customer2", "partner2")
    client = web("customer2.admin")
    page = client.get("/connections/").content.decode()
    first, second = (page.index(f"<strong>{name}") for name in (world.partner2.name, world.partner.name))
    rows = sorted([(first, world.partner2), (second, world.partner)], key=lambda row: row[0])
    shown = {rows[0][1]: page[rows[0][0] : rows[1][0]], rows[1][1]: page[rows[1][0] :]}
    assert "Usage" in shown[world.partner].partition("</tr>")[0]
    assert "Usage" not in shown[world.partner2].partition("</tr>")[0]
    end = f"/connections/{connection.public_id}/end/"
    assert f'{end}?next=/connections/"' in page
    for path in (end, f"/connections/{connection.public_id}/sharing/"):
        dialog = client.get(f"{path}?next=/connections/").content.decode()
        assert '<input type="hidden" name="next" value="/connections/">' in dialog
        assert 'href="/account/"' not in dialog.partition("<main")[2].partition("</main>")[0]
    assert client.post(end, {"next": "/connections/"})["Location"] == "/connections/"
    assert "Ended connections" in client.get("/connections/").content.decode()
    for who in ("partner.admin", "distributor.admin", "publisher.admin", "vendor.admin"):
        assert web(who).get("/connections/").status_code == 404
    with count_queries() as asked:
        web("customer.reader").get("/connections/")
    assert len(asked) <= 8, asked.statements


@pytest.mark.promise("CC-5")
def test_a_badge_that_lapses_takes_the_link_away(web, world):
    client = web("partner.admin")
    assert client.get("/invite/").status_code == 200
    ProgramMembership.objects.filter(organization=world.partner).update(ends_on="2020-01-01", starts_on="2019-01-01")
    assert client.get("/invite/").status_code == 403
    assert "can’t be accepted now" in web("stranger.admin").get(opened(world)).content.decode()


def test_only_who_can_be_invited_is_told_to_open_a_link(web):
    for who, is_told in (("publisher.reader", True), ("stranger.admin", True), ("vendor.admin", False)):
        page = web(who).get("/account/").content.decode()
        assert "Nobody outside your organisation can see its data." in page
        assert ("open the invitation link" in page) is is_told

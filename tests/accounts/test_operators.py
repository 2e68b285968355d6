"""Settings > Operators: its two tabs, its dialogs, and what a change of roles adds and takes away."""

import datetime as dt
import re

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.messages import get_messages
from django.utils import timezone

from accounts.models import Operator, OperatorInvitation, Person, Role
from accounts.role_guide import compare_roles, describe_roles_of_kind
from partnerportal.lib.policies import list_permission_rules
from tests import mails
from tests.house.ours import APPS
from tests.world import canary

pytestmark = pytest.mark.django_db

LISTS = ("/operators/", "/operators/pending/")
INVITED = {"email": "somebody@example.com", "roles": ["reader"]}


def page_of(client, path, **query):
    response = client.get(path, query)
    assert response.status_code == 200, response.content
    return response.content.decode()


def table_of(client, path, **query):
    page = page_of(client, path, **query)
    return page[page.index("<table") : page.index("</table>")]


@pytest.mark.promise("CV-14")
def test_the_list_shows_sign_in_and_second_factor(web, world):
    reader = world.person("customer.reader")
    Person.objects.filter(pk=reader.pk).update(last_login="2026-03-04T12:00:00Z")
    Authenticator.objects.create(user=reader, type=Authenticator.Type.TOTP, data={"secret": "x"})
    page = table_of(web("customer.admin"), "/operators/", q=reader.email)
    assert reader.email in page and world.person("customer.admin").email not in page
    assert "4 Mar 2026" in page and "Set up" in page
    Authenticator.objects.update(type=Authenticator.Type.RECOVERY_CODES)
    assert "Set up" not in table_of(web("customer.admin"), "/operators/", q=reader.email)


@pytest.mark.promise("CV-14")
@pytest.mark.parametrize("is_granted", [False, True])
def test_the_list_shows_the_roles_and_who_sees_orders(is_granted, web, world):
    reader = world.person("partner.reader")
    Operator.objects.filter(organization=world.partner, person=reader).update(finance_granted=is_granted)
    row = table_of(web("partner.admin"), "/operators/", q=reader.email)
    assert '<td class="cell-a" title="Reader' in row
    assert ("Can see them" in row, "May see customers’ orders and prices" in row) == (is_granted, is_granted)
    agent = table_of(web("partner.admin"), "/operators/", q=world.person("partner.admin_agent").email)
    assert '<td class="cell-a" title="Admin agent">Admin agent</td>' in agent and "Can see them" in agent


def test_the_list_is_searched_filtered_and_sorted(web, world):
    client = web("partner.admin")
    admins = table_of(client, "/operators/", role="admin")
    assert world.person("partner.admin").email in admins and world.person("partner.reader").email not in admins
    Authenticator.objects.create(user=world.person("partner.reader"), type=Authenticator.Type.WEBAUTHN, data={})
    with_factor = table_of(client, "/operators/", second_factor="true")
    assert (
        world.person("partner.reader").email in with_factor and world.person("partner.admin").email not in with_factor
    )
    names = [f"{role} {canary('partner', 'people')}" for role in ("Admin", "Reader")]
    page = table_of(client, "/operators/", sort="-name")
    assert page.index(f">{names[1]}") < page.index(f">{names[0]}")
    assert "Nothing matches these filters" in page_of(client, "/operators/", q="nobody has this name")


def test_a_page_of_many_operators_leads_on_by_name(web, world):
    people = [Person(email=f"p{number}@example.com", name=f"Person {number:03}") for number in range(120)]
    for person in Person.objects.bulk_create(people):
        Operator.objects.create(organization=world.stranger, person=person, roles=[Role.READER])
    client, seen, path = web("stranger.admin"), [], "/operators/?size=50"
    while path:
        listing = client.get(path).context["list"]
        seen += [row.name for row in listing.rows]
        path = listing.next_url
    assert len(seen) == Operator.objects.filter(organization=world.stranger).count()
    assert seen == sorted(seen) and len(set(seen)) == len(seen)


@pytest.mark.promise("CV-22")
@pytest.mark.parametrize("path", LISTS)
def test_a_reader_sees_the_list_and_no_buttons(path, web, world):
    page = page_of(web("customer.reader"), path)
    assert canary("customer", "people") in page and "Only Admins can do this." in page
    assert "/operators/add/" not in page and "Actions for" not in page
    invitation = OperatorInvitation.objects.get(organization=world.customer)
    addresses = ["/operators/add/"] + [
        f"/operators/pending/{invitation.public_id}/{action}/" for action in ("resend", "link", "withdraw")
    ]
    for address in addresses:
        assert web("customer.reader").get(address).status_code == 403
        assert web("customer.reader").post(address, INVITED).status_code == 403
    assert not OperatorInvitation.objects.filter(email=INVITED["email"]).exists()


@pytest.mark.promise("CV-18", "CV-20")
def test_an_admin_adds_an_operator(web, world):
    client = web("customer.admin")
    page = page_of(client, "/operators/")
    assert "Actions" in page and 'href="/operators/add/"' in page
    dialog = page_of(client, "/operators/add/")
    assert "Apply" in dialog and dialog.count('name="roles"') == 2 and 'name="finance_granted"' not in dialog
    response = client.post("/operators/add/", INVITED)
    assert response["Location"] == "/operators/pending/"
    pending = page_of(client, "/operators/pending/")
    assert INVITED["email"] in pending and "Sent" in pending
    assert mails.sent()[-1].to == [INVITED["email"]]


@pytest.mark.parametrize(
    "wrong", [{"email": ""}, {"email": "x"}, {"roles": []}, {"roles": ["sales_agent"]}, {"email": "a@gmail.com"}]
)
def test_a_wrong_form_comes_back_as_it_was_typed(wrong, web):
    response = web("customer.admin").post("/operators/add/", INVITED | wrong)
    assert response.status_code == 200 and 'aria-invalid="true"' in response.content.decode()
    assert not OperatorInvitation.objects.filter(email=INVITED["email"]).exists()


def test_whoever_acts_already_is_named_in_the_form(web, world):
    known = world.person("customer.reader").email
    page = web("customer.admin").post("/operators/add/", INVITED | {"email": known}).content.decode()
    assert f"{known} already acts for" in page and 'aria-invalid="true"' in page


def test_each_invitation_has_its_dialogs(web, world):
    client, row = web("customer.admin"), OperatorInvitation.objects.get(organization=world.customer)
    base = f"/operators/pending/{row.public_id}/"
    for action in ("resend", "link", "withdraw"):
        assert row.email in page_of(client, f"{base}{action}/")
    assert client.post(f"{base}resend/")["Location"] == "/operators/pending/"
    shown = client.post(f"{base}link/").content.decode()
    assert "/join/" in shown and "won’t be shown again" in shown
    assert "/join/" not in page_of(client, f"{base}link/")
    assert client.post(f"{base}withdraw/")["Location"] == "/operators/pending/"
    page = page_of(client, "/operators/pending/")
    assert "Withdrawn" in page and f"{base}resend/" not in page
    assert client.post(f"{base}withdraw/").status_code == 409


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ({}, "sent"),
        ({"opened_at": timezone.now()}, "opened"),
        ({"opened_at": timezone.now(), "bounced_at": timezone.now()}, "bounced"),
        ({"expires_at": timezone.now()}, "ended"),
        ({"state": "accepted", "closed_at": timezone.now()}, "accepted"),
        ({"state": "revoked", "closed_at": timezone.now()}, "withdrawn"),
    ],
)
def test_how_far_each_has_come_is_shown_and_filtered(values, step, web, world):
    OperatorInvitation.objects.filter(organization=world.customer).update(**values)
    client = web("customer.admin")
    choices = dict(client.get("/operators/pending/").context["list"].step_choices)
    for each, label in choices.items():
        rows = client.get("/operators/pending/", {"step": each}).context["list"].rows
        assert [str(row.step) for row in rows] == ([label] if each == step else []), each


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize(("column", "key"), [("email", "email"), ("sent", "created_at"), ("ends", "expires_at")])
def test_invitations_are_sorted_and_turn_their_pages(column, key, sign, web, world):
    now = timezone.now()
    for number in range(60):
        mixed = number * 7 % 60
        row = OperatorInvitation.objects.create(
            organization=world.stranger, email=f"invited{mixed:02}@example.com", roles=["reader"], expires_at=now
        )
        times = {"created_at": now - dt.timedelta(days=mixed % 5), "expires_at": now + dt.timedelta(days=mixed % 7)}
        OperatorInvitation.objects.filter(pk=row.pk).update(**times)
    client, seen, path = web("stranger.admin"), [], f"/operators/pending/?sort={sign}{column}&size=25"
    while path:
        listing = client.get(path).context["list"]
        seen += [row.email for row in listing.rows]
        path = listing.next_url
    rows = OperatorInvitation.objects.filter(organization=world.stranger)
    assert seen == list(rows.order_by(f"{sign}{key}", f"{sign}pk").values_list("email", flat=True))


def test_a_change_of_roles_says_first_what_it_adds_and_takes_away(web, world):
    client, reader = web("customer.admin"), world.operator("customer.reader")
    path = f"/operators/{reader.public_id}/roles/"
    page = client.post(path, {"roles": ["admin"], "review": "1"}).content.decode()
    assert "New permissions:" in page and "Edit the contact details" in page and "Removed permissions:" not in page
    reader.refresh_from_db()
    assert reader.roles == [Role.READER], "nothing is stored yet"
    same = client.post(path, {"roles": ["reader"], "review": "1"}).content.decode()
    assert "What this person can do will stay the same." in same
    mails.sent().clear()
    assert client.post(path, {"roles": ["admin"]})["Location"] == "/operators/"
    [told] = mails.sent()
    assert told.to == [reader.person.email] and "Admin" in told.body
    back = client.post(path, {"roles": ["reader"], "review": "1"}).content.decode()
    assert "Removed permissions:" in back and "New permissions:" not in back


def test_of_two_admins_who_change_roles_the_second_learns_of_the_first(web, world):
    client, reader = web("customer.admin"), world.operator("customer.reader")
    path = f"/operators/{reader.public_id}/roles/"
    seen = re.search(r'name="seen" value="(\w+)"', client.get(path).content.decode())[1]
    reader.roles = [Role.ADMIN]
    reader.save()
    page = client.post(path, {"roles": ["reader"], "seen": seen}).content.decode()
    reader.refresh_from_db()
    assert "Current values" in page and reader.roles == [Role.ADMIN]
    again = re.search(r'name="seen" value="(\w+)"', page)[1]
    assert client.post(path, {"roles": ["reader"], "seen": again}).status_code == 302
    assert client.post(path, {"roles": ["reader"], "seen": seen}).status_code == 302, "nothing would change"


def test_a_removed_person_is_out_at_once_and_is_told(web, world):
    theirs, reader = web("customer.reader"), world.operator("customer.reader")
    assert world.customer.name in page_of(theirs, "/account/")
    mails.sent().clear()
    web("customer.admin").post(f"/operators/{reader.public_id}/remove/")
    assert theirs.get("/account/")["Location"].startswith("/organizations/new/")
    [told] = mails.sent()
    assert told.to == [reader.person.email] and world.customer.name in told.subject


def test_who_leaves_is_not_told_of_themselves_by_name(web, world):
    for who, removed, said in (
        ("partner.admin", "partner.reader", f"{world.person('partner.reader')} no longer acts for {world.partner}."),
        ("customer.admin", "customer.admin", f"You no longer act for {world.customer}."),
    ):
        Operator.objects.filter(pk=world.operator("customer.reader").pk).update(roles=[Role.ADMIN])
        answer = web(who).post(f"/operators/{world.operator(removed).public_id}/remove/")
        assert [str(message) for message in get_messages(answer.wsgi_request)] == [said]


def test_the_rules_of_every_app_are_in_the_guide():
    from importlib import import_module

    tables = [import_module(f"{app}.policies").ROLE_TABLE for app in APPS]
    assert len(list_permission_rules()) == sum(len(table) for table in tables)


@pytest.mark.promise("CV-16", "CV-17")
@pytest.mark.parametrize(("kind", "roles"), [("partner", 4), ("customer", 2), ("vendor", 2), ("publisher", 2)])
def test_each_role_of_a_kind_is_described(kind, roles):
    described = {about.role: about for about in describe_roles_of_kind(kind)}
    assert len(described) == roles and all(str(about.summary) for about in described.values())
    admin, reader = described[Role.ADMIN], described[Role.READER]
    assert "Change another operator’s roles" in map(str, admin.can)
    assert "Change another operator’s roles" in map(str, reader.cannot)
    assert set(map(str, reader.can)) < set(map(str, admin.can)) and reader.cannot


def test_finance_sight_is_among_what_changes():
    [gained] = compare_roles("partner", ["reader"], ["reader"], finance_before=False, finance_after=True).gained
    assert str(gained).startswith("See customers’ orders and prices")
    change = compare_roles("partner", ["reader"], ["admin_agent"], finance_before=True, finance_after=True)
    assert gained not in change.gained + change.lost
    lost = compare_roles("partner", ["admin_agent"], ["reader"], finance_before=False, finance_after=False).lost
    assert gained in lost


@pytest.mark.parametrize(
    ("kind", "shown", "hidden", "roles"),
    [
        ("vendor", "Assign account managers", "Get the invitation link", 2),
        ("distributor", "Change another operator", "Assign account managers", 4),
    ],
)
def test_who_can_do_what_is_drawn_for_each_kind(kind, shown, hidden, roles, web):
    table = table_of(web("customer.reader"), "/help/roles/", kind=kind)
    assert shown in table and hidden not in table
    assert ">Sales agent</th>" in table if roles == 4 else ">Sales agent</th>" not in table
    assert ">Sales agent</th>" not in table_of(web("customer.reader"), "/help/roles/", kind="no kind")

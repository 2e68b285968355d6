"""Accept, end, connect again, replace the link: by whom, in which state, and what follows at once."""

import pytest

from connections import actions, queries
from connections.actions import accept_invitation, end_connection, replace_invitation_link
from connections.models import Connection, Portfolio
from entitlements.models import CustomerListing, Entitlement, Order
from notifications.actions.outbox import write_due_notices
from notifications.models import Event, Notice
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused, Conflict, DomainError, InvalidInput, NotFound
from partnerportal.lib.scopes import ALL
from tests.conftest import _current, _enter


@pytest.fixture
def accept(world, actor_for, as_tenant):
    def run(who, partner="partner"):
        actor = actor_for(who)
        token = world.token(partner) if partner != "unknown" else "no-such-token"
        with as_tenant(actor):
            return accept_invitation(actor=actor, token=token, scopes=ALL)

    return run


@pytest.fixture
def end(world, actor_for, as_tenant):
    def run(who, customer="customer", partner="partner"):
        actor, connection = actor_for(who), world.connection(customer, partner)
        with as_tenant(actor):
            return end_connection(actor=actor, connection=connection)

    return run


def seen_by(world, who):
    return {world.names[pk] for pk in Portfolio.objects.filter(viewer=world[who]).values_list("subject", flat=True)}


@pytest.mark.promise("CC-11")
def test_accepting_connects_and_shows_the_customer_at_once(accept, world):
    connection, is_new = accept("stranger.admin")
    assert is_new
    assert (connection.partner, connection.customer) == (world.partner, world.stranger)
    assert (connection.partner_name, connection.customer_name) == (world.partner.name, world.stranger.name)
    assert "stranger" in seen_by(world, "partner")
    assert "stranger" in seen_by(world, "distributor")
    event = Event.objects.latest("pk")
    assert (event.kind, event.organization_id, event.counterpart_id) == (
        "connection.established",
        world.stranger.pk,
        world.partner.pk,
    )


def test_accepting_again_changes_nothing(accept, world):
    before = Event.objects.count()
    connection, is_new = accept("customer.admin")
    assert (connection, is_new) == (world.connection("customer", "partner"), False)
    assert Event.objects.count() == before


@pytest.mark.promise("E-2")
@pytest.mark.parametrize(
    ("who", "partner", "error", "code"),
    [
        ("stranger.reader", "partner", ActionRefused, "wrong_role"),
        ("partner2.sales_agent", "partner", ActionRefused, "wrong_role"),
        ("vendor.admin", "partner", ActionRefused, "wrong_kind"),
        ("nobody", "partner", ActionRefused, "no_organization"),
        ("partner.admin", "partner", InvalidInput, "own_link"),
        ("stranger.admin", "lapsed", Conflict, "partner_not_active"),
        ("stranger.admin", "nobadge", Conflict, "partner_not_active"),
        ("stranger.admin", "unknown", NotFound, "unknown_invitation"),
    ],
)
def test_who_may_not_accept_and_why(accept, who, partner, error, code):
    before = Connection.objects.count()
    with pytest.raises(error) as refused:
        accept(who, partner)
    assert refused.value.code == code
    assert Connection.objects.count() == before


@pytest.mark.promise("E-2")
@pytest.mark.parametrize("who", ["publisher.admin", "distributor2.admin", "partner2.admin"])
def test_every_kind_but_the_vendor_may_be_a_customer(accept, who):
    assert accept(who)[1]


@pytest.mark.promise("CC-18", "CC-29")
@pytest.mark.parametrize("who", ["customer.admin", "partner.admin"])
def test_ending_from_either_side_takes_the_sight_away_at_once(end, world, who):
    connection = end(who)
    assert connection.state == Connection.State.ENDED
    assert connection.ended_by == world[who.partition(".")[0]]
    assert seen_by(world, "partner") == {"partner", "customer2"}
    assert "customer" not in seen_by(world, "distributor")
    for model in (Entitlement, Order, CustomerListing):
        rows = model.objects.filter(customer=world.customer).visible_to(world.actor("partner.admin"))
        assert not rows.exists()


def test_ending_leaves_the_other_partners_alone(end, world):
    end("customer2.admin", "customer2", "partner")
    assert seen_by(world, "partner2") == {"partner2", "customer2"}
    assert "customer2" in seen_by(world, "distributor2")
    assert "customer2" not in seen_by(world, "distributor")


@pytest.mark.parametrize(
    ("who", "error"),
    [
        ("customer.reader", ActionRefused),
        ("partner.sales_agent", ActionRefused),
        ("stranger.admin", NotFound),
        ("partner2.admin", NotFound),
        ("distributor.admin", NotFound),  # sees the customer, and is no side of the connection
        ("vendor.admin", NotFound),
        ("nobody", DomainError),
    ],
)
def test_who_may_not_end(end, world, who, error):
    with pytest.raises(error):
        end(who)
    assert world.connection("customer", "partner").state == Connection.State.ACTIVE


def test_ending_twice_says_so(end, world):
    end("customer.admin")
    with pytest.raises(Conflict) as refused:
        end("partner.admin")
    assert refused.value.code == "state_changed"


@pytest.mark.promise("CC-45", "E-3")
def test_connecting_again_is_a_new_row_and_history_stays(accept, end, world):
    end("customer.admin")
    again, is_new = accept("customer.admin")
    assert is_new
    rows = Connection.objects.filter(partner=world.partner, customer=world.customer).order_by("pk")
    assert [row.state for row in rows] == ["ended", "active"]
    assert rows[1] == again
    assert "customer" in seen_by(world, "partner")
    assert queries.count_accepting_customers(world.actor("partner.reader")) == 3  # each customer once, ended ones too


@pytest.mark.promise("CC-21", "CC-22", "CC-23")
def test_each_side_is_told_what_the_other_did(accept, end, world):
    end("customer.admin")
    end("partner.admin", "customer2")
    accept("stranger.admin")
    last = Event.objects.order_by("-pk")[:3]
    write_due_notices()
    told = Notice.objects.filter(event__in=[e.pk for e in last]).values_list("kind", "recipient_id")
    assert {(kind, world.names[pk]) for kind, pk in told} == {
        ("customer_ended", "partner"),
        ("partner_ended", "customer2"),
        ("customer_connected", "partner"),
    }


def test_news_of_a_customer_goes_out_of_sight_with_it(end, world, actor_for):
    about = Notice.objects.filter(about_id=world.customer.pk)
    assert about.visible_to(actor_for("partner.admin")).exists()
    end("customer.admin")
    assert not about.visible_to(actor_for("partner.admin")).exists()
    assert about.visible_to(actor_for("customer.admin")).exists()


@pytest.mark.promise("CC-43")
def test_a_replaced_link_stops_and_the_reason_is_kept(accept, world):
    old = world.token("partner")
    link = replace_invitation_link(actor=Actor.system("staff"), partner=world.partner, reason=" printed on a poster ")
    assert link.token != old
    event = Event.objects.latest("pk")
    assert (event.kind, event.note) == ("invitation_link.replaced", "printed on a poster")
    with pytest.raises(NotFound):
        accept_invitation(actor=world.actor("stranger.admin"), token=old, scopes=ALL)
    assert accept("stranger.admin")[1]


def test_a_link_that_is_replaced_while_somebody_accepts_is_unknown(accept, world, monkeypatch):
    """The token is read, and replaced before the connection is written: the policy then refuses the connection."""
    staff = _current()

    def replaces(actor):
        tenant = _current()
        _enter(staff)
        replace_invitation_link(actor=Actor.system("staff"), partner=world.partner, reason="abuse")
        _enter(tenant)

    monkeypatch.setattr(actions, "_keep_to_the_limit", replaces)
    with pytest.raises(NotFound):
        accept("stranger.admin")
    assert not Connection.objects.filter(customer=world.stranger, partner=world.partner).exists()


@pytest.mark.promise("CC-43")
@pytest.mark.parametrize(
    ("who", "reason", "code"), [("partner.admin", "x", "not_vendor_staff"), (None, " ", "reason_required")]
)
def test_replacing_needs_vendor_staff_and_a_reason(world, who, reason, code):
    actor = world.actor(who) if who else Actor.system()
    with pytest.raises(DomainError) as refused:
        replace_invitation_link(actor=actor, partner=world.partner, reason=reason)
    assert refused.value.code == code


def test_the_holder_of_a_link_sees_who_invites(world, actor_for, as_tenant):
    token, name, anonymous = world.token("partner"), world.partner.name, actor_for("anonymous")
    with as_tenant(anonymous):
        found = queries.get_invitation(anonymous, token)
        assert (found.partner_name, found.is_open) == (name, True)
        assert [badge.program for badge in found.badges] == ["csp", "service_provider"]
        with pytest.raises(NotFound):
            queries.get_invitation(anonymous, token + "x")

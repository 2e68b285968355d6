"""Whoever is faster: one live connection per pair, one event per change, and sight that follows.

With test_operators, 205 rounds of a long run have sixteen threads: double accept, accept against end, the last Admin.
"""

from functools import partial
from itertools import pairwise

import pytest

from accounts.models import Organization
from connections.actions import accept_invitation, change_connection_sharing, end_connection
from connections.models import Connection, Portfolio
from entitlements.actions.trials import make_entitlement_event
from entitlements.events import EntitlementEventKind
from notifications.actions.outbox import write_due_notices
from notifications.actions.recording import record_events
from notifications.models import Event, Notice
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict
from partnerportal.lib.scopes import ALL, Scope
from tests.counts import count
from tests.portfolio import differences

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]


def accept(actor, token):
    return actor, lambda: accept_invitation(actor=actor, token=token, scopes=ALL)


def end(actor, connection):
    return actor, lambda: end_connection(actor=actor, connection=connection)


def share(actor, connection, scopes):
    return actor, lambda: change_connection_sharing(actor=actor, connection=connection, scopes=scopes)


def live():
    return Connection.objects.active()


def events(kind):
    return Event.objects.filter(kind=f"connection.{kind}").count()


def test_sixteen_accepts_make_one_connection(cast, race):
    stranger, token = cast.actor("stranger.admin"), cast.token("partner")
    for _round in range(count(75)):
        before = events("established")
        results = race.run([accept(stranger, token)] * 16)
        connection = live().get(customer=cast.stranger)
        assert [c for c, _is_new in results] == [connection] * 16
        assert sum(is_new for _c, is_new in results) == 1
        assert events("established") == before + 1
        assert differences() == []
        end_connection(actor=stranger, connection=connection)


def test_accepting_against_ending(cast, race):
    customer, partner = cast.actor("customer.admin"), cast.actor("partner.admin")
    token = cast.token("partner")
    for _round in range(count(60)):
        connection, _is_new = accept_invitation(actor=customer, token=token, scopes=ALL)
        news = events("established") - events("ended")
        results = race.run(
            [accept(customer, token)] * 8 + [end(customer, connection)] * 4 + [end(partner, connection)] * 4
        )
        ended = [r for r in results[8:] if not isinstance(r, Conflict)]
        assert [c.pk for c in ended] == [connection.pk]
        refused = [r for r in results[:8] if isinstance(r, Exception)]
        assert {r.code for r in refused} <= {"state_changed"}
        alive = live().filter(customer=cast.customer, partner=cast.partner).count()
        made = sum(is_new for _c, is_new in (r for r in results[:8] if not isinstance(r, Exception)))
        assert alive == made <= 1
        assert events("established") - events("ended") == news - 1 + made
        assert differences() == []


def test_two_partners_of_one_distributor_share_the_sight(cast, race):
    """The distributor's row for the customer has two reasons that come and go at the same moment."""
    Organization.objects.filter(pk=cast.partner2.pk).update(parent=cast.distributor)
    stranger = cast.actor("stranger.admin")
    tokens = cast.token("partner"), cast.token("partner2")
    seen = Portfolio.objects.filter(viewer=cast.distributor, subject=cast.stranger)
    for _round in range(count(20)):
        results = race.run([accept(stranger, token) for token in tokens])
        assert differences() == []
        assert seen.exists()
        first, second = (connection for connection, _is_new in results)
        if _round % 2:
            race.run([end(stranger, first), end(cast.actor("partner2.admin"), second)])
            assert differences() == []
        else:
            race.run([end(stranger, first), accept(stranger, tokens[0])])
            assert differences() == []
            for connection in live().filter(customer=cast.stranger):
                end_connection(actor=stranger, connection=connection)
        assert not seen.exists()


def test_moving_a_partner_while_a_customer_comes_and_goes(cast, race):
    """Vendor staff give the partner another distributor just as a customer accepts or leaves."""
    stranger, staff = cast.actor("stranger.admin"), Actor.system("staff")
    for turn in range(count(20)):
        current = live().filter(customer=cast.stranger).first()
        action = end(stranger, current) if current else accept(stranger, cast.token("partner"))
        parent = (cast.distributor2, cast.distributor)[turn % 2]
        race.run([action, (staff, partial(Organization.objects.filter(pk=cast.partner.pk).update, parent=parent))])
        assert differences() == []


def test_telling_while_the_connection_ends(cast, race):
    """News of a customer is written for the partner at the moment that the customer leaves."""
    stranger, worker = cast.actor("stranger.admin"), Actor.system("worker")
    for _round in range(count(20)):
        connection, _is_new = accept_invitation(actor=stranger, token=cast.token("partner"), scopes=ALL)
        race.run([end(stranger, connection), (worker, write_due_notices), (worker, write_due_notices)])
        assert differences() == []
        assert not Notice.objects.visible_to(cast.actor("partner.admin")).filter(about_id=cast.stranger.pk).exists()


@pytest.mark.promise("E-14")
def test_sharing_is_changed_from_two_tabs_while_somebody_ends_it(cast, race):
    """The newest consent holds, each change is one event with what was before it, and after the end nothing is seen."""
    customer, partner = cast.actor("customer.admin"), cast.actor("partner.admin")
    chosen = [Scope.ACCOUNT, Scope.ACCOUNT | Scope.ENTITLEMENTS, Scope.ACCOUNT | Scope.USAGE]
    for turn in range(count(20)):
        connection, _is_new = accept_invitation(actor=customer, token=cast.token("partner"), scopes=ALL)
        first = connection.consents.get().scopes
        ends = [end(partner, connection)] * (turn % 2)
        results = race.run([share(customer, connection, scopes) for scopes in chosen * 4] + ends)
        assert {r.code for r in results if isinstance(r, Exception)} <= {"state_changed"}
        connection.refresh_from_db()
        consents = list(connection.consents.order_by("pk").values_list("scopes", flat=True))
        assert connection.scopes == consents[-1]
        told = Event.objects.filter(kind="connection.sharing_changed", subject_id=connection.public_id).order_by("pk")
        assert [tuple(event.changes["scopes"]) for event in told] == [
            (Scope(before).codes, Scope(after).codes) for before, after in pairwise([first, *consents[1:]])
        ]
        assert differences() == []
        if connection.state == Connection.State.ACTIVE:
            end_connection(actor=customer, connection=connection)
        assert not Portfolio.objects.filter(viewer=cast.partner, subject=cast.customer).exists()


@pytest.mark.promise("E-14")
def test_telling_while_less_is_shared(cast, race):
    """News of a customer's services is written for the partner at the moment that the customer keeps them back."""
    customer, worker = cast.actor("customer.admin"), Actor.system("worker")
    connection = cast.connection("customer", "partner")
    service = cast.customer.entitlements.first()
    seen = Notice.objects.filter(about_id=cast.customer.pk, kind="entitlement_changed")
    for turn in range(count(20)):
        scopes = (ALL, ALL & ~Scope.ENTITLEMENTS)[turn % 2]
        record_events([make_entitlement_event(EntitlementEventKind.CHANGED, worker, service)])
        race.run([share(customer, connection, scopes), (worker, write_due_notices), (worker, write_due_notices)])
        assert differences() == []
        assert seen.visible_to(cast.actor("partner.admin")).exists() is bool(turn % 2 == 0 and seen.exists())

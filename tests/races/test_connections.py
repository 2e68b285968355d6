"""Whoever is faster: one live connection per pair, one event per change, and sight that follows.

With test_operators, 205 rounds of a long run have sixteen threads: double accept, accept against end, the last Admin.
"""

from functools import partial

import pytest

from accounts.models import Organization
from connections.actions import accept_invitation, end_connection
from connections.models import Connection, Portfolio
from notifications.actions import fan_out_due
from notifications.models import Event, Notice
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict
from partnerportal.lib.scopes import ALL
from tests.counts import count
from tests.portfolio import differences

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]


def accept(actor, token):
    return actor, lambda: accept_invitation(actor=actor, token=token, scopes=ALL)


def end(actor, connection):
    return actor, lambda: end_connection(actor=actor, connection=connection)


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
        race.run([end(stranger, connection), (worker, fan_out_due), (worker, fan_out_due)])
        assert differences() == []
        assert not Notice.objects.visible_to(cast.actor("partner.admin")).filter(about_id=cast.stranger.pk).exists()

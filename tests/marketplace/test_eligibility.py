"""May this partner sell this plan to this customer: what the rules say about the cast."""

from typing import Any

import pytest

from marketplace.models import Plan
from marketplace.queries.eligibility import annotate_failed_rules, get_prospective_sale

pytestmark = pytest.mark.django_db


def failed_rules(actor: Any, partner: Any, plan: Any, **of: Any) -> list[str]:
    sale = get_prospective_sale(actor, partner, **of)
    (row,) = annotate_failed_rules(Plan.objects.visible_to(actor).filter(pk=plan.pk), actor, sale)
    return row.failed_rules


def test_smoke(world: Any, actor_for: Any, as_tenant: Any) -> None:
    plan = Plan.objects.get(offer__code="backup", code="basic")
    monitor = Plan.objects.get(offer__code="monitor", code="basic")
    actor = actor_for("partner.admin")
    with as_tenant(actor):
        assert failed_rules(actor, world.partner, plan, customer=world.customer) == []
        assert failed_rules(actor, world.partner, monitor, customer=world.customer) == ["no_price"]
        assert failed_rules(actor, world.partner, plan, country="JP") == ["outside_market"]

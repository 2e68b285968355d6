"""A SKU that goes to another publisher while products are counted: nobody keeps figures of what is not theirs."""

from functools import partial

import pytest

from entitlements.actions.publishers import set_sku_publisher
from entitlements.models import Sku, SkuPublisher
from marketplace.actions.products import count_products
from marketplace.models import Product, ProductFigure
from partnerportal.lib.actors import Actor
from tests.counts import count
from tests.marketplace.test_products import make_customers, this_month, use
from tests.races.conftest import Race
from tests.world import World

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]


def test_a_sku_that_moves_while_it_is_counted(cast: World, race: Race) -> None:
    sku = Sku.objects.create(code="GATE", service="Gateway", name="Gateway Standard")
    use(sku, make_customers(5, "DE"), this_month())
    staff, system = cast.actor("vendor.admin"), Actor.system("test")
    for _round in range(count(20)):
        moves = [partial(set_sku_publisher, actor=staff, sku=sku, publisher=who) for who in (None, cast.publisher) * 3]
        race.run([(staff, move) for move in moves] + [(system, partial(count_products, actor=system))] * 4)
        owners = SkuPublisher.objects.filter(sku=sku).values("publisher")
        assert not Product.objects.filter(sku=sku).exclude(publisher__in=owners).exists()
        assert not ProductFigure.objects.filter(product__sku=sku).exclude(publisher__in=owners).exists()
    set_sku_publisher(actor=staff, sku=sku, publisher=cast.publisher)
    count_products(actor=system)
    seats = ProductFigure.objects.filter(product__sku=sku, measure="seats", month=this_month())
    assert [(row.country, row.amount) for row in seats] == [("DE", 50)]

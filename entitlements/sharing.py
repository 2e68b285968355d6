"""The words for what a connection shares of this app, on the page that asks whether to end it."""

from django.utils.translation import ngettext

from entitlements.models import Entitlement, Order
from partnerportal.lib import formats
from partnerportal.lib.days import today


def count_shared(customer_id: int) -> list[str]:
    """Return in words how many active services and how many orders of the customer are shared. Zeros are left out.
    The caller sees the customer, and row-level security holds here too.
    """
    live = Entitlement.objects.filter(customer=customer_id, state=Entitlement.State.ACTIVE)
    services = live.exclude(ends_on__lt=today()).count()
    orders = Order.objects.filter(customer=customer_id).count()
    words = [
        (services, ngettext("%(number)s active service", "%(number)s active services", services)),
        (orders, ngettext("%(number)s order", "%(number)s orders", orders)),
    ]
    return [text % {"number": formats.number(count)} for count, text in words if count]

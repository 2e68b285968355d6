"""What a customer can share of this app, and how much there is of it, in words."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from connections.consent import ShareableScope
from entitlements.models import Entitlement, Order
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.scopes import Scope

OFFERED = (
    ShareableScope(
        scope=Scope.ENTITLEMENTS,
        label=_("Services and licences"),
        shows=_(
            "Services, trials and their requests; how many licences are purchased and assigned today; overage; "
            "when each service ends."
        ),
    ),
    ShareableScope(
        scope=Scope.USAGE,
        label=_("Usage"),
        shows=_(
            "How many users are active by day and month, trends of licences over time, and unusual usage. "
            "No individual user is ever shown."
        ),
    ),
    ShareableScope(
        scope=Scope.ORDERS, label=_("Orders"), shows=_("What was ordered and when, with quantities and prices.")
    ),
)


def describe_shared_records(actor: Actor, customer_id: int) -> list[str]:
    """Return how many active services and orders of a customer the actor sees, in words: "3 active services".

    A kind of which there are none is left out.
    """
    live = Entitlement.objects.visible_to(actor).filter(customer=customer_id, state=Entitlement.State.ACTIVE)
    services = live.exclude(ends_on__lt=today()).count()
    orders = Order.objects.visible_to(actor).filter(customer=customer_id).count()
    words = [
        (services, ngettext("%(number)s active service", "%(number)s active services", services)),
        (orders, ngettext("%(number)s order", "%(number)s orders", orders)),
    ]
    return [text % {"number": formats.format_number(count)} for count, text in words if count]

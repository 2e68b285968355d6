"""Queries over what happened to customers: the log, and what the data says besides."""

from django.db.models import Q
from django.utils import timezone

from entitlements.models import Moment
from entitlements.models.moment import MomentQuerySet
from partnerportal.lib.actors import Actor


def list_customer_moments(actor: Actor, customer_id: int | None) -> MomentQuerySet:
    """Return the events of a customer and what its data says of the past, as far as the actor may see both, unordered.

    `customer_id` is the customer's primary key. Days to come, such as that of an end, are no moments yet.
    """
    about = Q(customer_id=customer_id) | Q(organization_id=customer_id) | Q(counterpart_id=customer_id)
    moments: MomentQuerySet = Moment.objects.visible_to(actor).filter(about, at__lte=timezone.now())
    return moments

"""The models of what customers ordered (CC-27): facts from the vendor's feed."""

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Q
from django.db.models.functions import Cast, JSONObject
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationKind
from partnerportal.lib.actors import Actor
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.scopes import Scope
from partnerportal.lib.visible_rows import TenantQuerySet


class OrderQuerySet(TenantQuerySet):
    """A queryset of orders: an actor sees its own and those of customers that share theirs with it."""

    def rows_for(self, actor: Actor) -> "OrderQuerySet":
        """Return the orders of the actor's organisation and of customers that share theirs with it.

        The vendor's staff see all, because the orders were placed with the vendor, if they see finance (E-13).
        """
        if actor.organization_kind == OrganizationKind.VENDOR and actor.sees_finance:
            return self.all()
        return self.filter(customer__in=actor.reach(Scope.ORDERS))

    def annotate_order_lines(self) -> "OrderQuerySet":
        """Add `line_facts` to each order: a list of its lines as dictionaries, which comes in the same query.

        Amounts in it are text, because floats lose cents.
        """
        lines = OrderLine.objects.filter(order=models.OuterRef("pk")).order_by("position")
        price = Cast("unit_price", models.TextField())
        facts = JSONObject(
            position="position", sku="sku__code", name="sku__name", quantity="quantity", unit_price=price
        )
        return self.annotate(line_facts=ArraySubquery(lines.values(json=facts)))


class Order(PublicIdModel):
    """An order that a customer has placed, as the vendor's feed reports it."""

    class State(models.TextChoices):
        """The state of an order, as the vendor's feed reports it."""

        OPEN = "open", _("Open")
        FULFILLED = "fulfilled", _("Fulfilled")
        CANCELLED = "cancelled", _("Cancelled")

    customer = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="orders")
    number = models.CharField(max_length=40, unique=True)  # also its key in the feed
    placed_on = models.DateField()
    state = models.CharField(max_length=10, choices=State)
    currency = models.CharField(max_length=3)  # ISO 4217
    total = models.DecimalField(max_digits=14, decimal_places=2)

    objects = OrderQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=["customer", "-placed_on", "-id"], name="order_by_customer"),)
        constraints = (models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="order_currency_shape"),)

    def __str__(self) -> str:
        return self.number


class OrderLineQuerySet(TenantQuerySet):
    """A queryset of order lines: an actor sees the lines of the orders that it sees."""

    def rows_for(self, actor: Actor) -> "OrderLineQuerySet":
        """Return the lines of the orders that the actor may see."""
        return self.filter(order__in=Order.objects.visible_to(actor).values("pk"))


class OrderLine(models.Model):
    """A line of an order: how many of one SKU, and the price of one in the order's currency."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    sku = models.ForeignKey("entitlements.Sku", models.PROTECT)
    quantity = models.PositiveIntegerField()
    unit_price = models.DecimalField(max_digits=12, decimal_places=2)

    objects = OrderLineQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["order", "position"], name="order_line_once"),)

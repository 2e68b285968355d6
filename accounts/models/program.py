"""Partner programmes, and which organisations are members of them from when to when (CC-3…CC-5)."""

import datetime as dt

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models.organization import make_visible_organization_condition
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.visible_rows import TenantQuerySet


class ProgramFeature(models.TextChoices):
    """A feature that an active programme membership may grant to its organisation."""

    CUSTOMER_DASHBOARD = "customer_dashboard", _("Customer dashboard")
    FEDERATED_DOMAINS = "federated_domains", _("Federated domains")
    MARKETPLACE_PURCHASE = "marketplace_purchase", _("Buying on the marketplace")


class Program(models.Model):
    """A programme of the vendor, of which organisations become members.

    The catalogue of programmes is the same for everyone, so no tenant owns it.
    """

    code = models.SlugField(unique=True)
    name = models.CharField(max_length=120)  # a proper name, so it is the same in every language
    grants = ArrayField(models.CharField(max_length=40, choices=ProgramFeature))

    def __str__(self) -> str:
        return self.name


def make_running_condition(day: dt.date) -> Q:
    """Return the condition for memberships that run on a day: from the first to the last, both included."""
    return Q(starts_on__lte=day) & (Q(ends_on=None) | Q(ends_on__gte=day))


class ProgramMembershipQuerySet(TenantQuerySet):
    """A queryset of programme memberships: an actor sees the memberships of organisations that it sees."""

    def rows_for(self, actor: Actor) -> "ProgramMembershipQuerySet":
        return self.filter(make_visible_organization_condition(actor, "organization"))

    def active(self, day: dt.date | None = None) -> "ProgramMembershipQuerySet":
        """Return the memberships that run on a day, which is counted in UTC and is today by default.

        A membership runs on its first and on its last day too.
        """
        return self.filter(make_running_condition(day or today()))


class ProgramMembership(models.Model):
    """An organisation's membership of a programme, from its first day to its last, or without end."""

    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="memberships")
    program = models.ForeignKey(Program, models.PROTECT)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)

    objects = ProgramMembershipQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["ends_on", "id"], name="membership_ending", condition=Q(ends_on__isnull=False)),
        )
        constraints = (
            models.CheckConstraint(condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="membership_dates"),
            models.UniqueConstraint(fields=["organization", "program", "starts_on"], name="membership_once_per_start"),
        )

"""The listing of who may resell: a narrow row for each member of the CSP programme, which the picker searches."""

import datetime as dt

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Value

from accounts.models import OrganizationKind
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.visible_rows import TenantQuerySet


class DateMultirangeField(models.Field):
    """Periods of days, as a datemultirange of PostgreSQL. Triggers write it, and conditions read it."""

    def db_type(self, connection: object) -> str:
        return "datemultirange"


class ResellerListingQuerySet(TenantQuerySet):
    """A queryset of the listing, which publishers see, because they choose among its organisations, and the vendor."""

    finds_keys_first = True  # for keyset pages: what is looked up of each row is looked up for the page alone

    def rows_for(self, actor: Actor) -> "ResellerListingQuerySet":
        if actor.organization_kind in (OrganizationKind.VENDOR, OrganizationKind.PUBLISHER):
            return self.all()
        return self.none()

    def active(self, day: dt.date | None = None) -> "ResellerListingQuerySet":
        """Return the organisations that may resell on a day (UTC, today by default) and are not suspended."""
        runs = Func(
            F("periods"), Value(day or today(), models.DateField()), arg_joiner=" @> ", template="(%(expressions)s)"
        )
        runs.output_field = models.BooleanField()
        return self.annotate(runs=runs).filter(runs=True, is_suspended=False)


class ResellerListing(models.Model):
    """A partner or distributor that is or was a member of a programme that lets it buy on the marketplace.

    Triggers keep it beside its organisation, memberships and qualifications (migration 0004), because row-level
    security would otherwise look at each of 100,000 organisations for a search.
    """

    organization = models.OneToOneField("accounts.Organization", models.CASCADE, related_name="+", db_constraint=False)
    public_id = models.UUIDField(unique=True)
    name = models.CharField(max_length=200)
    name_folded = models.CharField(max_length=400)
    partner_id = models.CharField(max_length=12)
    tenant_id = models.UUIDField(unique=True)
    kind = models.CharField(max_length=16)
    country = models.CharField(max_length=2)
    parent = models.ForeignKey(
        "accounts.Organization", models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    is_suspended = models.BooleanField()
    competencies = ArrayField(models.BigIntegerField())
    skills = ArrayField(models.BigIntegerField())
    periods = DateMultirangeField()

    objects = ResellerListingQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=["name_folded", "organization"], name="reseller_by_name"),)

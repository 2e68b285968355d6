"""How much of what they pay for customers use: totals of a day and of a month, never who (CC-24, CC-32)."""

import datetime as dt

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from entitlements.models.entitlement import Sku
from partnerportal.lib.actors import Actor
from partnerportal.lib.scoping import TenantQuerySet

WEEKS_SHOWN = 16  # in the spark of a list
# Days of which the ingest keeps what it would say of each, so that a new day leaves the others alone: the shares of the
# weeks shown, what was assigned in the thirteen weeks of the pace, who was active 28 days before.
SHARES_KEPT, ASSIGNED_KEPT, ACTIVE_KEPT = 7 * WEEKS_SHOWN, 7 * 12 + 1, 28 + 1
KEPT = {"shares": SHARES_KEPT, "assigned_totals": ASSIGNED_KEPT, "active_totals": ACTIVE_KEPT}  # days, the latest last

# A moment that was not looked at, earlier or later: what was begun earlier may be written later.
TO_CHECK = Q(checked_at=None) | Q(checked_at__lt=F("updated_at")) | Q(checked_at__gt=F("updated_at"))


class UsageQuerySet(TenantQuerySet):
    def scope(self, actor: Actor) -> "UsageQuerySet":
        return self.filter(customer__in=actor.reach)  # oneself is in it


class UsageFigures(models.Model):
    """What is told of one customer's use of one SKU. People are in it as numbers only."""

    # The ingest checks both keys as facts come in: two checks by the database for each row cost more than the row.
    customer = models.ForeignKey(
        "accounts.Organization", models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    sku = models.ForeignKey(Sku, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    purchased = models.PositiveIntegerField()
    assigned = models.PositiveIntegerField()  # more than purchased is overage
    newly_assigned = models.PositiveIntegerField()  # of those assigned, in this month; the others were previously

    objects = UsageQuerySet.as_manager()

    class Meta:
        abstract = True


class UsageDay(UsageFigures):
    """One UTC day, as the vendor counted it. Partitioned by month; `usage_partition(day)` makes room.

    `daily_*` were active in the last 24 hours, `monthly_*` in the last 30 days: unique users and unique devices. How
    they count is in `entitlements.counting`.
    """

    pk = models.CompositePrimaryKey("customer_id", "sku_id", "day")
    day = models.DateField()
    daily_users = models.PositiveIntegerField()
    daily_devices = models.PositiveIntegerField()
    monthly_users = models.PositiveIntegerField()
    monthly_devices = models.PositiveIntegerField()
    peak_concurrent = models.PositiveIntegerField()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(newly_assigned__lte=F("assigned")), name="usage_day_newly_of_assigned"),
        )


class UsageMonth(UsageFigures):
    """A month as pages show it, from its days: the totals of the last one, the peak of all.

    Written by the ingest for the months it touched; `manage.py rebuild_usage --check` holds it to the days.
    """

    pk = models.CompositePrimaryKey("customer_id", "sku_id", "month")
    month = models.DateField()  # its first day
    last_day = models.DateField()  # the latest day that was reported
    days = models.PositiveSmallIntegerField()  # how many were
    monthly_active = models.PositiveIntegerField()
    daily_active_peak = models.PositiveIntegerField()


class CustomerUsage(models.Model):
    """What lists and summaries say of one customer's use: a row for each customer that has reported days.

    `weeks` are the shares assigned of the last sixteen weeks in percent, oldest first, -1 where nothing was reported.
    The last three columns are the same for weeks that end on any day: only the ingest reads them.
    """

    customer = models.OneToOneField("accounts.Organization", models.CASCADE, primary_key=True, related_name="+")
    as_of = models.DateField()  # the latest day that was reported
    updated_at = models.DateTimeField()  # when it came in
    checked_at = models.DateTimeField(null=True)  # for anomalies: the `updated_at` that was looked at
    purchased = models.PositiveBigIntegerField()
    assigned = models.PositiveBigIntegerField()
    overage = models.PositiveBigIntegerField(default=0)  # of each SKU on its own
    monthly_active = models.PositiveBigIntegerField()
    assigned_before = models.PositiveBigIntegerField(null=True)  # 28 days earlier; none: too little history
    active_before = models.PositiveBigIntegerField(null=True)
    full_on = models.DateField(null=True)  # when all seats will be assigned at the present pace
    history_days = models.PositiveIntegerField()  # between the first and the latest reported day
    is_falling = models.BooleanField(default=False)  # an open anomaly says that use falls
    weeks = ArrayField(models.SmallIntegerField(), size=WEEKS_SHOWN)
    shares = ArrayField(models.SmallIntegerField(), default=list)
    assigned_totals = ArrayField(models.BigIntegerField(), default=list)
    active_totals = ArrayField(models.BigIntegerField(), default=list)

    objects = UsageQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(
                fields=["customer"],
                name="usage_to_check",
                condition=TO_CHECK,
            ),
        )


class Anomaly(models.Model):
    """A number that left its usual range, told in words with the numbers. Open until it is back in it."""

    class Metric(models.TextChoices):
        MONTHLY_ACTIVE = "monthly_active"
        ASSIGNED = "assigned"

    customer = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    sku = models.ForeignKey(Sku, models.PROTECT, related_name="+")
    metric = models.CharField(max_length=16, choices=Metric)
    found_on = models.DateField()  # the day whose number it was
    ended_on = models.DateField(null=True)
    value = models.PositiveIntegerField()
    before = models.PositiveIntegerField()  # 14 days earlier
    low = models.PositiveIntegerField()  # the usual range
    high = models.PositiveIntegerField()

    objects = UsageQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["customer", "sku", "metric"], name="anomaly_open_once", condition=Q(ended_on=None)
            ),
        )
        indexes = (models.Index(fields=["customer", "-found_on"], name="anomaly_by_customer"),)

    @property
    def is_fall(self) -> bool:
        return self.value < self.low


def month_of(day: dt.date) -> dt.date:
    return day.replace(day=1)

"""The models of how much customers use of what they pay for: totals of days and months, never people (CC-24, CC-32)."""

import datetime as dt

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy

from entitlements.models.entitlement import Sku
from partnerportal.lib.actors import Actor
from partnerportal.lib.scopes import Scope
from partnerportal.lib.visible_rows import TenantQuerySet

WEEKS_SHOWN = 16  # weeks that the small chart of a list's row shows
# For so many days the ingest keeps the sums of the week that ends on each, so that a new day leaves the others alone:
# the shares of the weeks shown, the assigned totals of the pace's thirteen weeks, the active totals of 28 days back.
SHARES_KEPT, ASSIGNED_KEPT, ACTIVE_KEPT = 7 * WEEKS_SHOWN, 7 * 12 + 1, 28 + 1
KEPT = {"shares": SHARES_KEPT, "assigned_totals": ASSIGNED_KEPT, "active_totals": ACTIVE_KEPT}  # days, the latest last


class UnusualUse(models.TextChoices):
    """The kinds of unusual use of a customer.

    `entitlements.anomalies.list_unusual_use_kinds` says when each applies.
    """

    FALLING = "falling", gettext_lazy("Falling")
    RISING = "rising", gettext_lazy("Rising")
    IDLE = "idle", gettext_lazy("Not in use")
    NEW = "new", gettext_lazy("New this week")


def make_unusual_uses_array_field() -> ArrayField:
    """Make an array field for kinds of unusual use, each at most once and in the order in which they are declared."""
    return ArrayField(models.CharField(max_length=8, choices=UnusualUse), default=list)


# Customers whose use was written since it was looked at. The two moments are compared for being different, because a
# transaction that began earlier may be written later.
TO_CHECK = Q(checked_at=None) | Q(checked_at__lt=F("updated_at")) | Q(checked_at__gt=F("updated_at"))


class UsageQuerySet(TenantQuerySet):
    """A queryset of usage rows: an actor sees its own and those of customers that share theirs with it."""

    def rows_for(self, actor: Actor) -> "UsageQuerySet":
        """Return the usage rows of the actor's organisation and of customers that share theirs with it."""
        return self.filter(customer__in=actor.reach(Scope.USAGE))


class UsageFiguresModel(models.Model):
    """The base of models with numbers of one customer's use of one SKU. The numbers count people and name none."""

    # The ingest checks both keys as facts come in, because two checks by the database cost more than the row itself.
    customer = models.ForeignKey(
        "accounts.Organization", models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    sku = models.ForeignKey(Sku, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    purchased = models.PositiveIntegerField()
    assigned = models.PositiveIntegerField()  # more than purchased is overage
    newly_assigned = models.PositiveIntegerField()  # the part of assigned that is new this month

    objects = UsageQuerySet.as_manager()

    class Meta:
        abstract = True


class UsageDay(UsageFiguresModel):
    """The use of one SKU by one customer on one UTC day, as the vendor counted it.

    The table is partitioned by month, and `usage_partition(day)` makes a partition. `daily_*` are the unique users and
    devices that were active in the last 24 hours, `monthly_*` those in the last 30 days. `entitlements.counting` says
    how they count.
    """

    pk = models.CompositePrimaryKey("customer_id", "sku_id", "day")
    day = models.DateField()
    daily_users = models.PositiveIntegerField()
    daily_devices = models.PositiveIntegerField()
    monthly_users = models.PositiveIntegerField()
    monthly_devices = models.PositiveIntegerField()
    peak_concurrent = models.PositiveIntegerField()
    free_users = models.PositiveIntegerField(null=True)  # users who are not billed; None where the feed does not say

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(newly_assigned__lte=F("assigned")), name="usage_day_newly_of_assigned"),
        )


class UsageMonth(UsageFiguresModel):
    """The use of one SKU by one customer in one month, computed from its days.

    It has the totals of the last day and the peak of all days. The ingest writes the months that it touches, and
    `manage.py rebuild_usage --check` compares them with the days.
    """

    pk = models.CompositePrimaryKey("customer_id", "sku_id", "month")
    month = models.DateField()  # its first day
    last_day = models.DateField()  # the latest day that was reported
    days = models.PositiveSmallIntegerField()  # how many days were reported
    monthly_active = models.PositiveIntegerField()
    daily_active_peak = models.PositiveIntegerField()


class CustomerUsage(models.Model):
    """A customer's use of all its licences in total, for lists and summaries. It exists from the first report on.

    `weeks` are the shares assigned of the last sixteen weeks in percent, oldest first, -1 where nothing was reported.
    `shares`, `assigned_totals` and `active_totals` are such numbers of the weeks that end on each of the last days (see
    KEPT), which only the ingest reads.
    """

    customer = models.OneToOneField("accounts.Organization", models.CASCADE, primary_key=True, related_name="+")
    as_of = models.DateField()  # the latest day that was reported
    updated_at = models.DateTimeField()  # when the ingest last wrote the row
    checked_at = models.DateTimeField(null=True)  # the `updated_at` at which anomalies were last looked for
    purchased = models.PositiveBigIntegerField()
    assigned = models.PositiveBigIntegerField()
    overage = models.PositiveBigIntegerField(default=0)  # of each SKU on its own
    monthly_active = models.PositiveBigIntegerField()
    free_users = models.PositiveBigIntegerField(null=True)  # not billed; None where the feed does not say it of any SKU
    assigned_before = models.PositiveBigIntegerField(null=True)  # 28 days earlier; None with too little history
    active_before = models.PositiveBigIntegerField(null=True)  # 28 days earlier; None with too little history
    full_on = models.DateField(null=True)  # when all seats will be assigned at the present pace; None: not, or unknown
    history_days = models.PositiveIntegerField()  # days between the first and the latest that was reported
    unusual = make_unusual_uses_array_field()  # as of the day at which anomalies were last looked for
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
    """A number of a customer's usage of a SKU that left its usual range. It is open until the number is back."""

    class Metric(models.TextChoices):
        """The numbers of usage that are checked for anomalies."""

        MONTHLY_ACTIVE = "monthly_active"
        ASSIGNED = "assigned"

    customer = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    sku = models.ForeignKey(Sku, models.PROTECT, related_name="+")
    metric = models.CharField(max_length=16, choices=Metric)
    found_on = models.DateField()  # the day whose number was unusual
    ended_on = models.DateField(null=True)
    value = models.PositiveIntegerField()
    before = models.PositiveIntegerField()  # the number of 14 days earlier
    low = models.PositiveIntegerField()  # the least number of the usual range
    high = models.PositiveIntegerField()  # the greatest number of the usual range

    objects = UsageQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["customer", "sku", "metric"], name="anomaly_open_once", condition=Q(ended_on=None)
            ),
        )
        indexes = (models.Index(fields=["customer", "-found_on"], name="anomaly_by_customer"),)

    @property
    def is_below_usual_range(self) -> bool:
        """Whether the number fell below its usual range."""
        return self.value < self.low


def get_first_day_of_month(day: dt.date) -> dt.date:
    """Return the first day of the month in which `day` lies."""
    return day.replace(day=1)

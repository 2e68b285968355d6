"""The rest of the cast's belongings: how they use what they have, and what they keep for themselves."""

import datetime as dt

from django.db import connection
from django.utils import timezone

from accounts.models import ListSettings, Organization, Person, SavedView
from entitlements.actions.releases import make_licence_release_event
from entitlements.events import EntitlementEventKind
from entitlements.models import (
    Anomaly,
    CalendarFeed,
    CustomerUsage,
    Entitlement,
    IngestToken,
    IngestUpload,
    LicenseAssignment,
    RenewalAlert,
    Sku,
    UsageDay,
    UsageMonth,
    get_first_day_of_month,
)
from entitlements.models.usage import ACTIVE_KEPT, ASSIGNED_KEPT, SHARES_KEPT
from exports.models import Export
from imports.models import Import, ImportBatch
from notifications.actions.recording import record_events
from notifications.models import MailMode, NoticePreference
from partnerportal.lib.actors import Actor
from partnerportal.lib.tokens import digest_secret

DAYS = 40
TOKEN, CALENDAR = "world-ingest-token", "world-calendar-{}"


def build(organization: Organization, *, word: str, used: str, holders: str, person: Person, asks: bool) -> None:
    """Forty days of use of its own SKU, and of one that is called `used` and that nobody used; who holds licences, and
    what `person` keeps. `asks`: for the release of one, and of another that is released by now, which it hears."""
    entitlement = Entitlement.objects.filter(customer=organization).earliest("pk")
    add_on = {"service": f"Service {used}", "name": f"Plan {used}", "kind": Sku.Kind.ADD_ON}  # which is not on trial
    _usage(organization, entitlement, Sku.objects.create(code=used, **add_on))
    kinds = LicenseAssignment.HolderKind
    for name in (*kinds.values, "released") if asks else kinds.values:
        row = LicenseAssignment.objects.create(
            customer=organization,
            sku=entitlement.sku,
            external_id=f"{word}-{name}",
            holder_kind=kinds.USER if name == kinds.USER else kinds.DEVICE,
            holder=f"{name}@{holders}.example",
            assigned_at=timezone.now() - dt.timedelta(days=60),
            last_used_at=timezone.now() - dt.timedelta(days=2),
            release_asked_at=timezone.now() if asks and name != kinds.USER else None,
            released_at=timezone.now() if name == "released" else None,
        )
        if row.released_at:
            record_events([make_licence_release_event(EntitlementEventKind.RELEASE_MARKED, Actor.system("feed"), row)])
    RenewalAlert.objects.create(entitlement=entitlement, ends_on=entitlement.ends_on, days=30)
    own = {"organization": organization, "person_id": person.pk}
    Export.objects.create(**own, list="customers", state=Export.State.FAILED, error="interrupted")
    failed = Import.objects.create(**own, kind="goods", state=Import.State.FAILED, problem=f"Problem {word}")
    ImportBatch.objects.create(source=failed, rows_before=0, results=[["new", f"Result {word}"]])
    SavedView.objects.create(**own, list_key="customers", name=f"View {word}", query={"q": "a"})
    ListSettings.objects.create(**own, list_key="customers")  # no default view: the list of most tests is the whole one
    NoticePreference.objects.create(
        organization_id=organization.pk, person_id=person.pk, kind="customer_connected", mail=MailMode.EACH
    )
    CalendarFeed.objects.create(**own, digest=digest_secret(CALENDAR.format(word)))


def build_ingest() -> None:
    """The vendor's systems belong to no organisation."""
    token = IngestToken.objects.create(name="World", digest=digest_secret(TOKEN), prefix="world")
    IngestUpload.objects.create(
        token=token, kind="usage", idempotency_key="world", fingerprint="", size=0, state=IngestUpload.State.DONE
    )


def _usage(organization: Organization, entitlement: Entitlement, unused: Sku) -> None:
    today = timezone.now().date()
    days = [today - dt.timedelta(days=back) for back in range(DAYS)]
    with connection.cursor() as cursor:
        for month in {get_first_day_of_month(day) for day in days}:
            cursor.execute("SELECT usage_partition(%s)", [month])
    same = {"customer": organization, "sku": entitlement.sku}
    seats = {"purchased": 10, "assigned": 8, "newly_assigned": 1}
    active = {"daily_users": 4, "daily_devices": 5, "monthly_users": 7, "monthly_devices": 6, "peak_concurrent": 3}
    nothing = {"customer": organization, "sku": unused, **dict.fromkeys(seats | active, 0)}
    UsageDay.objects.bulk_create([UsageDay(**same, **seats, **active, day=day) for day in days])
    UsageDay.objects.bulk_create([UsageDay(**nothing, day=day) for day in days])
    for month in sorted({get_first_day_of_month(day) for day in days}):
        of_month = [day for day in days if get_first_day_of_month(day) == month]
        UsageMonth.objects.create(
            **same, **seats, month=month, last_day=max(of_month), days=len(of_month), monthly_active=6,
            daily_active_peak=4,
        )  # fmt: skip
        UsageMonth.objects.create(
            customer=organization, sku=unused, purchased=0, assigned=0, newly_assigned=0, month=month,
            last_day=max(of_month), days=len(of_month), monthly_active=0, daily_active_peak=0,
        )  # fmt: skip
    CustomerUsage.objects.create(
        customer=organization, as_of=today, updated_at=timezone.now(), purchased=10, assigned=8, monthly_active=6,
        assigned_before=8, active_before=6, history_days=DAYS - 1, weeks=[-1] * 10 + [80] * 6,
        shares=[-1] * (SHARES_KEPT - DAYS) + [80] * DAYS, assigned_totals=[-1] * (ASSIGNED_KEPT - DAYS) + [8] * DAYS,
        active_totals=[6] * ACTIVE_KEPT,
    )  # fmt: skip
    Anomaly.objects.create(  # of the SKU that is known through usage alone
        customer=organization, sku=unused, metric=Anomaly.Metric.MONTHLY_ACTIVE, found_on=today, ended_on=today,
        value=6, before=9, low=8, high=10,
    )  # fmt: skip

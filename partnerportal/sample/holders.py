"""The holders of licences: invented people and devices of the named customers, for their own Admins to see."""

import datetime as dt
from collections.abc import Iterable
from random import Random

from accounts.models import Organization
from entitlements.models import Entitlement, LicenseAssignment

AT_MOST = 60  # holders of one service
FIRST = [
    "ada",
    "ben",
    "chloe",
    "dana",
    "eli",
    "farah",
    "gus",
    "hana",
    "ivan",
    "jade",
    "kofi",
    "lena",
    "mika",
    "nora",
    "omar",
    "pia",
    "quinn",
    "rosa",
    "sami",
    "tess",
]
LAST = [
    "adler",
    "brook",
    "castro",
    "dietz",
    "eriksen",
    "fontaine",
    "grant",
    "haas",
    "ito",
    "jansen",
    "klein",
    "lund",
    "moreau",
    "novak",
    "osei",
    "park",
]


def write_sample_licence_holders(organizations: Iterable[Organization], now: dt.datetime) -> None:
    """Store an invented user or device for each assigned seat of these organisations.

    Only active entitlements in production count, with at most AT_MOST seats each. All times lie before `now`.
    """
    keys = {organization.pk: organization for organization in organizations}
    running = Entitlement.objects.filter(customer__in=keys, state=Entitlement.State.ACTIVE, kind="production")
    LicenseAssignment.objects.bulk_create(
        _holder(keys[entitlement.customer_id], entitlement, number, now)
        for entitlement in running.order_by("pk")
        for number in range(min(entitlement.assigned, AT_MOST))
    )


def _holder(customer: Organization, entitlement: Entitlement, number: int, now: dt.datetime) -> LicenseAssignment:
    random = Random(f"{entitlement.external_id} {number}")
    is_device = random.random() < 0.12
    name = f"{FIRST[number % len(FIRST)]}.{LAST[(number * 7 + number // len(FIRST)) % len(LAST)]}"
    holder = f"{customer.country}-{random.randrange(1000, 9999)}" if is_device else f"{name}@{customer.website}"
    idle = random.choice((0.1, 0.4, 1, 2, 3, 5, 9, 20, 41, 96))  # days
    return LicenseAssignment(
        customer=customer,
        sku_id=entitlement.sku_id,
        external_id=f"{entitlement.external_id}-{number}",
        holder_kind=LicenseAssignment.HolderKind.DEVICE if is_device else LicenseAssignment.HolderKind.USER,
        holder=holder,
        assigned_at=now - dt.timedelta(days=random.randint(10, 400)),
        last_used_at=None if random.random() < 0.04 else now - dt.timedelta(days=idle),
    )

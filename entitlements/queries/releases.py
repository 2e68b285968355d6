"""Which licences the vendor is asked to release: told by the key of its feed, never by who holds them (CC-32)."""

import datetime as dt

from django.utils import timezone

from entitlements.models import LicenceRelease
from entitlements.models.release import LicenceReleaseQuerySet
from partnerportal.lib.actors import Actor

RECENTLY = dt.timedelta(days=90)


def releases(actor: Actor) -> LicenceReleaseQuerySet:
    """Asked for and not yet released. To the vendor all, to others none."""
    return LicenceRelease.objects.visible_to(actor).filter(released_at=None).select_related("sku")


def released(actor: Actor) -> LicenceReleaseQuerySet:
    """Released lately because it was asked for, and not given anew since."""
    done = LicenceRelease.objects.visible_to(actor).filter(released_at__gte=timezone.now() - RECENTLY)
    return done.select_related("sku")


def waiting_releases(actor: Actor, limit: int) -> int:
    """How many, up to `limit`."""
    return releases(actor)[:limit].count()

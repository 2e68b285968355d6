"""Queries of the licences that the vendor is asked to release. They are told by the key of its feed, never by who
holds them (CC-32)."""

import datetime as dt

from django.utils import timezone

from entitlements.models import LicenceRelease
from entitlements.models.release import LicenceReleaseQuerySet
from partnerportal.lib.actors import Actor

RECENTLY = dt.timedelta(days=90)  # how long a release is listed after it was done


def list_releases(actor: Actor) -> LicenceReleaseQuerySet:
    """Return the licences whose release is asked for and not yet done: all of them for the vendor, none for others."""
    return LicenceRelease.objects.visible_to(actor).filter(released_at=None).select_related("sku")


def list_released_licences(actor: Actor) -> LicenceReleaseQuerySet:
    """Return the licences that were released within RECENTLY because it was asked for, and not given anew since."""
    rows = LicenceRelease.objects.visible_to(actor).filter(released_at__gte=timezone.now() - RECENTLY)
    return rows.select_related("sku")


def count_waiting_releases(actor: Actor, limit: int) -> int:
    """Return how many licences wait for their release, counted up to `limit`."""
    return list_releases(actor)[:limit].count()

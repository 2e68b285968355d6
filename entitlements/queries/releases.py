"""Queries of the licences that the vendor is asked to release. They are told by the key of its feed, never by who
holds them (CC-32)."""

import datetime as dt

from django.db.models import Q, QuerySet
from django.utils import timezone

from entitlements.models import LicenceRelease, Sku
from entitlements.models.release import LicenceReleaseQuerySet
from partnerportal.lib.actors import Actor
from partnerportal.lib.keyset import fetch_keyset_page

LISTED_AFTER_RELEASE = dt.timedelta(days=90)  # how long a release is listed after it was done
WAITING, RELEASED = "waiting", "released"


def _is_waiting() -> Q:
    return Q(released_at=None)


def _was_released_recently() -> Q:
    return Q(released_at__gte=timezone.now() - LISTED_AFTER_RELEASE)


RELEASE_VIEWS = {WAITING: _is_waiting, RELEASED: _was_released_recently}


def list_all_licence_releases(actor: Actor) -> LicenceReleaseQuerySet:
    """Return the licences whose release is asked for or was done on request. Only the vendor sees any."""
    return LicenceRelease.objects.visible_to(actor).select_related("sku")


def list_waiting_licence_releases(actor: Actor) -> LicenceReleaseQuerySet:
    """Return the licences whose release is asked for and not yet done. Only the vendor sees any."""
    return list_all_licence_releases(actor).filter(_is_waiting())


def list_oldest_waiting_releases(actor: Actor, limit: int) -> list[LicenceRelease]:
    """Return up to `limit` licences whose release has been waited for longest, with SKU. Only the vendor sees any."""
    rows = list_waiting_licence_releases(actor)
    return list(fetch_keyset_page(rows, sort="asked_at", descending=False, size=limit).rows)


def list_released_licences(actor: Actor) -> LicenceReleaseQuerySet:
    """Return the licences that were released on request in the last 90 days, and not assigned again since."""
    return list_all_licence_releases(actor).filter(_was_released_recently())


def list_licence_release_skus(actor: Actor) -> QuerySet[Sku]:
    """Return the SKUs of all licences whose release is asked for or was done on request, by name."""
    return Sku.objects.filter(pk__in=LicenceRelease.objects.visible_to(actor).values("sku")).order_by("name", "pk")


def count_waiting_licence_releases(actor: Actor, limit: int) -> int:
    """Return how many licences wait for their release, counted up to `limit`."""
    return list_waiting_licence_releases(actor)[:limit].count()

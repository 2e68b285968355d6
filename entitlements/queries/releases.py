"""Which licences the vendor is asked to release: told by the key of its feed, never by who holds them (CC-32)."""

from entitlements.models import LicenceRelease
from entitlements.models.release import LicenceReleaseQuerySet
from partnerportal.lib.actors import Actor


def releases(actor: Actor) -> LicenceReleaseQuerySet:
    """Asked for and not yet released. To the vendor all, to others none."""
    return LicenceRelease.objects.visible_to(actor).select_related("sku")


def waiting_releases(actor: Actor, limit: int) -> int:
    """How many, up to `limit`."""
    return LicenceRelease.objects.visible_to(actor)[:limit].count()

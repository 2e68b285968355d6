"""The query of how the vendor's channel grows, month by month."""

from entitlements.models import ChannelMonth
from partnerportal.lib.actors import Actor

MONTHS_SHOWN = 13  # the present month and twelve before it


def list_channel_months(actor: Actor) -> list[ChannelMonth]:
    """Return the last months of the channel, the present one last; none for anybody but the vendor's staff.

    A task writes them each night, so this is empty until it has run once.
    """
    rows = ChannelMonth.objects.visible_to(actor).order_by("-month")[:MONTHS_SHOWN]
    return list(rows)[::-1]

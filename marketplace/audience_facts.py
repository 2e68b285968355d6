"""What the kinds of requests about an audience share: the offer, whom they ask, and how many names they say."""

from collections.abc import Collection, Iterable, Sequence
from hashlib import sha256

from django.utils.translation import gettext_lazy, ngettext

from marketplace.models import Offer
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import NotFound
from support.kinds import Reason
from support.models import Request

MOST_NAMED = 20  # names in one sentence
SYSTEM = Actor.system()  # row-level security still shows whoever asks no more than its own
NOT_LIVE = Reason(
    "not_live", gettext_lazy("The offer is not published, so you can change its audience without a request.")
)


def get_request_offer(request: Request) -> Offer:
    """Return the offer that a request is about, which is of the organisation that asks. Raises NotFound."""
    offer = Offer.objects.filter(publisher=request.organization_id, public_id=request.subject_id).first()
    if offer is None:
        raise NotFound("not_found", "")
    return offer


def name_first(names: Sequence[str], number: int | None = None) -> str:
    """Join the first MOST_NAMED names, and say how many more there are. `number` is how many there are in all."""
    shown = formats.join_names(names[:MOST_NAMED])
    if not (more := (len(names) if number is None else number) - min(len(names), MOST_NAMED)):
        return shown
    text = ngettext("%(names)s and %(number)s more", "%(names)s and %(number)s more", more)
    return text % {"names": shown, "number": formats.format_number(more)}


def make_fingerprint(items: Iterable[object]) -> str:
    """Return a short text that tells any two groups of items apart, whatever their order; "" for none."""
    found: Collection[str] = sorted(map(str, items))
    return sha256(" ".join(found).encode()).hexdigest()[:16] if found else ""

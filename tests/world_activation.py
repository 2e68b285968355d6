"""Of the cast: a service that is open for trial, and activation links that nobody has used yet.

The partner has invited a customer, the distributor a partner, and vendor staff a customer without a partner.
"""

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from accounts.models import Program
from entitlements.models import ActivationLink, Sku, TrialOffer
from partnerportal.lib.tokens import digest_secret

if TYPE_CHECKING:
    from tests.world import World

ACTIVATING = {"partner": "customer", "distributor": "partner", "vendor": "customer"}  # who has invited what
ADD_ON = "to-be-added"
SEAT_LIMIT = 25


def activation_token(name: str) -> str:
    """The token in the activation link that an organisation of ACTIVATING has sent."""
    return f"to-activate-by-the-{name}"


def build(world: "World", sku: Sku, words: dict[str, str]) -> None:
    """`words` are the canaries of the links, by the name of their sender."""
    add_on = Sku.objects.create(code=ADD_ON, service=sku.service, name="To be added", kind=Sku.Kind.ADD_ON)
    TrialOffer.objects.create(sku=sku, seat_limit=SEAT_LIMIT, add_on_ids=[add_on.pk])
    for name, kind in ACTIVATING.items():
        _link(world, name, kind, sku, words[name])


def _link(world: "World", name: str, kind: str, sku: Sku, word: str) -> None:
    sender = world[name]
    offer: dict[str, Any] = {"sku": sku, "seats": 5}
    if kind == "partner":
        offer = {"program": Program.objects.get(code="solution_advisor")}
    elif name == "partner":
        offer |= {"partner": sender, "partner_name": sender.name}
    link = ActivationLink.objects.create(
        organization=sender,
        sender_name=sender.name,
        kind=kind,
        email=f"invited.{word}@example.com",
        name=f"Invited {word}",
        country="FR",
        language="en",
        expires_at=timezone.now() + dt.timedelta(days=30),
        **offer,
    )
    link.tokens.create(digest=digest_secret(activation_token(name)))

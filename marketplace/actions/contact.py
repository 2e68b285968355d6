"""Messages about an offer: of a reseller to its publisher, and of a customer to one of its partners."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from connections.models import Connection
from connections.queries import list_active_connections
from marketplace.events import OfferEvent
from marketplace.models import Offer
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.catalogue import list_published_offers
from notifications.actions.recording import is_message_sent, record_event
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import InvalidInput, NotFound
from partnerportal.lib.limits import enforce_hourly_limit
from partnerportal.lib.policies import authorize

MESSAGE_LENGTH = 2000
MESSAGES_AN_HOUR = 10  # of one organisation, because each is mailed to Admins of another
EMPTY = _("Enter a message.")


@transaction.atomic
def write_to_publisher(*, actor: Actor, offer: Offer, message: str, reply_to: str) -> None:
    """Send a message about a published offer to the Admins of its publisher, with the address for the answer.

    The same message, sent again, is one message. Raises NotFound for an offer that is not published, InvalidInput
    without a message, and TooManyAttempts after MESSAGES_AN_HOUR messages of the acting organisation.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.CONTACT_PUBLISHER)
    published = _get(actor, offer)
    if not message.strip():
        raise InvalidInput("no_message", EMPTY, field="message")
    note = f"{message.strip()}\n\n{reply_to}"
    if is_message_sent(OfferEvent.PUBLISHER_CONTACTED, actor=actor, subject=published, note=note):
        return
    enforce_hourly_limit(MESSAGES_AN_HOUR, f"offer-messages:{actor.organization_id}")
    # The publisher is not the event's counterpart: the notice finds it by the offer.
    record_event(
        OfferEvent.PUBLISHER_CONTACTED,
        actor=actor,
        subject=published,
        label=published.listing["en"]["name"],
        data={"sender": actor.organization_name},
        note=note,
    )


@transaction.atomic
def ask_partner_about_offer(*, actor: Actor, offer: Offer, connection: Connection, message: str = "") -> None:
    """Tell the Admins of a connected partner that the acting customer asks about a published offer.

    The same question, sent again, is one question. Raises NotFound for an offer that is not published and for a
    connection that is not in force, and TooManyAttempts after MESSAGES_AN_HOUR messages of the acting organisation.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.ASK_PARTNER)
    published = _get(actor, offer)
    active = list_active_connections(actor).filter(customer=actor.organization_id, pk=connection.pk).first()
    if active is None:
        raise NotFound("not_found", "")
    partner = Organization(pk=active.partner_id, name=active.partner_name)
    event, note = OfferEvent.PARTNER_ASKED, message.strip()
    if is_message_sent(event, actor=actor, subject=published, counterpart=partner, note=note):
        return
    enforce_hourly_limit(MESSAGES_AN_HOUR, f"offer-messages:{actor.organization_id}")
    record_event(
        event,
        actor=actor,
        subject=published,
        label=published.listing["en"]["name"],
        counterpart=partner,
        data={"customer": actor.organization_public_id, "customer_name": actor.organization_name},
        note=note,
    )


def _get(actor: Actor, offer: Offer) -> Offer:
    published = list_published_offers(actor).filter(pk=offer.pk).first()
    if published is None:
        raise NotFound("not_found", "")
    return published

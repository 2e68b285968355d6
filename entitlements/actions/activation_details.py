"""What an activation link says and offers: each detail is checked before it is set."""

from collections.abc import Collection

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, OrganizationKind, Program
from entitlements.models import ActivationLink, Sku
from entitlements.queries.activation import (
    is_partner_name_taken,
    is_partner_open_to_customers,
    list_own_partners,
    list_partners_to_name,
)
from entitlements.queries.trial_offers import find_open_trial_offer
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import list_country_choices
from partnerportal.lib.errors import Conflict, InvalidInput
from partnerportal.lib.text import make_search_key, make_single_line

Problem = ActivationLink.Problem
NAME_LENGTH = 200  # characters
NOT_OPEN = _("This service is not open for trial. Choose one from the list.")
TOO_MANY_SEATS = _("Enter a number of licences from 1 to %(most)s.")
NAME_TAKEN = _("Another partner or distributor in this country has this name.")
PARTNER_NOT_ACTIVE = _("%(name)s has no active programme membership, so no customer can connect to it.")


def set_details(link: ActivationLink, *, name: str, country: str, language: str) -> None:
    """Set the name, country and language of a link. Raises InvalidInput and Conflict("name_taken")."""
    link.name = make_single_line(name)
    if not link.name or len(link.name) > NAME_LENGTH or "\0" in link.name:
        raise InvalidInput("name", _("Enter a name of at most 200 characters."), field="name")
    if country not in dict(list_country_choices()):
        raise InvalidInput("country", _("Choose a country from the list."), field="country")
    if language not in dict(settings.LANGUAGES):
        raise InvalidInput("language", _("Choose a language from the list."), field="language")
    link.country, link.language = country, language
    if not link.is_for_customer and is_partner_name_taken(make_search_key(link.name), country):
        raise Conflict("name_taken", NAME_TAKEN, field="name")


def set_trial(actor: Actor, link: ActivationLink, *, sku: Sku | None, add_ons: Collection[Sku], seats: int) -> None:
    """Set what a customer's link offers. Raises InvalidInput unless staff have opened it to the actor."""
    offer = find_open_trial_offer(actor, sku)
    if offer is None:
        raise InvalidInput("sku", NOT_OPEN, field="sku")
    if not 1 <= seats <= offer.seat_limit:
        most = formats.format_number(offer.seat_limit)
        raise InvalidInput("seats", TOO_MANY_SEATS % {"most": most}, field="seats")
    chosen = {add_on.pk for add_on in add_ons}
    if not chosen <= set(offer.add_on_ids):
        raise InvalidInput("add_ons", _("Choose add-ons of this service from the list."), field="add_ons")
    link.sku, link.seats, link.add_on_ids = offer.sku, seats, sorted(chosen)


def _choose_partner(actor: Actor, partner: Organization | None) -> Organization | None:
    """Return the partner with which the customer connects, or None. Raises InvalidInput for another organisation."""
    is_partner = actor.organization_kind == OrganizationKind.PARTNER
    wanted = actor.organization_id if is_partner else partner.pk if partner else None
    if wanted is None:
        if actor.organization_kind == OrganizationKind.VENDOR:
            return None
        raise InvalidInput("partner_required", _("Choose the partner that looks after the customer."), field="partner")
    row = list_partners_to_name(actor).filter(pk=wanted).first()
    if row is None:
        raise InvalidInput("partner", _("Choose one of your partners."), field="partner")
    if not is_partner_open_to_customers(row):
        raise InvalidInput("partner_not_active", PARTNER_NOT_ACTIVE % {"name": row.name}, field="partner")
    return row


def set_partner(actor: Actor, link: ActivationLink, partner: Organization | None) -> None:
    """Set the partner with which the customer connects. Raises InvalidInput unless the actor may name it."""
    link.partner = _choose_partner(actor, partner)
    link.partner_name = link.partner.name if link.partner else ""


def set_program(link: ActivationLink, program: Program | None) -> None:
    """Set the programme that a new partner joins. Raises InvalidInput without one."""
    if program is None:
        raise InvalidInput("program", _("Choose the programme that the partner joins."), field="program")
    link.program = program


def find_obstacle(actor: Actor, link: ActivationLink) -> str:
    """Return the code of ActivationLink.Problem of what its acceptance would be refused for now, or "".

    The actor is its sender. Whether the organisation has tried the service already, only the acceptance tells.
    """
    if not link.is_for_customer:
        is_taken = is_partner_name_taken(make_search_key(link.name), link.country)
        return Problem.NAME_TAKEN if is_taken else Problem.NONE
    offer = find_open_trial_offer(actor, link.sku)
    if offer is None or link.seats > offer.seat_limit or not set(link.add_on_ids) <= set(offer.add_on_ids):
        return Problem.SKU_WITHDRAWN
    return _find_obstacle_of_partner(actor, link.partner_id) if link.partner_id else Problem.NONE


def _find_obstacle_of_partner(actor: Actor, partner_id: int) -> str:
    own = list_own_partners(actor).filter(pk=partner_id).first()
    if own is None:
        return Problem.PARTNER_MOVED
    is_open = not own.is_suspended and is_partner_open_to_customers(own)
    return Problem.NONE if is_open else Problem.PARTNER_NOT_ACTIVE

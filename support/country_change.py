"""The request for another country: it is verified, so that only the vendor's staff change it (E-10).

The country of an organisation decides its market. Its Admin asks, and an approval calls the staff's own action.
"""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts.actions.standing import correct_organization_identity
from accounts.models import Organization, OrganizationKind, Role
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import get_country_name, list_country_choices
from partnerportal.lib.errors import NotFound
from partnerportal.lib.policies import PermissionRule
from partnerportal.lib.visible_rows import get_by_public_id
from support.kinds import (
    COUNTRY_CODE,
    Fact,
    Findings,
    LabelledText,
    PrefilledField,
    Reason,
    RequestDetailsForm,
    RequestKind,
    register_request_kind,
)
from support.models import Request

CODE = COUNTRY_CODE
COUNTRY = _("Country")


def _list_choices() -> list[tuple[str, Any]]:
    """Return all countries, after none: no country may be asked for because it was the first of the list."""
    return [("", _("Choose a country")), *list_country_choices()]


class NewCountryForm(RequestDetailsForm):
    """The form for the country that an organisation asks for."""

    country = forms.ChoiceField(label=_("New country"), choices=_list_choices)


def _find_own_organization(actor: Actor, public_id: UUID) -> Organization:
    """Return the actor's own organisation if it has this public id. Raises NotFound for any other."""
    organization = get_by_public_id(Organization.objects.visible_to(actor), public_id)
    if organization.pk != actor.organization_id:
        raise NotFound("not_found", "")
    return organization


def _prefill(actor: Actor, organization: Organization) -> list[PrefilledField]:
    return [
        PrefilledField(gettext_noop("Organisation"), organization.name, is_name=True),
        PrefilledField(gettext_noop("ORGID"), organization.org_id, is_name=True),
        PrefilledField(gettext_noop("Category"), gettext_noop("Account details")),
        PrefilledField(gettext_noop("Problem"), gettext_noop("Change the verified country")),
    ]


def _describe_details(request: Request) -> list[LabelledText]:
    country = request.payload.get("country", "")
    return [LabelledText(_("New country"), get_country_name(country) if country else "–")]


def _check(request: Request) -> Findings:
    """Return whether the organisation has another country than the one it asks for, with the present one as a fact."""
    present, wanted = request.organization.country, request.payload.get("country", "")
    fact = Fact("country", _("Current country"), present, get_country_name(present))
    if present == wanted:
        reason = Reason("country_is_the_same", _("This is already the organisation’s country."))
        return Findings(facts=(fact,), reasons=(reason,))
    text = f"{get_country_name(present)} → {get_country_name(wanted)}"
    return Findings(facts=(fact,), changes=(LabelledText(COUNTRY, text),))


def _lock_organization(actor: Actor, request: Request) -> None:
    """Lock the row of the organisation, and read its country anew."""
    rows = Organization.objects.visible_to(actor).select_for_update(of=("self",), no_key=True)
    request.organization = rows.get(pk=request.organization_id)


def _change_country(actor: Actor, request: Request) -> tuple[()]:
    correct_organization_identity(actor=actor, organization=request.organization, country=request.payload["country"])
    return ()


def _find_own_subject(actor: Actor) -> UUID | None:
    return UUID(actor.organization_public_id) if actor.organization_public_id else None


CHANGE_OF_COUNTRY = RequestKind(
    code=CODE,
    label=_("Change of country"),
    title=gettext_noop("Change of country"),
    rule=PermissionRule(
        label=_("Request a change of country"),
        kinds=frozenset({OrganizationKind.DISTRIBUTOR, OrganizationKind.PARTNER, OrganizationKind.PUBLISHER}),
        roles=frozenset({Role.ADMIN}),
    ),
    find_subject=_find_own_organization,
    prefilled=_prefill,
    details=NewCountryForm,
    describe_details=_describe_details,
    check=_check,
    lock=_lock_organization,
    effect=_change_country,
    open_key=lambda request: f"country:{request.subject_id}",
    find_own_subject=_find_own_subject,
)


def register_country_change() -> None:
    """Register the request for another country."""
    register_request_kind(CHANGE_OF_COUNTRY)

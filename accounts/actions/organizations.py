"""Actions on organisations and their programme memberships, by the people who act for them and by vendor staff."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import policies
from accounts.actions.locking import ensure_as_seen, lock_organization
from accounts.actions.partner_news import make_parent_data
from accounts.events import AccountEventKind
from accounts.facts import StandingAspect
from accounts.models import Operator, Organization, OrganizationKind, Person, Program, ProgramMembership, Role
from accounts.models.organization import generate_org_id
from accounts.policies import ROLE_TABLE, AccountPermission
from notifications.actions.recording import record_event
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.lib.changes import list_changes_between, list_row_changes
from partnerportal.lib.errors import InvalidInput, Message, NotFound, TooManyAttempts
from partnerportal.lib.policies import authorize
from partnerportal.lib.text import make_single_line

DAY = dt.timedelta(days=1)
ORG_ID_DRAWS = 5  # how often a new ORGID is drawn at most; one in 90 million is rarely taken
TOO_MANY_FOUNDED = _("You have created %(number)s organisations in 24 hours, which is the limit. Try again later.")


@transaction.atomic
def create_own_organization(*, person: Person, name: str, country: str, **details: str) -> Organization:
    """Create a customer organisation for a person who signed up, make the person its Admin, and return it (E-2).

    If the person is already Admin of a customer organisation with the same name and country, that one is returned, so a
    form that is sent twice creates one organisation. Raises TooManyAttempts beyond FOUNDED_A_DAY organisations in 24
    hours. The transaction enters the new organisation as its tenant, because row-level security lets nobody write into
    another tenant.
    """
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    mine = Operator.objects.filter(person=person, roles__contains=[Role.ADMIN]).select_related("organization")
    same = {
        "organization__kind": OrganizationKind.CUSTOMER,
        "organization__country": country,
        "organization__name": make_single_line(name),
    }
    if sent_before := mine.filter(**same).first():
        return sent_before.organization
    if mine.filter(organization__created_at__gt=timezone.now() - DAY).count() >= policies.FOUNDED_A_DAY:
        raise TooManyAttempts("too_many_organizations", TOO_MANY_FOUNDED % {"number": policies.FOUNDED_A_DAY})
    return _found(person, Organization(kind=OrganizationKind.CUSTOMER, name=name, country=country, **details))


@transaction.atomic
def found_invited_partner(
    *, person: Person, name: str, country: str, parent_id: int | None, secret: str, **details: str
) -> Organization:
    """Create a partner organisation for a person who was invited to found it, make the person its Admin; return it.

    The partner stands below the distributor `parent_id`, or directly under the vendor. `secret` is the digest of the
    token that the person holds: the database lets nobody found a partner but by an invitation of this name and country.
    """
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    partner = Organization(kind=OrganizationKind.PARTNER, name=name, country=country, parent_id=parent_id, **details)
    return _found(person, partner, secret)


def _found(person: Person, organization: Organization, secret: str = "") -> Organization:
    """Store a new organisation with the person as its first Admin, as its own tenant, and return it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('accounts_organization', 'id'))")
        organization.pk = new_id = cursor.fetchone()[0]
    with tenancy.as_tenant(organization_id=new_id, person_id=person.pk, secret=secret):
        _insert(organization)
        organization.refresh_from_db(fields=["org_id", "tenant_id"])  # the database draws them: 0016_own_columns.py
        Operator.objects.create(organization=organization, person=person, roles=[Role.ADMIN])
        founder = Actor(
            person_id=person.pk,
            label=str(person),
            organization_id=new_id,
            organization_name=organization.name,
        )
        record_event(AccountEventKind.ORGANIZATION_CREATED, actor=founder, subject=organization)
    return organization


def _insert(organization: Organization) -> None:
    """Store a new organisation whose ORGID was drawn at random, and draw again while the ORGID is taken.

    It may be taken by an organisation that the actor does not see. Raises IntegrityError after ORG_ID_DRAWS attempts.
    """
    for draws_left in reversed(range(ORG_ID_DRAWS)):
        try:
            with transaction.atomic():
                return organization.save(force_insert=True)
        except IntegrityError as error:
            diagnostics = getattr(error.__cause__, "diag", None)
            if not draws_left or not diagnostics or "org_id" not in (diagnostics.constraint_name or ""):
                raise
            organization.org_id = generate_org_id()
    return None


CONTACT_FIELDS = ("name", "country", "street", "postal_code", "city", "phone", "contact_email", "website")
PERSONAL_FIELDS = frozenset({"name", "phone", "contact_email"})  # may be those of a person: the log's data has none
VERIFIED_FIELDS = {  # what only vendor staff change once they have verified it, and why
    "name": _("This name has been verified. Only vendor staff can change it."),
    "country": _("The country has been verified and determines the market. Only vendor staff can change it."),
}
CHANGED_BY_COMMAND = _(
    "This detail has been verified. To change it, run the correct_organization command on the server."
)


def explain_locked_field(organization: Organization, field_name: str) -> Message:
    """Return the sentence that says why the people of a verified organisation cannot change this field, and who can.

    The vendor's own people are vendor staff themselves: to them it says where they change it.
    """
    return CHANGED_BY_COMMAND if organization.kind == OrganizationKind.VENDOR else VERIFIED_FIELDS[field_name]


@transaction.atomic
def update_organization_contact_data(*, actor: Actor, organization: Organization, **contact: str) -> Organization:
    """Change contact data of the actor's own organisation; return the organisation (CC-2).

    `contact` maps some of CONTACT_FIELDS to new values. An event records what changed. Raises NotFound for another
    organisation, InvalidInput("contact") for an unknown field, and InvalidInput("name_is_verified") or
    InvalidInput("country_is_verified") for a verified organisation, whose name and country only vendor staff change.
    """
    authorize(actor, ROLE_TABLE, AccountPermission.EDIT_ACCOUNT)
    if not actor.is_system and organization.pk != actor.organization_id:
        raise NotFound("not_found", "")
    if contact.keys() - set(CONTACT_FIELDS):
        raise InvalidInput("contact", _("Only contact details can be changed here."))
    row = Organization.objects.select_for_update(of=("self",), no_key=True).get(pk=organization.pk)
    changes = list_row_changes(row, contact, redacted_fields=PERSONAL_FIELDS)
    for name in VERIFIED_FIELDS:
        if name in changes and row.is_verified and not actor.is_system:
            raise InvalidInput(f"{name}_is_verified", explain_locked_field(row, name), field=name)
    if changes:
        for name in changes:
            setattr(row, name, contact[name])
        row.save(update_fields=[*changes, "name_folded"])
        record_event(AccountEventKind.CONTACT_CHANGED, actor=actor, subject=row, changes=changes)
    return row


@transaction.atomic
def register_organization(
    *,
    actor: Actor,
    kind: OrganizationKind,
    name: str,
    country: str,
    parent: Organization | None = None,
    **details: object,
) -> Organization:
    """Register an organisation of any kind, as vendor staff; return the organisation.

    `details` are further fields of the model; without `org_id` among them, an ORGID is drawn. A form names the
    `public_id` of the organisation that it makes, so that one that is sent twice makes one: the second gets the same.
    A partner gets its invitation link by a trigger (CC-42), and the distributor above it is told. Raises
    InvalidInput("parent") unless the `parent` is a distributor above a partner, InvalidInput("kind") for a vendor by
    anybody but the system, and ValidationError for a bad value.
    """
    authorize(actor, ROLE_TABLE, AccountPermission.REGISTER_ORGANIZATIONS)
    if kind == OrganizationKind.VENDOR and not actor.is_system:
        raise InvalidInput("kind", _("The vendor’s own organisation can only be set up on the server."))
    if sent_before := _find_sent_before(actor, details):
        return sent_before
    if parent and (kind != OrganizationKind.PARTNER or parent.kind != OrganizationKind.DISTRIBUTOR):
        raise InvalidInput(
            "parent",
            _("Only a partner can have an organisation above it, and that organisation must be a distributor."),
        )
    organization = Organization(kind=kind, name=name, country=country, parent=parent, **details)
    has_org_id = "org_id" in details
    organization.full_clean(exclude=["name_folded"] if has_org_id else ["name_folded", "org_id"])
    try:
        with transaction.atomic():
            organization.save(force_insert=True) if has_org_id else _insert(organization)
    except IntegrityError:
        if sent_before := _find_sent_before(actor, details):  # at the same moment
            return sent_before
        raise
    data = {"kind": str(kind), **make_parent_data(organization)}
    kind_of_event = AccountEventKind.ORGANIZATION_CREATED
    record_event(kind_of_event, actor=actor, subject=organization, counterpart=organization, data=data)
    return organization


def _find_sent_before(actor: Actor, details: dict[str, object]) -> Organization | None:
    """Return the organisation that a form with this public id has made already, or None."""
    public_id = details.get("public_id")
    if not isinstance(public_id, UUID):
        return None
    return Organization.objects.visible_to(actor).filter(public_id=public_id).first()


@transaction.atomic
def grant_membership(
    *,
    actor: Actor,
    organization: Organization,
    program: Program,
    starts_on: dt.date,
    ends_on: dt.date | None = None,
    seen: str | None = None,
    is_confirmation: bool = False,
) -> ProgramMembership:
    """Record a programme membership, or correct its last day, on behalf of the vendor's staff; return it (CC-3).

    A membership that begins on the same day is the one corrected. `ends_on` is the last day, None for no end. Raises
    InvalidInput("dates") when the last day is before the first, and Conflict("changed_meanwhile") if the memberships
    are not what `seen`, a digest of `accounts.facts`, says. With `is_confirmation` the caller tells the organisation.
    """
    authorize(actor, ROLE_TABLE, AccountPermission.MANAGE_MEMBERSHIPS)
    row = lock_organization(actor, organization)
    if ends_on and ends_on < starts_on:
        raise InvalidInput("dates", _("The last day can’t be before the first day of the membership."), field="ends_on")
    key: dict[str, Any] = {"organization": organization, "program": program, "starts_on": starts_on}
    before = ProgramMembership.objects.visible_to(actor).filter(**key).first()
    was = {"starts_on": before.starts_on, "ends_on": before.ends_on} if before else {}
    changes = list_changes_between(was, {"starts_on": starts_on, "ends_on": ends_on})
    if changes:
        ensure_as_seen(organization, StandingAspect.MEMBERSHIPS, seen)
    membership = before or ProgramMembership(**key)
    membership.ends_on = ends_on
    if before is None:
        membership.save(force_insert=True)
    elif changes:
        membership.save(update_fields=["ends_on"])
    if changes:
        dates = {"starts_on": str(starts_on), "ends_on": str(ends_on) if ends_on else None}
        data = {"program": program.name, "is_new": before is None, "is_confirmation": is_confirmation, **dates}
        record_event(
            AccountEventKind.MEMBERSHIP_CHANGED,
            actor=actor,
            subject=row,
            counterpart=row,
            changes=changes,
            data=data | make_parent_data(row),
        )
    return membership

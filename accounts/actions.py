"""What persons and vendor staff do to accounts."""

import datetime as dt
from collections.abc import Iterable

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import policies
from accounts.events import AccountEvent
from accounts.models import Kind, Operator, Organization, Person, Program, ProgramMembership, Role
from accounts.models.organization import new_org_id
from accounts.policies import ROLE_TABLE, AccountPermission
from notifications.actions import record
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict, Invalid, NotFound, Refused, TooMany
from partnerportal.lib.policies import authorize, authorize_staff
from partnerportal.lib.text import one_line

DAY = dt.timedelta(days=1)
ORG_ID_DRAWS = 5  # of 90 million
TOO_MANY_FOUNDED = _(
    "You have set up %(number)s organisations within 24 hours, and that is the limit. Try again later."
)


@transaction.atomic
def found_organization(*, person: Person, name: str, country: str, **details: str) -> Organization:
    """A person who signed up creates a customer organisation and becomes its Admin (E2).

    Raises TooMany beyond FOUNDED_A_DAY. A form sent twice founds one: of the same name and country the person already
    administers, that one is returned. The new tenant's id is drawn first and entered, because row-level security lets
    nobody write into another one.
    """
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    mine = Operator.objects.filter(person=person, roles__contains=[Role.ADMIN]).select_related("organization")
    same = {"organization__kind": Kind.CUSTOMER, "organization__country": country, "organization__name": one_line(name)}
    if sent_before := mine.filter(**same).first():
        return sent_before.organization
    if mine.filter(organization__created_at__gt=timezone.now() - DAY).count() >= policies.FOUNDED_A_DAY:
        raise TooMany("too_many_organizations", TOO_MANY_FOUNDED % {"number": policies.FOUNDED_A_DAY})
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('accounts_organization', 'id'))")
        new_id = cursor.fetchone()[0]
    with tenancy.tenant(organization_id=new_id, person_id=person.pk):
        organization = Organization(pk=new_id, kind=Kind.CUSTOMER, name=name, country=country, **details)
        _insert(organization)
        Operator.objects.create(organization=organization, person=person, roles=[Role.ADMIN])
        record(
            AccountEvent.ORGANIZATION_CREATED,
            actor=Actor(person_id=person.pk, person_name=str(person), organization_id=new_id, organization_name=name),
            subject=organization,
        )
    return organization


def _insert(organization: Organization) -> None:
    """The ORGID was drawn at random. Now and then it is taken, by one that the actor may not see: it is drawn again."""
    for draws_left in reversed(range(ORG_ID_DRAWS)):
        try:
            with transaction.atomic():
                return organization.save(force_insert=True)
        except IntegrityError as error:
            taken = getattr(error.__cause__, "diag", None)
            if not draws_left or not taken or "org_id" not in (taken.constraint_name or ""):
                raise
            organization.org_id = new_org_id()
    return None


CONTACT_FIELDS = ("name", "country", "street", "postal_code", "city", "phone", "contact_email", "website")
NAME_IS_VERIFIED = _("The name has been verified. Vendor staff change it.")


@transaction.atomic
def update_contact(*, actor: Actor, organization: Organization, **contact: str) -> Organization:
    """Change some of CONTACT_FIELDS of the actor's own organisation; the log names the fields that changed (CC-2).

    Only customers rename themselves.
    """
    authorize(actor, ROLE_TABLE, AccountPermission.EDIT_ACCOUNT)
    if not actor.is_system and organization.pk != actor.organization_id:
        raise NotFound("not_found", "")
    if contact.keys() - set(CONTACT_FIELDS):
        raise Invalid("contact", _("Only contact data can be changed here."))
    row = Organization.objects.select_for_update(of=("self",)).get(pk=organization.pk)
    if contact.get("name", row.name) != row.name and not (row.may_rename_itself or actor.is_system):
        raise Invalid("name_is_verified", NAME_IS_VERIFIED, field="name")
    changed = sorted(name for name, value in contact.items() if getattr(row, name) != value)
    if changed:
        for name in changed:
            setattr(row, name, contact[name])
        row.save(update_fields=[*changed, "name_folded"])
        record(AccountEvent.CONTACT_CHANGED, actor=actor, subject=row, data={"fields": changed})
    return row


def update_preferences(*, person: Person, name: str, language: str, time_zone: str, theme: str) -> None:
    """How the portal speaks to a person. Theirs alone, so there is nothing to authorise or to record."""
    person.name, person.language, person.time_zone, person.theme = name, language, time_zone, theme
    person.save(update_fields=["name", "language", "time_zone", "theme"])


@transaction.atomic
def register_organization(
    *, actor: Actor, kind: Kind, name: str, country: str, parent: Organization | None = None, **details: object
) -> Organization:
    """Vendor staff register an organisation of any kind. A partner gets its invitation link by a trigger (CC-42)."""
    authorize_staff(actor)
    if parent and (kind != Kind.PARTNER or parent.kind != Kind.DISTRIBUTOR):
        raise Invalid("parent", _("Only a partner has an organisation above it, and that is a distributor."))
    organization = Organization(kind=kind, name=name, country=country, parent=parent, **details)
    given = "org_id" in details
    organization.full_clean(exclude=["name_folded"] if given else ["name_folded", "org_id"])
    if given:
        organization.save(force_insert=True)
    else:
        _insert(organization)
    record(AccountEvent.ORGANIZATION_CREATED, actor=actor, subject=organization, counterpart=organization)
    return organization


@transaction.atomic
def register_person(
    *, actor: Actor, email: str, name: str = "", language: str = settings.LANGUAGE_CODE, verified: bool = False
) -> tuple[Person, bool]:
    """Vendor staff create a person who does not sign up. Returns them, and whether they are new.

    They have no password: "Forgot your password?" gives them one, and the first sign-in asks for a code sent to the
    address. `verified`: staff vouch for the address, also of a person who is known already.
    """
    authorize_staff(actor)
    person = Person.objects.filter(email__iexact=email).first()
    created = person is None
    if person is None:
        person = Person.objects.create_user(email, name=name, language=language)
        EmailAddress.objects.create(user=person, email=person.email, primary=True)
    if verified:
        EmailAddress.objects.filter(user=person, email=person.email).update(verified=True)
    return person, created


@transaction.atomic
def grant_membership(
    *, actor: Actor, organization: Organization, program: Program, starts_on: dt.date, ends_on: dt.date | None = None
) -> ProgramMembership:
    """Vendor staff record or correct a programme membership (CC-3)."""
    authorize_staff(actor)
    if ends_on and ends_on < starts_on:
        raise Invalid("dates", _("The last day is before the first."), field="ends_on")
    membership, _created = ProgramMembership.objects.update_or_create(
        organization=organization, program=program, starts_on=starts_on, defaults={"ends_on": ends_on}
    )
    record(
        AccountEvent.MEMBERSHIP_CHANGED,
        actor=actor,
        subject=organization,
        counterpart=organization,
        data={"program": program.name, "starts_on": str(starts_on), "ends_on": str(ends_on) if ends_on else None},
    )
    return membership


@transaction.atomic
def add_operator(*, actor: Actor, organization: Organization, person: Person, roles: Iterable[Role]) -> Operator:
    """Vendor staff let a person act for an organisation. Existing roles are replaced."""
    authorize_staff(actor)
    operator, _created = Operator.objects.update_or_create(
        organization=organization, person=person, defaults={"roles": _checked(roles)}
    )
    record(AccountEvent.OPERATOR_ADDED, actor=actor, subject=operator, label=str(person), counterpart=organization)
    return operator


@transaction.atomic
def change_roles(*, actor: Actor, operator: Operator, roles: Iterable[str]) -> Operator:
    """Give an operator other roles (CV-17). Nobody changes their own; the last Admin stays one (E5)."""
    authorize(actor, ROLE_TABLE, AccountPermission.MANAGE_OPERATORS)
    wanted = _checked(roles)
    operator = _locked(actor, operator)
    if operator.person_id == actor.person_id:
        raise Refused("own_role", _("You cannot change your own roles. Ask another Admin."))
    if Role.ADMIN not in wanted:
        _keep_one_admin(operator)
    before = operator.roles
    operator.roles = wanted
    operator.save(update_fields=["roles"])
    record(
        AccountEvent.OPERATOR_ROLES_CHANGED,
        actor=actor,
        subject=operator,
        label=str(operator.person),
        data={"before": before, "after": wanted},
    )
    return operator


@transaction.atomic
def remove_operator(*, actor: Actor, operator: Operator) -> None:
    """Take away a person's access to the organisation, at once. The last Admin stays (E5)."""
    authorize(actor, ROLE_TABLE, AccountPermission.MANAGE_OPERATORS)
    operator = _locked(actor, operator)
    _keep_one_admin(operator)
    record(AccountEvent.OPERATOR_REMOVED, actor=actor, subject=operator, label=str(operator.person))
    operator.delete()


def _checked(roles: Iterable[str]) -> list[str]:
    asked = set(roles)
    wanted = [role for role in Role.values if role in asked]
    if not wanted or asked - set(Role.values):
        raise Invalid("roles", _("Choose at least one role."), field="roles")
    return wanted


def _locked(actor: Actor, operator: Operator) -> Operator:
    """The operator as it is now, with every operator of the organisation locked in one order, so that two Admins
    who demote each other cannot both succeed."""
    rows = Operator.objects.visible_to(actor).filter(organization=operator.organization_id)
    locked = {row.pk: row for row in rows.select_for_update().order_by("pk")}
    if operator.pk not in locked:
        raise NotFound("not_found", _("This operator no longer exists."))
    if not actor.is_system:
        me = [row for row in locked.values() if row.person_id == actor.person_id]
        if not me or not me[0].is_admin:  # lost the role while waiting for the lock
            raise Refused("not_admin", _("Only an Admin of your organisation can do this."))
    return locked[operator.pk]


def _keep_one_admin(operator: Operator) -> None:
    others = Operator.objects.filter(organization=operator.organization_id, roles__contains=[Role.ADMIN])
    if operator.is_admin and not others.exclude(pk=operator.pk).exists():
        raise Conflict("last_admin", _("An organisation needs at least one Admin. Make somebody else Admin first."))

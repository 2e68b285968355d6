"""The import of operators from the old portal: who acts for which organisation (CV-2, CV-21).

A batch of them is read from the file and looked up at once (`OperatorBatch`), which says of each what its import would
do, or why it is refused; `import_operator` does it. An import takes nothing away, so a file may come in again.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actions.operators import add_operator, change_operator_roles
from accounts.actions.people import register_person
from accounts.models import ErasedAddress, ExternalIdentity, Operator, Organization, OrganizationKind, Person, Role
from accounts.policies import ROLE_TABLE, AccountPermission
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused, Conflict, NotFound
from partnerportal.lib.policies import authorize, authorize_system
from partnerportal.lib.roles import list_roles_for_kind

SOURCE = ExternalIdentity.Source.OLD_PORTAL
UNKNOWN_ORGANIZATION = gettext_lazy("No organisation has this ORGID.")
SUSPENDED = gettext_lazy("This organisation is suspended. Lift the suspension first.")
SECOND_ADDRESS = gettext_lazy("This is a secondary address of an existing person. Use their main address.")
LOCKED = gettext_lazy("This person is locked. Unlock them first.")
ERASED = gettext_lazy("This person has been erased from the portal. An import can’t bring them back.")
OWN_VENDOR = gettext_lazy("The vendor’s own operators can’t be added by uploading a file.")
OWN_PERSON = gettext_lazy("You can’t give yourself access by uploading a file.")
STAFF = gettext_lazy(
    "This person acts for the vendor. Vendor staff can’t be given access to other organisations by uploading a file."
)
FOREIGN_ID = gettext_lazy("This external ID belongs to someone else.")


@dataclass(frozen=True, kw_only=True)
class ImportedOperator:
    """An operator as a file of the old portal describes them, in values that are well-formed.

    The address is in lower case. `external_id` is the id that the old portal gave to the person, or "".
    """

    org_id: str
    email: str
    roles: frozenset[Role]
    name: str
    language: str
    external_id: str


@dataclass(frozen=True)
class OperatorImportPlan:
    """What the import of an operator would do.

    `kept` are the roles that the person has in the organisation already, and `added` those that they get besides.
    `empties_account` says that somebody has signed up with the address and never proved it.
    """

    organization: Organization
    kept: list[Role]
    added: list[Role]
    adds_external_id: bool
    empties_account: bool

    @property
    def is_new(self) -> bool:
        """Whether the person does not act for the organisation yet."""
        return not self.kept

    @property
    def changes_something(self) -> bool:
        """Whether the import would change anything at all."""
        return bool(self.added) or self.adds_external_id


class OperatorBatch:
    """A batch of imported operators, with what the portal knows of the organisations and persons that it names.

    Creating it asks the database, a few times for the whole batch, as the system: nobody else sees the operators of
    others. `remember` tells it of an operator that is in now, so that a later one of the batch may rest on it.
    """

    def __init__(self, actor: Actor, operators: Collection[ImportedOperator]) -> None:
        authorize_system(actor)
        self._principal = actor.on_behalf_of
        emails = {operator.email for operator in operators}
        org_ids = {operator.org_id for operator in operators}
        external_ids = {operator.external_id for operator in operators} - {""}
        self._organizations = {row.org_id: row for row in Organization.objects.filter(org_id__in=org_ids)}
        self._people = {person.email: person for person in Person.objects.filter(email__in=emails)}
        self._look_up_accounts(emails)
        self._look_up_operators(emails)
        known = ExternalIdentity.objects.filter(source=SOURCE, external_id__in=external_ids)
        self._owners = dict(known.values_list("external_id", "person__email"))
        self._erased = ErasedAddress.objects.list_erased(emails - self._people.keys())

    def _look_up_accounts(self, emails: set[str]) -> None:
        proved = EmailAddress.objects.filter(email__in=emails, verified=True).values_list("email", "user__email")
        self._proved = {email for email, main in proved if email == main}
        self._second = {email for email, main in proved if email != main}
        devices = Authenticator.objects.filter(user__in=[person.pk for person in self._people.values()])
        self._has_device = set(devices.values_list("user_id", flat=True))

    def _look_up_operators(self, emails: set[str]) -> None:
        known = Operator.objects.filter(person__email__in=emails).select_related("organization", "person")
        self._roles = {(row.organization.org_id, row.person.email): frozenset(row.roles) for row in known}
        self._staff = {row.person.email for row in known if row.organization.kind == OrganizationKind.VENDOR}

    def find_organization_key(self, operator: object) -> int:
        """Return the primary key of an operator's organisation, or 0 if it is unknown or this is no operator."""
        known = self._organizations.get(operator.org_id) if isinstance(operator, ImportedOperator) else None
        return known.pk if known else 0

    def plan(self, operator: ImportedOperator) -> OperatorImportPlan:
        """Return what the import of an operator would do.

        Raises NotFound for an unknown ORGID, and ActionRefused if the operator may not come in.
        """
        organization = self._organizations.get(operator.org_id)
        if organization is None:
            raise NotFound("unknown_organization", UNKNOWN_ORGANIZATION)
        self._refuse_organization(organization, operator.roles)
        self._refuse_person(operator)
        if self._principal:
            self._refuse_upload(self._principal, organization, operator.email)
        if self._owners.get(operator.external_id, operator.email) != operator.email:
            raise ActionRefused("foreign_external_id", FOREIGN_ID)
        present = self._roles.get((operator.org_id, operator.email), frozenset())
        return OperatorImportPlan(
            organization=organization,
            kept=[role for role in Role if role in present],
            added=[role for role in Role if role in operator.roles - present],
            adds_external_id=bool(operator.external_id) and operator.external_id not in self._owners,
            empties_account=self._is_strangers_account(operator.email),
        )

    def _refuse_organization(self, organization: Organization, roles: frozenset[Role]) -> None:
        if organization.is_suspended:
            raise ActionRefused("suspended", SUSPENDED)
        possible = list_roles_for_kind(organization.kind)
        if not roles.issubset(possible):
            names = formats.join_names(role.label for role in possible)
            message = _("Organisations of this type only have these roles: %(roles)s.")
            raise ActionRefused("roles", message % {"roles": names})

    def _refuse_person(self, operator: ImportedOperator) -> None:
        if operator.email in self._second:
            raise ActionRefused("further_address", SECOND_ADDRESS)
        if operator.email in self._erased:
            raise ActionRefused("erased", ERASED)
        person = self._people.get(operator.email)
        if person and not person.is_active:
            raise ActionRefused("locked", LOCKED)

    def _refuse_upload(self, principal: Actor, organization: Organization, email: str) -> None:
        """Refuse whom staff at the command line alone may add.

        Otherwise one of the vendor's Admins could look at any customer's data, which nothing but consent shows to the
        vendor (E-14).
        """
        person = self._people.get(email)
        if organization.kind == OrganizationKind.VENDOR:
            raise ActionRefused("own_vendor", OWN_VENDOR)
        if person and person.pk == principal.person_id:
            raise ActionRefused("own_person", OWN_PERSON)
        if email in self._staff:
            raise ActionRefused("vendor_staff", STAFF)

    def _is_strangers_account(self, email: str) -> bool:
        """Return whether `register_person` would empty this account (`reset_unverified_account`)."""
        person = self._people.get(email)
        if person is None or email in self._proved:
            return False
        return person.has_usable_password() or person.pk in self._has_device

    def remember(self, operator: ImportedOperator) -> None:
        """Take into account, for later operators of the batch, that this one is in, or would be."""
        key = operator.org_id, operator.email
        self._roles[key] = self._roles.get(key, frozenset()) | operator.roles
        self._proved.add(operator.email)
        if operator.external_id:
            self._owners[operator.external_id] = operator.email


@transaction.atomic
def import_operator(*, actor: Actor, organization: Organization, operator: ImportedOperator) -> Operator:
    """Let a person of the old portal act for an organisation, on behalf of vendor staff; return the stored operator.

    The person is registered if nobody has the address, and the address counts as verified: staff vouch for it, and an
    account that somebody else may have signed up with it is emptied first (`register_person`). Roles and finance sight
    that the person has there stay. The external id is kept for a later sign-in. Events and mails are those of
    `add_operator` and `change_operator_roles`. Raises what these and `register_person` raise, and
    Conflict("foreign_external_id") for an external id that somebody else has.
    """
    authorize_system(actor)
    if actor.on_behalf_of:
        authorize(actor.on_behalf_of, ROLE_TABLE, AccountPermission.IMPORT_OPERATORS)
    person = register_person(
        actor=actor, email=operator.email, name=operator.name, language=operator.language, verified=True
    ).person
    stored = Operator.objects.select_for_update().filter(organization=organization, person=person).first()
    if stored is None:
        given: dict[str, Any] = {"organization": organization, "person": person, "roles": operator.roles}
        # Whoever comes in at this moment by themselves keeps the roles that they got. Thousands of mails may follow,
        # which wait for those with codes (`queue_secret_mail`).
        stored = add_operator(actor=actor, keep_roles=True, **given)
    elif not operator.roles.issubset(stored.roles):
        stored = change_operator_roles(
            actor=actor,
            operator=stored,
            roles=operator.roles.union(stored.roles),
            finance_granted=stored.finance_granted,
        )
    if operator.external_id:
        _keep_external_id(person, operator.external_id)
    return stored


def _keep_external_id(person: Person, external_id: str) -> None:
    identity, _created = ExternalIdentity.objects.get_or_create(
        source=SOURCE, external_id=external_id, defaults={"person": person}
    )
    if identity.person_id != person.pk:
        raise Conflict("foreign_external_id", FOREIGN_ID)

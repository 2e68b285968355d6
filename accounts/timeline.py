"""The words of the activity log for organisations, operators and persons."""

from django.utils.translation import gettext_lazy as _

from accounts.events import AccountEventKind as Kind
from notifications.models import Event
from notifications.timeline import (
    ActivityDescription,
    ActivityTopic,
    register_activity_descriptions,
    register_changed_fields,
)
from partnerportal.lib.roles import Role


def _program(event: Event) -> dict[str, str]:
    return {"program": str(event.data.get("program", ""))}


def register_account_words() -> None:
    """Register how the activity log shows the events of this app."""
    register_activity_descriptions(
        ActivityTopic.ACCOUNT,
        {
            Kind.ORGANIZATION_CREATED: ActivityDescription("building-2", _("%(subject)s was created")),
            Kind.CONTACT_CHANGED: ActivityDescription("pencil", _("Contact details were changed")),
            Kind.IDENTITY_CORRECTED: ActivityDescription("pencil", _("Verified details of %(subject)s were changed")),
            Kind.SUSPENDED: ActivityDescription("ban", _("%(subject)s was suspended")),
            Kind.REACTIVATED: ActivityDescription("circle-check", _("%(subject)s was reactivated")),
            Kind.PARTNER_MOVED: ActivityDescription("list-tree", _("%(subject)s was moved to another distributor")),
            Kind.ACCOUNT_MANAGER_CHANGED: ActivityDescription(
                "headset", _("The account manager of %(counterpart)s was changed")
            ),
            Kind.SECOND_FACTOR_RULE_CHANGED: ActivityDescription(
                "shield-check", _("The rule on a second factor was changed")
            ),
            Kind.DOMAIN_ADDED: ActivityDescription("plus", _("The domain %(subject)s was added")),
            Kind.DOMAIN_CONFIRMED: ActivityDescription("badge-check", _("The domain %(subject)s was confirmed")),
            Kind.DOMAIN_PROVED: ActivityDescription("check", _("The domain %(subject)s was proved")),
            Kind.DOMAIN_LAPSED: ActivityDescription("triangle-alert", _("The domain %(subject)s is no longer proved")),
            Kind.DOMAIN_REMOVED: ActivityDescription("trash-2", _("The domain %(subject)s was removed")),
            Kind.QUALIFICATIONS_CHANGED: ActivityDescription(
                "badge-check", _("Competencies and skills of %(subject)s were changed")
            ),
            Kind.QUALIFICATION_ADDED: ActivityDescription("plus", _("%(subject)s was added to the qualifications")),
            Kind.QUALIFICATION_CHANGED: ActivityDescription("pencil", _("The qualification %(subject)s was changed")),
            Kind.MEMBERSHIP_CHANGED: ActivityDescription(
                "badge-check", _("Membership of %(subject)s in %(program)s was changed"), _program
            ),
        },
    )
    register_activity_descriptions(
        ActivityTopic.PEOPLE,
        {
            Kind.OPERATOR_ADDED: ActivityDescription("user-plus", _("%(subject)s was added as an operator")),
            Kind.OPERATOR_ROLES_CHANGED: ActivityDescription("badge-check", _("Roles of %(subject)s were changed")),
            Kind.OPERATOR_REMOVED: ActivityDescription("user-minus", _("%(subject)s was removed from the operators")),
            Kind.PERSON_RESET: ActivityDescription("key-round", _("The sign-in of %(subject)s was reset")),
            Kind.PERSON_LOCKED: ActivityDescription("lock", _("%(subject)s was locked out")),
            Kind.PERSON_UNLOCKED: ActivityDescription("circle-check", _("%(subject)s was let in again")),
            Kind.PERSON_ADDRESS_CHANGED: ActivityDescription("mail", _("The email address %(subject)s was replaced")),
            Kind.PERSON_ERASED: ActivityDescription("trash-2", _("A person was erased")),
        },
    )
    register_activity_descriptions(
        ActivityTopic.FILES,
        {Kind.VIEW_SHARED: ActivityDescription("bookmark", _("The view “%(subject)s” was shared"))},
    )
    register_changed_fields(
        {
            "roles": _("Roles"),
            "finance_granted": _("May see customers’ orders and prices"),
            "is_account_manager": _("Account manager"),
            "name": _("Name"),
            "country": _("Country"),
            "street": _("Street"),
            "postal_code": _("Postal code"),
            "city": _("City"),
            "phone": _("Phone"),
            "contact_email": _("Email"),
            "website": _("Web domain"),
            "tenant_id": _("Tenant ID"),
            "partner_id": _("Partner ID"),
            "parent": _("Distributor"),
            "state": _("State"),
            "starts_on": _("From"),
            "ends_on": _("Until"),
            "competencies": _("Competencies"),
            "skills": _("Skills"),
            "is_retired": _("Retired"),
        },
        words={
            "roles": {role.value: role.label for role in Role},
            "state": {"active": _("Active"), "suspended": _("Suspended")},
        },
    )

"""The words of the activity log for organisations, operators and persons."""

import datetime as dt
from collections.abc import Mapping

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.events import AccountEventKind as Kind
from accounts.events import PartnerNewsKind
from notifications.models import Event
from notifications.timeline import (
    ActivityDescription,
    ActivityTopic,
    build_change_rows,
    register_activity_descriptions,
    register_changed_fields,
)
from partnerportal.lib.formats import format_date, join_names
from partnerportal.lib.roles import Role
from partnerportal.lib.text import make_single_line


def _name_program(event: Event) -> Mapping[str, str]:
    return {"program": event.data.get("program", "")}


def _describe_dates(event: Event) -> str:
    ends_on = event.data.get("ends_on")
    if not ends_on:
        return gettext("no end date")
    return gettext("until %(day)s") % {"day": format_date(dt.date.fromisoformat(ends_on))}


def _describe_move(event: Event) -> str:
    before, after = event.changes.get("parent", (None, None))
    return f"{before or '–'} → {after or '–'}"


def _list_fields(event: Event) -> str:
    return join_names(row.label for row in build_change_rows(event))


def _quote_note(event: Event) -> str:
    return make_single_line(event.note)


# What the vendor's staff do with an organisation, whose page at the vendor's shows it too.
_BY_THE_VENDOR: dict[str, ActivityDescription] = {
    Kind.ORGANIZATION_CREATED: ActivityDescription("plus", _("%(counterpart)s was registered")),
    Kind.FIRST_ADMIN_INVITED: ActivityDescription("send", _("The first Admin of %(counterpart)s was invited")),
    Kind.IDENTITY_CORRECTED: ActivityDescription(
        "pencil", _("The verified details of %(counterpart)s were corrected"), detail=_list_fields
    ),
    Kind.SUSPENDED: ActivityDescription("lock", _("%(counterpart)s was suspended"), detail=_quote_note),
    Kind.REACTIVATED: ActivityDescription("check", _("The suspension of %(counterpart)s was lifted")),
    Kind.PARTNER_MOVED: ActivityDescription(
        "building-2", _("%(counterpart)s moved to another distributor"), detail=_describe_move
    ),
    Kind.ACCOUNT_MANAGER_CHANGED: ActivityDescription("users", _("The account manager of %(counterpart)s was changed")),
    Kind.QUALIFICATIONS_CHANGED: ActivityDescription(
        "list-tree", _("The competencies and skills of %(counterpart)s were changed")
    ),
    Kind.MEMBERSHIP_CHANGED: ActivityDescription(
        "badge-check",
        _("Membership dates were set for %(counterpart)s: %(program)s"),
        values=_name_program,
        detail=_describe_dates,
    ),
}

# The same, as the distributor above a partner reads it in its log and on the partner's page.
_OF_PARTNERS: dict[str, ActivityDescription] = {
    PartnerNewsKind.REGISTERED: ActivityDescription("plus", _("The vendor registered %(subject)s as your partner")),
    PartnerNewsKind.ARRIVED: ActivityDescription("building-2", _("The vendor moved %(subject)s to your organisation")),
    PartnerNewsKind.LEFT: ActivityDescription(
        "building-2", _("The vendor moved %(subject)s away from your organisation")
    ),
    PartnerNewsKind.SUSPENDED: ActivityDescription("lock", _("The vendor suspended %(subject)s")),
    PartnerNewsKind.REACTIVATED: ActivityDescription("check", _("The vendor lifted the suspension of %(subject)s")),
    PartnerNewsKind.MEMBERSHIP_CHANGED: ActivityDescription(
        "badge-check",
        _("Membership dates were set for %(subject)s: %(program)s"),
        values=_name_program,
        detail=_describe_dates,
    ),
}


def register_account_words() -> None:
    """Register how the activity log shows the events of this app."""
    register_activity_descriptions(ActivityTopic.ACCOUNT, _BY_THE_VENDOR | _OF_PARTNERS, are_customer_news=True)
    register_activity_descriptions(
        ActivityTopic.ACCOUNT,
        {
            Kind.CONTACT_CHANGED: ActivityDescription("pencil", _("The contact details were changed")),
            Kind.ONBOARDING_CHANGED: ActivityDescription(
                "settings-2", _("The confirmation rule for new partners of %(counterpart)s was changed")
            ),
            Kind.SECOND_FACTOR_RULE_CHANGED: ActivityDescription(
                "shield-check", _("The two-factor authentication rule was changed")
            ),
            Kind.DOMAIN_ADDED: ActivityDescription("plus", _("The domain %(subject)s was added")),
            Kind.DOMAIN_CONFIRMED: ActivityDescription("badge-check", _("The domain %(subject)s was confirmed")),
            Kind.DOMAIN_CONFIRMATION_WITHDRAWN: ActivityDescription(
                "ban", _("The confirmation of the domain %(subject)s was withdrawn")
            ),
            Kind.DOMAIN_PROVED: ActivityDescription("check", _("The domain %(subject)s was verified")),
            Kind.DOMAIN_LAPSED: ActivityDescription(
                "triangle-alert", _("The verification of the domain %(subject)s lapsed")
            ),
            Kind.DOMAIN_REMOVED: ActivityDescription("trash-2", _("The domain %(subject)s was removed")),
            Kind.QUALIFICATION_ADDED: ActivityDescription("plus", _("The qualification %(subject)s was added")),
            Kind.QUALIFICATION_CHANGED: ActivityDescription("pencil", _("The qualification %(subject)s was changed")),
        },
    )
    register_activity_descriptions(
        ActivityTopic.PEOPLE,
        {
            Kind.OPERATOR_ADDED: ActivityDescription("user-plus", _("%(subject)s was added as an operator")),
            Kind.OPERATOR_ROLES_CHANGED: ActivityDescription("badge-check", _("The roles of %(subject)s were changed")),
            Kind.OPERATOR_REMOVED: ActivityDescription("user-minus", _("%(subject)s was removed as an operator")),
            Kind.OPERATOR_INVITED: ActivityDescription("send", _("%(subject)s was invited as an operator")),
            Kind.OPERATOR_INVITED_AGAIN: ActivityDescription(
                "send", _("The invitation for %(subject)s was sent again")
            ),
            Kind.OPERATOR_LINK_COPIED: ActivityDescription("copy", _("The invitation link for %(subject)s was copied")),
            Kind.OPERATOR_INVITATION_WITHDRAWN: ActivityDescription(
                "ban", _("The invitation for %(subject)s was withdrawn")
            ),
            Kind.JOIN_REQUESTED: ActivityDescription("user-plus", _("%(subject)s asked to join")),
            Kind.JOIN_GRANTED: ActivityDescription(
                "user-check", _("The request to join from %(subject)s was accepted")
            ),
            Kind.JOIN_DECLINED: ActivityDescription("circle-x", _("The request to join from %(subject)s was declined")),
            Kind.PERSON_RESET: ActivityDescription("key-round", _("The sign-in details of %(subject)s were reset")),
            Kind.PERSON_LOCKED: ActivityDescription("lock", _("%(subject)s was locked")),
            Kind.PERSON_UNLOCKED: ActivityDescription("circle-check", _("%(subject)s was unlocked")),
            Kind.PERSON_ADDRESS_CHANGED: ActivityDescription("mail", _("The email address %(subject)s was replaced")),
            Kind.PERSON_ERASED: ActivityDescription("trash-2", _("A person was erased from the portal")),
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
            "onboards_partners_at_once": _("Membership without confirmation"),
        },
        words={
            "roles": {role.value: role.label for role in Role},
            "state": {"active": _("Active"), "suspended": _("Suspended")},
        },
    )

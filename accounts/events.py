from enum import StrEnum


class AccountEventKind(StrEnum):
    """The kinds of events that actions on organisations, operators and persons record."""

    ORGANIZATION_CREATED = "organization.created"
    CONTACT_CHANGED = "organization.contact_changed"
    IDENTITY_CORRECTED = "organization.identity_corrected"
    SUSPENDED = "organization.suspended"
    REACTIVATED = "organization.reactivated"
    PARTNER_MOVED = "partner.moved"
    ACCOUNT_MANAGER_CHANGED = "account_manager.changed"
    QUALIFICATIONS_CHANGED = "qualifications.changed"
    QUALIFICATION_ADDED = "qualification.added"  # to the vendor's catalogue
    QUALIFICATION_CHANGED = "qualification.changed"
    FIRST_ADMIN_INVITED = "organization.first_admin_invited"  # by vendor staff
    ONBOARDING_CHANGED = "distributor.onboarding_changed"
    MEMBERSHIP_CHANGED = "membership.changed"
    OPERATOR_ADDED = "operator.added"
    OPERATOR_ROLES_CHANGED = "operator.roles_changed"
    OPERATOR_REMOVED = "operator.removed"
    OPERATOR_INVITED = "operator_invitation.sent"
    OPERATOR_INVITED_AGAIN = "operator_invitation.sent_again"
    OPERATOR_LINK_COPIED = "operator_invitation.link_copied"
    OPERATOR_INVITATION_WITHDRAWN = "operator_invitation.withdrawn"
    SECOND_FACTOR_RULE_CHANGED = "organization.second_factor_rule_changed"
    DOMAIN_ADDED = "domain.added"
    DOMAIN_CONFIRMED = "domain.confirmed"  # by vendor staff
    DOMAIN_CONFIRMATION_WITHDRAWN = "domain.confirmation_withdrawn"  # by vendor staff
    DOMAIN_PROVED = "domain.proved"
    DOMAIN_LAPSED = "domain.lapsed"
    DOMAIN_REMOVED = "domain.removed"
    JOIN_REQUESTED = "join.requested"
    JOIN_GRANTED = "join.granted"
    JOIN_DECLINED = "join.declined"
    VIEW_SHARED = "view.shared"
    PERSON_RESET = "person.reset"
    PERSON_LOCKED = "person.locked"
    PERSON_UNLOCKED = "person.unlocked"
    PERSON_ADDRESS_CHANGED = "person.address_changed"  # recorded by a trigger; its label is the former address
    PERSON_ERASED = "person.erased"


class PartnerNewsKind(StrEnum):
    """The kinds of events by which a distributor reads what the vendor did with a partner of it.

    Jobs record them (`actions.partner_news`). The counterpart is the distributor, and the subject is the partner.
    """

    REGISTERED = "partner.registered"
    ARRIVED = "partner.arrived"
    LEFT = "partner.left"
    SUSPENDED = "partner.suspended"
    REACTIVATED = "partner.reactivated"
    MEMBERSHIP_CHANGED = "partner.membership_changed"

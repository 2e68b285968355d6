from accounts.actions.attempts import (
    Attempt,
    asks_for_mailed_code,
    forget_old_attempts,
    note_failed_attempt,
    tell_owners,
)
from accounts.actions.operators import add_operator, change_roles, remove_operator
from accounts.actions.organizations import (
    NAME_IS_VERIFIED,
    create_own_organization,
    grant_membership,
    register_organization,
    update_contact,
)
from accounts.actions.people import (
    Registration,
    delete_unverified,
    end_sessions,
    lock_person,
    refuse_further_address,
    register_person,
    start_from_nothing,
    sweep_session_records,
    unlock_person,
    update_preferences,
)
from accounts.actions.personal_data import erase_person, export_person

__all__ = [
    "NAME_IS_VERIFIED",
    "Attempt",
    "Registration",
    "add_operator",
    "asks_for_mailed_code",
    "change_roles",
    "create_own_organization",
    "delete_unverified",
    "end_sessions",
    "erase_person",
    "export_person",
    "forget_old_attempts",
    "grant_membership",
    "lock_person",
    "note_failed_attempt",
    "refuse_further_address",
    "register_organization",
    "register_person",
    "remove_operator",
    "start_from_nothing",
    "sweep_session_records",
    "tell_owners",
    "unlock_person",
    "update_contact",
    "update_preferences",
]

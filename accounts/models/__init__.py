from accounts.models.attempts import FailedAttempts
from accounts.models.lists import ListSettings, SavedView
from accounts.models.operator import Operator
from accounts.models.organization import Kind, Organization
from accounts.models.person import Person, Theme
from accounts.models.program import Feature, Program, ProgramMembership
from partnerportal.lib.roles import Role

__all__ = [
    "FailedAttempts",
    "Feature",
    "Kind",
    "ListSettings",
    "Operator",
    "Organization",
    "Person",
    "Program",
    "ProgramMembership",
    "Role",
    "SavedView",
    "Theme",
]

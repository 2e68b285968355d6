from accounts.models.attempts import FailedAttempts
from accounts.models.domain import OrganizationDomain
from accounts.models.identity import ErasedAddress, ExternalIdentity
from accounts.models.invitation import OperatorInvitation, OperatorInvitationToken
from accounts.models.joining import JoinRequest
from accounts.models.lists import ListSettings, SavedView
from accounts.models.operator import Operator
from accounts.models.organization import Organization, OrganizationKind
from accounts.models.person import Person, Theme
from accounts.models.program import Program, ProgramFeature, ProgramMembership
from accounts.models.qualification import Competency, OrganizationCompetency, OrganizationSkill, Skill
from accounts.models.requests import IdempotentRequest
from accounts.models.vacancy import AdminVacancy
from partnerportal.lib.roles import Role

__all__ = [
    "AdminVacancy",
    "Competency",
    "ErasedAddress",
    "ExternalIdentity",
    "FailedAttempts",
    "IdempotentRequest",
    "JoinRequest",
    "ListSettings",
    "Operator",
    "OperatorInvitation",
    "OperatorInvitationToken",
    "Organization",
    "OrganizationCompetency",
    "OrganizationDomain",
    "OrganizationKind",
    "OrganizationSkill",
    "Person",
    "Program",
    "ProgramFeature",
    "ProgramMembership",
    "Role",
    "SavedView",
    "Skill",
    "Theme",
]

"""Invitations of operators: of a person, by their address, to act for an organisation in certain roles (CV-18)."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from partnerportal.lib.actors import Actor
from partnerportal.lib.mailed_invitations import MailedInvitation, MailedInvitationToken
from partnerportal.lib.roles import Role
from partnerportal.lib.visible_rows import TenantQuerySet


class OperatorInvitationQuerySet(TenantQuerySet):
    """A queryset of invitations of operators: an actor sees those that its own organisation has sent."""

    def rows_for(self, actor: Actor) -> "OperatorInvitationQuerySet":
        return self.filter(organization=actor.organization_id)


class OperatorInvitation(MailedInvitation):
    """An invitation to act for an organisation: whoever accepts it becomes its operator with these roles."""

    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    roles = ArrayField(models.CharField(max_length=16, choices=Role))
    finance_granted = models.BooleanField(default=False)  # as Operator.finance_granted

    objects = OperatorInvitationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = (
            models.CheckConstraint(
                condition=Q(roles__contained_by=Role.values) & ~Q(roles=[]), name="operator_invitation_roles"
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at=None) | ~Q(state="open") & Q(closed_at__isnull=False),
                name="operator_invitation_closed",
            ),
        )
        indexes: ClassVar = (
            models.Index(fields=["email"], name="operator_invitation_by_email"),
            models.Index(fields=["expires_at"], name="operator_invitation_by_end"),
        )


class OperatorInvitationToken(MailedInvitationToken):
    """The token in one of the links of an invitation of an operator."""

    invitation = models.ForeignKey(OperatorInvitation, models.CASCADE, related_name="tokens")

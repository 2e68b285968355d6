"""Operators: persons who act for organisations, and their roles (E-5)."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from partnerportal.lib.actors import Actor
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.roles import SEE_FINANCE, Role
from partnerportal.lib.visible_rows import TenantQuerySet


class OperatorQuerySet(TenantQuerySet):
    """A queryset of operators: an actor sees the operators of its own organisation."""

    def rows_for(self, actor: Actor) -> "OperatorQuerySet":
        return self.filter(organization=actor.organization_id)  # OWN: nobody sees another organisation's staff

    def of_working_admins(self) -> "OperatorQuerySet":
        """Return the Admins among them who can do something: who is locked out is none in this sense (E-5)."""
        return self.filter(roles__contains=[Role.ADMIN], person__is_active=True)


class Operator(PublicIdModel):
    """A person acting for one organisation in at least one role; at most one row per person and organisation."""

    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="operators")
    person = models.ForeignKey("accounts.Person", models.CASCADE, related_name="operators")
    roles = ArrayField(models.CharField(max_length=16, choices=Role))
    finance_granted = models.BooleanField(default=False)  # whether an Admin lets them see finance: see `sees_finance`
    created_at = models.DateTimeField(default=timezone.now)

    objects = OperatorQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = (
            models.UniqueConstraint(fields=["organization", "person"], name="operator_once"),
            models.CheckConstraint(
                condition=Q(roles__contained_by=Role.values) & ~Q(roles=[]), name="operator_roles_known"
            ),
        )

    @property
    def sees_finance(self) -> bool:
        """Whether the person sees orders and prices of customers: by one of their roles, or by grant (E-13)."""
        return self.finance_granted or not SEE_FINANCE.isdisjoint(self.roles)

    @property
    def lacks_second_factor(self) -> bool:
        """Whether the organisation requires a second factor and the person has set up none.

        It can be asked of an operator from `list_operators_of_person` alone, which reads what the person has.
        """
        return self.organization.requires_second_factor and not self.has_second_factor  # type: ignore[attr-defined]

    @property
    def is_admin(self) -> bool:
        """Whether Admin is one of the person's roles in the organisation."""
        return Role.ADMIN in self.roles

"""Requests of persons to be let into an organisation that has proved the domain of their address."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from partnerportal.lib.actors import Actor
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.roles import Role
from partnerportal.lib.visible_rows import TenantQuerySet


class JoinRequestQuerySet(TenantQuerySet):
    """A queryset of requests to join: Admins see those to their organisation."""

    def rows_for(self, actor: Actor) -> "JoinRequestQuerySet":
        if Role.ADMIN not in actor.roles:
            return self.none()  # they tell who has an account here: nobody but who decides
        return self.filter(organization=actor.organization_id)


class JoinRequest(PublicIdModel):
    """A person's request that an organisation's Admins let them in; at most one open for person and organisation."""

    class State(models.TextChoices):
        """Whether the Admins have answered, and what."""

        OPEN = "open"
        ADDED = "added"  # the person is an operator
        DECLINED = "declined"

    MOVES: ClassVar = {State.OPEN: {State.ADDED, State.DECLINED}, State.ADDED: set(), State.DECLINED: set()}
    BEGINS = State.OPEN

    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="join_requests")
    person = models.ForeignKey("accounts.Person", models.CASCADE, related_name="join_requests")
    domain = models.CharField(max_length=253)  # by which they may ask
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    created_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, editable=False)

    objects = JoinRequestQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(state__in=["open", "added", "declined"]), name="join_request_state"),
            models.CheckConstraint(
                condition=Q(state="open", decided_at=None) | (~Q(state="open") & Q(decided_at__isnull=False)),
                name="join_request_decided",
            ),
            models.UniqueConstraint(
                fields=["organization", "person"], condition=Q(state="open"), name="join_request_one_open"
            ),
        )
        indexes = (models.Index(fields=["created_at"], name="join_request_age"),)

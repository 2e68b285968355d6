"""Requests of the API that carried an idempotency key, with their responses."""

from django.db import models
from django.utils import timezone

from accounts.models.organization import Organization
from partnerportal.lib.actors import Actor
from partnerportal.lib.visible_rows import TenantQuerySet


class IdempotentRequestQuerySet(TenantQuerySet):
    """A queryset of requests with an idempotency key. An actor sees those that the acting person has sent."""

    def rows_for(self, actor: Actor) -> "IdempotentRequestQuerySet":
        return self.filter(person_id=actor.person_id)


class IdempotentRequest(models.Model):
    """A POST of the API that one person sent with an idempotency key, and the response to it.

    The row is stored in the transaction that does what the request asks for, so a request that failed has none.
    """

    person_id = models.BigIntegerField()
    organization = models.ForeignKey(  # for which the person acted, or null
        Organization, models.CASCADE, related_name="+", null=True, db_index=False
    )
    key = models.CharField(max_length=120)
    digest = models.CharField(max_length=64)  # of the request's URL and content
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    response = models.TextField(blank=True)  # JSON, encrypted, as it may hold names and secrets
    created_at = models.DateTimeField(default=timezone.now)

    objects = IdempotentRequestQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["person_id", "organization", "key"], name="idempotent_request_once", nulls_distinct=False
            ),
        )
        indexes = (models.Index(fields=["created_at"], name="idempotent_request_age"),)

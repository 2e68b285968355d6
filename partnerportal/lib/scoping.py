"""Whose rows an actor sees. Every tenant-owned model's queryset is a TenantQuerySet and defines `scope`."""

from typing import Self, TypeVar
from uuid import UUID

from django.db import models
from django.db.models import OuterRef, Q

from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import NotFound

M = TypeVar("M", bound=models.Model)


class TenantQuerySet(models.QuerySet):
    def visible_to(self, actor: Actor) -> Self:
        """The rows the actor may see: all for the system, none without an organisation, else `scope`."""
        if actor.is_system:
            return self.all()
        if actor.organization_id is None:
            return self.none()
        return self.scope(actor)

    def scope(self, actor: Actor) -> Self:
        """One readable line: OWN (the actor's organisation) or REACH (organisations that share with it)."""
        raise NotImplementedError(f"{type(self).__name__} does not say whose rows are seen")


def in_reach(actor: Actor, column: str) -> Q:
    """Where an alternative stands beside the reach: asked by its index for each row. With an IN beside an OR PostgreSQL
    would read the whole reach for one row."""
    (reached,) = actor.reach.query.values_select
    return Q(models.Exists(actor.reach.filter(**{reached: OuterRef(column)})))


def by_public_id(rows: models.QuerySet[M], public_id: UUID) -> M:
    """The one of these rows, or NotFound: absent and not visible look the same."""
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise NotFound("not_found", "")
    return found

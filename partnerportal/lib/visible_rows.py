"""The first of two locks: whose rows an actor sees. The second is row-level security (`lib/tenancy.py`)."""

from typing import Self, TypeVar
from uuid import UUID

from django.db import models
from django.db.models import OuterRef, Q

from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import NotFound

M = TypeVar("M", bound=models.Model)


class TenantQuerySet(models.QuerySet):
    """The base of every tenant-owned model's queryset, which defines `rows_for`."""

    def visible_to(self, actor: Actor) -> Self:
        """Return the rows that the actor may see: all for the system, none without an organisation, else `rows_for`."""
        if actor.is_system:
            return self.all()
        if actor.organization_id is None:
            return self.none()
        return self.rows_for(actor)

    def rows_for(self, actor: Actor) -> Self:
        """Return the rows that the actor's organisation sees, in one readable line of the subclass.

        They are OWN (the organisation's) or REACH (those of organisations that share with it). Raises
        NotImplementedError where the subclass says nothing, so that a forgotten method shows no rows.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say whose rows are seen")


def in_reach(actor: Actor, column: str, scopes: str) -> Q:
    """Return the condition that the organisation in `column` shares the scopes in the column `scopes` with the actor.

    It is for use as one side of an OR: it looks each row up by an index. For an IN beside an OR, PostgreSQL would read
    the whole reach for each row.
    """
    reach = actor.reach(OuterRef(scopes))
    (reached,) = reach.query.values_select
    return Q(models.Exists(reach.filter(**{reached: OuterRef(column)})))


def by_public_id(rows: models.QuerySet[M], public_id: UUID) -> M:
    """Return the row with that public id. Raises NotFound if it is absent or not visible, which look the same."""
    row = rows.filter(public_id=public_id).first()
    if row is None:
        raise NotFound("not_found", "")
    return row

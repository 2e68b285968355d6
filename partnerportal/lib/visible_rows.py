"""The first of two locks: whose rows an actor sees. The second is row-level security (`lib/tenancy.py`)."""

import re
from collections.abc import Iterable
from typing import Self, TypeVar
from uuid import UUID

from django.db import models
from django.db.models import OuterRef, Q

from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import NotFound

M = TypeVar("M", bound=models.Model)
PUBLIC_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class TenantQuerySet(models.QuerySet):
    """The base of querysets for models whose rows belong to organisations. Subclasses define `rows_for`."""

    def visible_to(self, actor: Actor) -> Self:
        """Return the rows that the actor may see.

        They are all rows for the system, none for an actor without an organisation, and otherwise what `rows_for` says.
        """
        if actor.is_system:
            return self.all()
        if actor.organization_id is None:
            return self.none()
        return self.rows_for(actor)

    def rows_for(self, actor: Actor) -> Self:
        """Return the rows that the actor's organisation may see. Each subclass must override this.

        They are the organisation's own, or those of organisations that share with it. The base raises
        NotImplementedError, so that a forgotten method shows no rows.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say whose rows are seen")


def make_reach_condition(actor: Actor, column: str, scopes: str) -> Q:
    """Return a queryset condition (Q) for rows of organisations that share certain data with the actor.

    `column` names the column with the organisation, and `scopes` the column with what it must share. Use it as one side
    of an OR: it looks up each row by an index, whereas for an IN beside an OR, PostgreSQL would list all sharing
    organisations for each row.
    """
    reach = actor.reach(OuterRef(scopes))
    (reached,) = reach.query.values_select
    return Q(models.Exists(reach.filter(**{reached: OuterRef(column)})))


def get_by_public_id(rows: models.QuerySet[M], public_id: UUID) -> M:
    """Return the row of the queryset with that public id, or raise NotFound.

    Pass only rows that the actor may see: what is absent and what is not visible then get the same answer.
    """
    row = rows.filter(public_id=public_id).first()
    if row is None:
        raise NotFound("not_found", "")
    return row


def parse_public_ids(texts: Iterable[str]) -> list[UUID]:
    """Return the public ids that these texts are, with or without hyphens; what is none is left out."""
    return [UUID(text) for text in texts if PUBLIC_ID.fullmatch(text)]

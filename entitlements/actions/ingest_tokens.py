"""Credentials of the vendor's systems, made and ended at the command line."""

from django.db import transaction
from django.utils import timezone

from entitlements.models import IngestToken
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict, Invalid, NotFound
from partnerportal.lib.policies import authorize_staff
from partnerportal.lib.text import one_line
from partnerportal.lib.tokens import digest_of, new_token

PREFIX = 8  # characters by which it is recognised


@transaction.atomic
def create_ingest_token(*, actor: Actor, name: str) -> str:
    """The secret, which nobody can be told again."""
    authorize_staff(actor)
    name = one_line(name)
    if not name or len(name) > 80:
        raise Invalid("name", "Give a name of 1 to 80 characters.")
    secret = new_token()
    row = IngestToken(name=name, digest=digest_of(secret), prefix=secret[:PREFIX])
    if not IngestToken.objects.filter(name=name).exists():
        row.save(force_insert=True)
        return secret
    raise Conflict("name_taken", "There is a token of this name already; a revoked one keeps its name too.")


@transaction.atomic
def revoke_ingest_token(*, actor: Actor, name: str) -> None:
    authorize_staff(actor)
    living = IngestToken.objects.filter(name=name, revoked_at=None)
    if not living.update(revoked_at=timezone.now()):
        raise NotFound("not_found", "No living token has this name.")

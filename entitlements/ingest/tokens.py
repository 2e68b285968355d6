"""Actions on the credentials of the vendor's systems, which are made and ended at the command line."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from entitlements.models import IngestToken
from entitlements.models.ingest import UploadFileKind
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict, InvalidInput, NotFound
from partnerportal.lib.policies import authorize_system
from partnerportal.lib.text import make_single_line
from partnerportal.lib.tokens import digest_secret, generate_token

PREFIX = 8  # characters of the secret that are kept, by which a token is recognised


@transaction.atomic
def create_ingest_token(*, actor: Actor, name: str, kinds: Sequence[str] = ()) -> str:
    """Create an ingest token, and return its secret, which is shown only this once.

    `kinds` are the kinds of files that may be sent with it, or all kinds if none is given. Raises InvalidInput for a
    bad name or kind, and Conflict if a token of this name exists, even a revoked one.
    """
    authorize_system(actor)
    name = make_single_line(name)
    if not name or len(name) > 80:
        raise InvalidInput("name", "Give a name of 1 to 80 characters.")
    if unknown := set(kinds) - set(UploadFileKind.values):
        raise InvalidInput("kinds", f"These are not kinds of files: {', '.join(sorted(unknown))}.")
    allowed = [kind for kind in UploadFileKind.values if not kinds or kind in kinds]
    secret = generate_token()
    row = IngestToken(name=name, digest=digest_secret(secret), prefix=secret[:PREFIX], kinds=allowed)
    if not IngestToken.objects.filter(name=name).exists():
        row.save(force_insert=True)
        return secret
    raise Conflict("name_taken", "There is a token of this name already; a revoked one keeps its name too.")


@transaction.atomic
def revoke_ingest_token(*, actor: Actor, name: str) -> None:
    """Revoke an ingest token at once. Raises NotFound for a name of no token, or of a revoked one."""
    authorize_system(actor)
    living = IngestToken.objects.filter(name=name, revoked_at=None)
    if not living.update(revoked_at=timezone.now()):
        raise NotFound("not_found", "No living token has this name.")

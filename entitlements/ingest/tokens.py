"""Actions on the credentials of the vendor's systems, made and ended by its Admins and at the command line."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from entitlements.events import EntitlementEventKind
from entitlements.models import IngestToken
from entitlements.models.ingest import UploadFileKind
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from notifications.actions.recording import record_event
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict, InvalidInput, NotFound
from partnerportal.lib.policies import authorize
from partnerportal.lib.text import make_single_line
from partnerportal.lib.tokens import digest_secret, generate_token

PREFIX = 8  # characters of the secret that are kept, by which a token is recognised
LONGEST_NAME = 80  # characters
BAD_NAME = _("Enter a name of 1 to 80 characters.")
UNKNOWN_KINDS = _("Unknown file types: %(kinds)s.")
NAME_TAKEN = _("A token with this name already exists. Names of revoked tokens can’t be reused.")
NO_TOKEN = _("No active token has this name.")


@transaction.atomic
def create_ingest_token(*, actor: Actor, name: str, kinds: Sequence[str] = ()) -> str:
    """Create an ingest token, and return its secret, which is shown only this once.

    `kinds` are the kinds of files that may be sent with it, or all kinds if none is given. Raises InvalidInput for a
    bad name or kind, and Conflict if a token of this name exists, even a revoked one.
    """
    authorize(actor, ROLE_TABLE, EntitlementPermission.MANAGE_FEEDS)
    name = make_single_line(name)
    if not name or len(name) > LONGEST_NAME:
        raise InvalidInput("name", BAD_NAME, field="name")
    if unknown := set(kinds) - set(UploadFileKind.values):
        raise InvalidInput("kinds", UNKNOWN_KINDS % {"kinds": ", ".join(sorted(unknown))}, field="kinds")
    allowed = [kind for kind in UploadFileKind.values if not kinds or kind in kinds]
    secret = generate_token()
    row = IngestToken(name=name, digest=digest_secret(secret), prefix=secret[:PREFIX], kinds=allowed)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise Conflict("name_taken", NAME_TAKEN, field="name") from None
    kind = EntitlementEventKind.FEED_TOKEN_CREATED
    record_event(kind, actor=actor, subject=row, label=name, data={"kinds": allowed})
    return secret


@transaction.atomic
def revoke_ingest_token(*, actor: Actor, name: str) -> None:
    """Revoke an ingest token at once. Raises NotFound for a name of no token, or of a revoked one."""
    authorize(actor, ROLE_TABLE, EntitlementPermission.MANAGE_FEEDS)
    row = IngestToken.objects.filter(name=name, revoked_at=None).first()
    if row is None or not IngestToken.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=timezone.now()):
        raise NotFound("not_found", NO_TOKEN)
    record_event(EntitlementEventKind.FEED_TOKEN_REVOKED, actor=actor, subject=row, label=name)

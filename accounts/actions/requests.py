"""Actions on requests of the API that carry an idempotency key: they are stored with their responses for a while."""

from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.models import IdempotentRequest
from partnerportal.lib import secret_box
from partnerportal.lib.actors import Actor
from partnerportal.lib.idempotency import StoredResponse, make_reused_key_error
from partnerportal.lib.sweeping import delete_in_batches


class DatabaseIdempotencyStore:
    """A store of requests with an idempotency key, as rows of IdempotentRequest (see `lib.idempotency`)."""

    def begin_request(self, actor: Actor, key: str, digest: str) -> StoredResponse | int:
        sender: dict[str, Any] = {"person_id": actor.person_id, "organization_id": actor.organization_id}
        rows = IdempotentRequest.objects.visible_to(actor)
        row, is_new = rows.get_or_create(**sender, key=key, defaults={"digest": digest})
        if is_new:
            return int(row.pk)
        if row.digest != digest:
            raise make_reused_key_error()
        return StoredResponse(row.status, secret_box.decrypt_secret(row.response), row.headers)

    def store_response(self, request_pk: int, response: StoredResponse | None) -> None:
        row = IdempotentRequest.objects.filter(pk=request_pk)
        if response is None:
            row.delete()
        else:
            text = secret_box.encrypt_secret(response.text)
            row.update(status=response.status, headers=response.headers, response=text)


def delete_old_idempotent_requests() -> int:
    """Delete requests and responses that are older than PORTAL_IDEMPOTENCY_KEPT, and return how many were deleted."""
    old = IdempotentRequest.objects.filter(created_at__lt=timezone.now() - settings.PORTAL_IDEMPOTENCY_KEPT)
    return delete_in_batches(old)

"""Queries for a vendor's system, which may see its own token and uploads: policies hold it to the token it shows."""

from uuid import UUID

from accounts.models import Organization
from entitlements.models import IngestToken, IngestUpload


def find_ingest_upload(token: IngestToken, public_id: UUID) -> IngestUpload | None:
    """Return the upload with this public id if it was sent with this token, and None otherwise."""
    return IngestUpload.objects.filter(public_id=public_id, token=token).first()


def find_org_id_by_tenant_id(tenant_id: str) -> str:
    """Return the ORGID of the organisation with this tenant id, or "" if there is none.

    It looks across all tenants, so only a management command may call it.
    """
    try:
        org_id = Organization.objects.filter(tenant_id=UUID(tenant_id)).values_list("org_id", flat=True).first()
    except ValueError:
        return ""
    return org_id or ""

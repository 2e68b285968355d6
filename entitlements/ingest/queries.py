"""What a vendor's system may see: its own token and its own uploads. The policies hold it to the token it shows."""

from uuid import UUID

from accounts.models import Organization
from entitlements.models import IngestToken, IngestUpload


def upload_of(token: IngestToken, public_id: UUID) -> IngestUpload | None:
    return IngestUpload.objects.filter(public_id=public_id, token=token).first()


def org_id_of_tenant(tenant: str) -> str:
    """For the command line; or nothing."""
    try:
        found = Organization.objects.filter(tenant_id=UUID(tenant)).values_list("org_id", flat=True).first()
    except ValueError:
        return ""
    return found or ""

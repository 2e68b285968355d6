import pytest

from entitlements.models import IngestToken, IngestUpload
from partnerportal.lib.tokens import digest_secret, generate_token
from tests.api.schema_values import make_values


@pytest.fixture
def real(world, token):
    """Values that exist, mixed among invented ones: without them no operation would succeed."""
    return make_values(world, token)


@pytest.fixture
def token(world, settings, tmp_path):
    """Of a vendor's system that has sent something."""
    settings.PRIVATE_ROOT = tmp_path
    secret = generate_token()
    token = IngestToken.objects.create(name="Invented", digest=digest_secret(secret), prefix="")
    IngestUpload.objects.create(token=token, kind="usage", idempotency_key="a", fingerprint="", size=0)
    token.secret = secret
    return token

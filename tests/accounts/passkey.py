"""A passkey without a device."""

import json
from hashlib import sha256
from typing import Any

from allauth.mfa.webauthn.internal import auth
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from accounts.models import Person

FLAGS = AuthenticatorData.FLAG
IDENTITY = b"a passkey of the tests"
HOST = "testserver"  # as Django's test client calls it


class Passkey:
    """`registration` is what the browser sends when it is added, `sign` what it sends to answer a challenge."""

    def __init__(self, person: Person) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.owner = auth.build_user_payload(person).id
        self.relying_party = sha256(HOST.encode()).digest()

    @property
    def registration(self) -> dict[str, Any]:
        credential = AttestedCredentialData.create(
            Aaguid.NONE, IDENTITY, ES256.from_cryptography_key(self.key.public_key())
        )
        data = AuthenticatorData.create(self.relying_party, FLAGS.UP | FLAGS.UV | FLAGS.AT, 0, credential)
        client = CollectedClientData.create("webauthn.create", b"challenge", f"https://{HOST}")
        attestation = websafe_encode(AttestationObject.create("none", data, {}))
        return self._credential({"clientDataJSON": client.b64, "attestationObject": attestation})

    def sign(self, options: dict[str, Any]) -> str:
        challenge = websafe_decode(options["publicKey"]["challenge"])
        client = CollectedClientData.create("webauthn.get", challenge, f"https://{HOST}")
        data = AuthenticatorData.create(self.relying_party, FLAGS.UP | FLAGS.UV, 1)
        signature = self.key.sign(data + client.hash, ec.ECDSA(SHA256()))
        return json.dumps(
            self._credential(
                {
                    "clientDataJSON": client.b64,
                    "authenticatorData": websafe_encode(data),
                    "signature": websafe_encode(signature),
                    "userHandle": websafe_encode(self.owner),
                }
            )
        )

    def _credential(self, response: dict[str, str]) -> dict[str, Any]:
        name = websafe_encode(IDENTITY)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {"credProps": {"rk": True}},
        }

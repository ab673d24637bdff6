"""Tokens of an issuer (RFC 7519) and its public keys, made without any program of the stack."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ISSUER, AUDIENCE = "https://login.example.com", "shop"


class SigningKey:
    """A key of an issuer."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._secret = Ed25519PrivateKey.generate()

    def token(self, **changes: Any) -> str:
        """Return a token of Ada for the shop, changed; it is good for an hour."""
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": int(time.time()) + 3600, **changes}
        parts = [_encoded(json.dumps(part).encode()) for part in ({"alg": "EdDSA", "kid": self.name}, claims)]
        return ".".join([*parts, _encoded(self._secret.sign(".".join(parts).encode()))])

    @property
    def public(self) -> dict[str, str]:
        """The public part as a JWK."""
        return {
            "kty": "OKP",
            "crv": "Ed25519",
            "kid": self.name,
            "x": _encoded(self._secret.public_key().public_bytes_raw()),
        }


def key_set(*keys: SigningKey) -> str:
    """Return the public keys as an issuer publishes them."""
    return json.dumps({"keys": [key.public for key in keys]})


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")

"""Keys with which a service signs tokens (RFC 7517): kept encrypted in the stack's state, rotated by a counter."""

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import TypedDict

import pulumi
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from components.secrets import stored_secret


class SigningKeysArgs(TypedDict):
    """Inputs of the keys."""

    rotation: int
    """Counter; one more lets the next key sign."""


class SigningKeys(pulumi.ComponentResource):
    """The key that signs now, the one before it and the next one (Ed25519). All three verify: a key is known before it
    signs, and still while tokens of it are good, so that a rotation refuses nobody in whatever order programs learn
    of it."""

    signing_key: pulumi.Output[str]
    """The private key that signs, as a JWK (secret)."""

    key_set: pulumi.Output[str]
    """The public keys, as a JWK set (not a secret: whoever verifies needs it)."""

    def __init__(self, name: str, args: SigningKeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:SigningKeys", name, {}, opts)
        current = args["rotation"]
        keys = {
            number: stored_secret(f"{name}-{number}", _new_key(), trigger=number, parent=self)
            for number in range(max(1, current - 1), current + 2)
        }
        self.signing_key = keys[current]
        self.key_set = pulumi.Output.unsecret(pulumi.Output.all(*keys.values()).apply(_key_set))
        self.register_outputs({"signing_key": self.signing_key, "key_set": self.key_set})


def _new_key() -> str:
    key = Ed25519PrivateKey.generate()
    public = {"crv": "Ed25519", "kty": "OKP", "x": _encoded(key.public_key().public_bytes_raw())}
    # Its thumbprint (RFC 7638): a stack that is made anew has other names for its keys.
    name = hashlib.sha256(json.dumps(public, separators=(",", ":"), sort_keys=True).encode()).digest()
    return json.dumps(
        {**public, "alg": "EdDSA", "use": "sig", "kid": _encoded(name), "d": _encoded(key.private_bytes_raw())}
    )


def _key_set(keys: Sequence[str]) -> str:
    found: list[dict[str, str]] = [json.loads(key) for key in keys]
    return json.dumps({"keys": [{name: value for name, value in key.items() if name != "d"} for key in found]})


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")

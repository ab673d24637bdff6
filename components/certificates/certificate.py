"""The project's own certificate authority and the certificates it signs, kept encrypted in the stack's state."""

import json
import time
from collections.abc import Sequence
from typing import TypedDict

import pulumi

from components.certificates.x509 import (
    KeyPair,
    new_authority,
    new_certificate,
    renewal_window,
)
from components.secrets import stored_secret


class CertificateAuthorityArgs(TypedDict):
    """Inputs of a certificate authority."""

    common_name: str
    """Name that clients see when they look at the certificate."""

    lifetime_days: int
    """Lifetime in days."""

    rotation: int
    """Counter; a new value makes a new authority, which signs everything anew."""


class CertificateAuthority(pulumi.ComponentResource):
    """A certificate authority that only this stack uses."""

    certificate: pulumi.Output[str]
    """The authority's certificate, PEM (not a secret: clients need it)."""

    key_pair: pulumi.Output[str]
    """Certificate and private key as JSON (secret)."""

    def __init__(self, name: str, args: CertificateAuthorityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:CertificateAuthority", name, {}, opts)
        fresh = new_authority(args["common_name"], args["lifetime_days"])
        self.key_pair = stored_secret(f"{name}-key-pair", _encode(fresh), trigger=args["rotation"], parent=self)
        self.certificate = pulumi.Output.unsecret(self.key_pair.apply(lambda text: _decode(text).certificate))
        self.register_outputs({"certificate": self.certificate, "key_pair": self.key_pair})


class CertificateArgs(TypedDict):
    """Inputs of a certificate."""

    ca_key_pair: pulumi.Input[str]
    """`CertificateAuthority.key_pair`."""

    names: Sequence[str]
    """Host names and addresses of the server."""

    lifetime_days: int
    """Lifetime in days; an update in the last 30 % of it renews the certificate."""

    rotation: int
    """Counter; a new value makes a new certificate."""


class Certificate(pulumi.ComponentResource):
    """A server's certificate, signed by the project's authority."""

    certificate: pulumi.Output[str]
    """The certificate, PEM."""

    private_key: pulumi.Output[str]
    """The private key, PEM (secret)."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Certificate", name, {}, opts)
        names, lifetime_days = list(args["names"]), args["lifetime_days"]
        authority = pulumi.Output.secret(args["ca_key_pair"])
        # Whatever the certificate states is part of the trigger: other names or another authority make a new one.
        identity = pulumi.Output.all(
            authority=authority.apply(lambda text: _decode(text).certificate),
            names=names,
            lifetime_days=lifetime_days,
            rotation=args["rotation"],
        ).apply(lambda parts: json.dumps(parts, sort_keys=True))
        issued_at = pulumi.Stash(
            f"{name}-issued-at",
            input=int(time.time()),
            opts=pulumi.ResourceOptions(
                parent=self, ignore_changes=["input"], replacement_trigger=pulumi.Output.unsecret(identity)
            ),
        )
        window = issued_at.output.apply(lambda issued: renewal_window(issued, lifetime_days, time.time()))
        pair = stored_secret(
            f"{name}-key-pair",
            authority.apply(lambda text: _encode(new_certificate(_decode(text), names, lifetime_days))),
            trigger=pulumi.Output.unsecret(pulumi.Output.json_dumps({"identity": identity, "window": window})),
            parent=self,
        )
        self.certificate = pulumi.Output.unsecret(pair.apply(lambda text: _decode(text).certificate))
        self.private_key = pulumi.Output.secret(pair.apply(lambda text: _decode(text).private_key))
        self.register_outputs({"certificate": self.certificate, "private_key": self.private_key})


def _encode(pair: KeyPair) -> str:
    return json.dumps({"certificate": pair.certificate, "private_key": pair.private_key})


def _decode(text: str) -> KeyPair:
    return KeyPair(**json.loads(text))

"""The project's own certificate authority and the certificates it signs, kept encrypted in the stack's state."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import NotRequired, TypedDict

import pulumi

from components.certificates.x509 import KeyPair, current, new_authority, new_series, renewal_window
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
        self.certificate = pulumi.Output.unsecret(self.key_pair.apply(lambda text: _decode(text)[0].certificate))
        self.register_outputs({"certificate": self.certificate, "key_pair": self.key_pair})


class CertificateArgs(TypedDict):
    """Inputs of a certificate."""

    ca_key_pair: pulumi.Input[str]
    """`CertificateAuthority.key_pair`."""

    names: Sequence[str]
    """Host names and addresses of the server."""

    lifetime_days: float
    """Lifetime in days; an update in the last 30 % of it renews the certificate."""

    in_advance: NotRequired[int]
    """How many are signed, each for the time from which the one before has 30 % of its life left; 1 when it is not
    given. An update signs as many anew once half of their time has passed."""

    rotation: int
    """Counter; a new value makes a new certificate."""


class Certificate(pulumi.ComponentResource):
    """A server's certificate, signed by the project's authority."""

    certificate: pulumi.Output[str]
    """The certificate whose time it is, PEM."""

    private_key: pulumi.Output[str]
    """Its private key, PEM (secret)."""

    series: pulumi.Output[str]
    """All that are signed, in the order of their times: a JSON list of `certificate` and `private_key` (secret)."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Certificate", name, {}, opts)
        names, lifetime_days, count = list(args["names"]), args["lifetime_days"], args.get("in_advance", 1)
        authority = pulumi.Output.secret(args["ca_key_pair"])
        # Whatever the certificate states is part of the trigger: other names or another authority make a new one.
        identity = pulumi.Output.all(
            authority=authority.apply(lambda text: _decode(text)[0].certificate),
            names=names,
            # Whole days as the whole number that they were before there were others.
            lifetime_days=int(lifetime_days) if lifetime_days == int(lifetime_days) else lifetime_days,
            rotation=args["rotation"],
            # Left out where it is 1: those that were made before there was such a number stay.
            **({"in_advance": count} if count > 1 else {}),
        ).apply(lambda parts: json.dumps(parts, sort_keys=True))
        issued_at = pulumi.Stash(
            f"{name}-issued-at",
            input=int(time.time()),
            opts=pulumi.ResourceOptions(
                parent=self, ignore_changes=["input"], replacement_trigger=pulumi.Output.unsecret(identity)
            ),
        )
        # Of one alone, its life; of more, about half of their time.
        renewed_days = lifetime_days * (count + 1) / 2
        window = issued_at.output.apply(lambda issued: renewal_window(issued, renewed_days, time.time()))
        stored = stored_secret(
            f"{name}-key-pair",
            authority.apply(lambda text: _encode(*new_series(_decode(text)[0], names, lifetime_days, count))),
            trigger=pulumi.Output.unsecret(pulumi.Output.json_dumps({"identity": identity, "window": window})),
            parent=self,
        )
        pair = stored.apply(lambda text: current(_decode(text)))
        self.certificate = pulumi.Output.unsecret(pair.apply(lambda found: found.certificate))
        self.private_key = pulumi.Output.secret(pair.apply(lambda found: found.private_key))
        self.series = stored.apply(lambda text: json.dumps([asdict(one) for one in _decode(text)]))
        self.register_outputs({"certificate": self.certificate, "private_key": self.private_key})


def _encode(first: KeyPair, *later: KeyPair) -> str:
    return json.dumps({**asdict(first), **({"later": [asdict(pair) for pair in later]} if later else {})})


def _decode(text: str) -> list[KeyPair]:
    first = json.loads(text)
    later = first.pop("later", [])
    return [KeyPair(**pair) for pair in (first, *later)]

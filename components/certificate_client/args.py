"""The certificate client of a stack: what it is given, and how an ingress reaches it."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi

from components.args import KeptArgs
from components.consul.args import ConsulReference
from components.region.args import RegionReference

CERTIFICATE_CLIENT = "gostack-certificates"
"""Name of the client's image, and of its pod between the regions."""

CLIENT_SOURCE = "components/certificate_client/client"
"""Folder of its source, relative to the project."""

CHALLENGE_PORT, CERTIFICATE_PORT = 8080, 8443
"""Ports on which it answers the challenges of ACME, and tells metrics; and hands out the certificate."""

CHALLENGES = f"{CERTIFICATE_CLIENT}:{CHALLENGE_PORT}"
"""Host and port to which an ingress passes challenges on, and where the metrics are."""


class CertificateSource(TypedDict):
    """How an ingress gets the certificate."""

    url: str
    """Where it is, by TLS."""

    ca_certificate: pulumi.Input[str]
    """Authority of the client's own certificate, PEM."""

    token: pulumi.Input[str]
    """What an ingress shows (secret)."""


class AcmeOrder(TypedDict):
    """What is ordered, and where."""

    directory: str
    """URL of the authority's directory."""

    directory_ca: str
    """What signs the certificate of the directory itself, PEM; empty where the public authorities do."""

    email: str
    """Address of the account; may be empty."""

    profile: str
    """Profile of the certificate, as the authority names it; empty for its usual one."""

    challenge: str
    """`http-01` or `dns-01`."""

    provider: str
    """DNS provider of `dns-01`."""

    environment: Mapping[str, pulumi.Input[str]]
    """Variables of the provider; secret Outputs stay secret."""

    nameservers: Sequence[str]
    """Name servers that are asked whether a record is there; empty for the zone's own."""


class CertificateClientArgs(KeptArgs):
    """Inputs of a certificate client."""

    names: Sequence[str]
    """Host names of the certificate."""

    order: NotRequired[AcmeOrder]
    """What is ordered by ACME, and where; without it, the client hands out the series."""

    series: pulumi.Input[str]
    """`Certificate.series`, signed by the stack's own authority (secret)."""

    regions: Sequence[RegionReference]
    """Regions whose ingresses get the certificate; each reaches it by their backbone."""

    consul: ConsulReference
    """Datacenter whose image has a shell."""

    image: pulumi.Input[str]
    """Image that was built from `CLIENT_SOURCE`."""

    ca_key_pair: pulumi.Input[str]
    """`CertificateAuthority.key_pair`, of the stack's own authority."""

    ca_certificate: pulumi.Input[str]
    """Its certificate, PEM."""

    lifetime_days: int
    """Lifetime in days of the client's own certificate."""

    authority_rotation: int
    """Counter; a new value makes a new certificate of its own."""

    rotation: int
    """Counter; a new value makes a new token, and with ACME a new account and another certificate."""

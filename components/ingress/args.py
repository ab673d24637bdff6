"""The ingress of a region: its routes, its canaries and its load balancer."""

from collections.abc import Mapping
from typing import NotRequired

import pulumi

from components.certificate_client.args import CertificateSource
from components.consul.args import RegionalArgs
from components.ingress.configuration import IngressConfiguration
from components.ingress.token_verifier import TokenVerifierArgs


class IngressArgs(RegionalArgs):
    """Inputs of a region's ingress."""

    image: pulumi.Input[str]
    """Image of Nginx, 1.28 or newer."""

    configuration: IngressConfiguration
    """Routes, hosts, and how Nginx is sized. A part of the settings as it is: for programs in Python."""

    certificate: pulumi.Input[str]
    """Certificate for the configuration's hosts, PEM, with what it takes to verify it."""

    private_key: pulumi.Input[str]
    """Its private key, PEM (secret)."""

    certificate_source: NotRequired[CertificateSource]
    """Docker only: where other certificates for the hosts come from, the next one in time."""

    edge_files: Mapping[str, pulumi.Input[str]]
    """Name to text of what the hosts and logins of the configuration need: certificates, keys (secret), names of people
    with hashes of their passwords (secret)."""

    token_verifier: TokenVerifierArgs | None
    """What verifies the tokens of the configuration's logins; None without one of kind `jwt`."""

    http_port: int
    """Port that redirects to the one for TLS."""

    memory_mib: int
    """Memory limit in MiB."""

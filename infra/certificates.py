"""What the certificate client is given, as far as it follows from the settings; nothing is created here."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.certificate_client.args import AcmeOrder, CertificateClientArgs
from components.certificates import Certificate, CertificateAuthority
from components.images.build_context import PROJECT
from infra.platforms.base import ConsulDatacenter, Image, Platform, Region
from infra.settings.acme import AcmeSettings
from infra.settings.ingress import certificate_names


def certificate_client_arguments(
    platform: Platform,
    certificate: Certificate,
    regions: Mapping[str, Region],
    consul: Mapping[str, ConsulDatacenter],
    client: Image,
    ca: CertificateAuthority,
) -> CertificateClientArgs:
    """Return the arguments of the client, whose image is `client`; `certificate` is the stack's own authority's."""
    settings = platform.settings
    acme = settings.certificates.acme
    arguments: CertificateClientArgs = {
        "names": certificate_names(settings),
        "series": certificate.series,
        "regions": [regions[region].reference for region in platform.regions],
        "consul": consul[platform.regions[0]].reference,
        "image": client.image_id,
        "ca_key_pair": ca.key_pair,
        "ca_certificate": ca.certificate,
        # Nobody runs an update for it.
        "lifetime_days": settings.certificates.authority_lifetime_days,
        "authority_rotation": settings.rotation.authority,
        "rotation": settings.rotation.certificates,
        "volume_prefix": f"gostack-{platform.stack}",
        "labels": platform.labels,
    }
    if acme is not None:
        arguments["order"] = _order(acme)
    return arguments


def _order(acme: AcmeSettings) -> AcmeOrder:
    secrets = {name: pulumi.Output.secret(value.get_secret_value()) for name, value in acme.secrets.items()}
    return {
        "directory": acme.directory,
        "directory_ca": acme.directory_authority(PROJECT),
        "email": acme.email or "",
        "profile": acme.profile or "",
        "challenge": acme.challenge,
        "provider": acme.provider or "",
        "environment": {**acme.environment, **secrets},
        "nameservers": acme.nameservers,
    }

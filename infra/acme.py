"""What the ACME client is given, as far as it follows from the settings; nothing is created here."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.acme.args import AcmeClientArgs, AcmeOrder
from components.certificates import CertificateAuthority
from components.images.build_context import PROJECT
from infra.platforms.base import ConsulDatacenter, Image, Platform, Region
from infra.settings import Settings
from infra.settings.acme import AcmeSettings
from infra.settings.ingress import certificate_names


def acme_arguments(
    platform: Platform,
    acme: AcmeSettings,
    regions: Mapping[str, Region],
    consul: Mapping[str, ConsulDatacenter],
    client: Image,
    ca: CertificateAuthority,
) -> AcmeClientArgs:
    """Return the arguments of the client; `acme` is `certificates.acme`, `client` its image."""
    settings = platform.settings
    return {
        "order": _order(settings, acme),
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


def _order(settings: Settings, acme: AcmeSettings) -> AcmeOrder:
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
        "names": certificate_names(settings),
    }

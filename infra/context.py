"""What every part of the composition needs to know: the settings, the platform, the foundation, images, authority."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.certificates import CertificateAuthority
from infra.environments import foundation_for
from infra.foundation import Foundation
from infra.labels import stack_labels
from infra.outputs import ImageOutput
from infra.platforms import Platform, platform_of
from infra.settings import Settings
from infra.settings.regions import RegionSettings


@dataclass(frozen=True)
class Context:
    """One stack while it is put together."""

    stack: str
    """Name of the stack."""

    settings: Settings
    """Its settings."""

    images: dict[str, ImageOutput]
    """Upstream images by name, as they are used."""

    image_ids: dict[str, pulumi.Output[str]]
    """Those that run here, pinned."""

    platform: Platform
    """What a region is made of."""

    foundation: Foundation
    """What the stack stands on."""

    authority: CertificateAuthority
    """The certificate authority that only this stack uses."""

    labels: dict[str, str]
    """Labels that every object of the stack carries."""

    @property
    def regions(self) -> list[str]:
        """The region of the database's primary, then the others by name."""
        return self.settings.ordered_regions()

    @property
    def places(self) -> list[tuple[str, RegionSettings]]:
        """The regions with their settings, in the same order."""
        return [(region, self.settings.regions[region]) for region in self.regions]

    def before(self, region: str, made: Mapping[str, pulumi.Resource]) -> list[pulumi.Resource]:
        """Return what a region's part waits for: where regions do not reach each other, and clients are moved from one
        to another, the same part of the region before. So a change that fails in one never reaches the next."""
        return list(made.values())[-1:] if not self.foundation.joined(region) else []

    @property
    def pause_image(self) -> pulumi.Input[str]:
        """The image that holds a pod's network namespace; empty where the platform brings its own."""
        return self.image_ids.get("pause", "")


def begin(stack: str, settings: Settings, images: dict[str, ImageOutput]) -> Context:
    """Choose platform and foundation, pin the upstream images and make the certificate authority."""
    platform = platform_of(settings)
    # First, because it may refuse what the settings name, as a kubeconfig that is not there.
    foundation = foundation_for(stack, settings)
    running = {name: image["reference"] for name, image in images.items() if name in platform.RUNNING_IMAGES}
    return Context(
        stack=stack,
        settings=settings,
        images=images,
        image_ids=platform.UpstreamImages("upstream", {"references": running}, None).image_ids,
        platform=platform,
        foundation=foundation,
        authority=CertificateAuthority(
            "authority",
            {
                "common_name": f"gostack {stack} certificate authority",
                "lifetime_days": settings.certificates.authority_lifetime_days,
                "rotation": settings.rotation.authority,
            },
        ),
        labels=stack_labels(stack),
    )

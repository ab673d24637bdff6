"""What a stack is made of and where it is put: a Docker engine, a Kubernetes cluster, or clusters in AWS."""

from __future__ import annotations

from infra.platforms.base import Platform
from infra.settings import Settings

__all__ = ["Platform", "platform_for"]


def platform_for(stack: str, settings: Settings) -> Platform:
    """Return the platform that the settings name. Only its own providers are imported: each takes seconds."""
    if settings.platform == "docker":
        from infra.platforms.docker import DockerPlatform

        return DockerPlatform(stack, settings)
    if settings.aws is not None:
        from infra.platforms.aws.platform import AwsPlatform

        return AwsPlatform(stack, settings, settings.aws)
    from infra.platforms.kubernetes import KubernetesPlatform

    return KubernetesPlatform(stack, settings)

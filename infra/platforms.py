"""What a region is made of: the modules `components.docker` and `components.kubernetes` are the two platforms.

Both have the same components with the same arguments; the type checker compares each with `Platform`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias

import pulumi

from components.args import (
    ConsulDatacenterArgs,
    DynamicConfigurationArgs,
    IngressArgs,
    MicroserviceArgs,
    MySqlClusterArgs,
    RegionArgs,
    ReleasedImageArgs,
    ServiceDatabaseArgs,
    ServiceImageArgs,
    UpstreamImagesArgs,
)
from infra.settings import Settings

if TYPE_CHECKING:
    from components import docker, kubernetes

Options: TypeAlias = pulumi.ResourceOptions | None

UpstreamImages: TypeAlias = "docker.UpstreamImages | kubernetes.UpstreamImages"
Region: TypeAlias = "docker.Region | kubernetes.Region"
ConsulDatacenter: TypeAlias = "docker.ConsulDatacenter | kubernetes.ConsulDatacenter"
MySqlCluster: TypeAlias = "docker.MySqlCluster | kubernetes.MySqlCluster"
ServiceDatabase: TypeAlias = "docker.ServiceDatabase | kubernetes.ServiceDatabase"
Image: TypeAlias = "docker.ServiceImage | docker.ReleasedImage | kubernetes.ServiceImage | kubernetes.ReleasedImage"
DynamicConfiguration: TypeAlias = "docker.DynamicConfiguration | kubernetes.DynamicConfiguration"
Microservice: TypeAlias = "docker.Microservice | kubernetes.Microservice"
Ingress: TypeAlias = "docker.Ingress | kubernetes.Ingress"


class Platform(Protocol):
    """The components that a stack is composed of."""

    @property
    def RUNNING_IMAGES(self) -> frozenset[str]:
        """Names of the upstream images that run on the platform."""
        ...

    @property
    def UpstreamImages(self) -> Callable[[str, UpstreamImagesArgs, Options], UpstreamImages]: ...
    @property
    def Region(self) -> Callable[[str, RegionArgs, Options], Region]: ...
    @property
    def ConsulDatacenter(self) -> Callable[[str, ConsulDatacenterArgs, Options], ConsulDatacenter]: ...
    @property
    def MySqlCluster(self) -> Callable[[str, MySqlClusterArgs, Options], MySqlCluster]: ...
    @property
    def ServiceDatabase(self) -> Callable[[str, ServiceDatabaseArgs, Options], ServiceDatabase]: ...
    @property
    def ServiceImage(self) -> Callable[[str, ServiceImageArgs, Options], Image]: ...
    @property
    def ReleasedImage(self) -> Callable[[str, ReleasedImageArgs, Options], Image]: ...
    @property
    def DynamicConfiguration(
        self,
    ) -> Callable[[str, DynamicConfigurationArgs, Options], DynamicConfiguration]: ...
    @property
    def Microservice(self) -> Callable[[str, MicroserviceArgs, Options], Microservice]: ...
    @property
    def Ingress(self) -> Callable[[str, IngressArgs, Options], Ingress]: ...


def platform_of(settings: Settings) -> Platform:
    """Return the platform of the settings; only its provider is imported, which takes time."""
    if settings.platform == "docker":
        from components import docker

        return docker
    from components import kubernetes

    return kubernetes

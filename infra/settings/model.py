"""The settings of a stack as one frozen model, and what follows from several of them together."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from components.images.signatures import Signatures
from components.ingress import login_proxy
from components.ingress.login import oidc_logins
from components.ingress.token_verifier import token_logins
from components.names import called_name, service_values
from components.telemetry.configuration import CONSOLE_ADDRESS
from infra.settings.accessories import AccessorySettings
from infra.settings.aws import AwsSettings
from infra.settings.base import Name, RegionName, Section
from infra.settings.checks import problems
from infra.settings.expiry import Expiry
from infra.settings.images import ImageSettings
from infra.settings.kubernetes import ClusterAccess, KubernetesSettings, RegistryPrefix
from infra.settings.mysql import WITNESS
from infra.settings.platform import (
    CertificateSettings,
    ConsulSettings,
    IngressSettings,
    MySqlSettings,
    RotationSettings,
)
from infra.settings.regions import CONSUL_ADDRESS, BackboneSettings, RegionSettings
from infra.settings.services import ServiceSettings
from infra.settings.telemetry import TelemetrySettings

_IN_ADVANCE = 10
"""Certificates that are signed at once where others than this machine come to an ingress."""


class Settings(Section):
    """Every setting of a stack. Each attribute is a key `gostack:<attribute>` of `Pulumi.<stack>.yaml`."""

    platform: Literal["docker", "kubernetes"] = "docker"
    """What a region is made of."""

    kubernetes: KubernetesSettings | None = None
    """The cluster, on Kubernetes."""

    aws: AwsSettings | None = None
    """AWS, on Kubernetes: given, the stack makes its own clusters and database there."""

    registry: RegistryPrefix = ""
    """On Kubernetes: where images of services are pushed, and nodes pull them from, as host[:port]/prefix, for example
    "registry.example.com/gostack". Needed for services with a `context`."""

    signatures: Signatures | None = None
    """On Kubernetes: whose signature an image of a service needs before `up` runs it; without it, nobody's."""

    regions: Annotated[dict[RegionName, RegionSettings], Field(min_length=1, max_length=11)]
    """Region name to region. Their order says nothing. As many as an Aurora Global Database can have."""

    backbone: BackboneSettings = BackboneSettings()
    """Network between the regions."""

    services: Annotated[dict[Name, ServiceSettings], Field(min_length=1)]
    """Service name to service."""

    accessories: dict[Name, AccessorySettings] = Field(default_factory=dict[str, AccessorySettings])
    """Accessory name to accessory: a cache, a queue, any image beside the services."""

    images: ImageSettings = ImageSettings()
    """Upstream images."""

    consul: ConsulSettings = ConsulSettings()
    """Service discovery."""

    mysql: MySqlSettings
    """Database."""

    ingress: IngressSettings = IngressSettings()
    """The way in."""

    telemetry: TelemetrySettings = TelemetrySettings()
    """Metrics, logs, traces, alerts, and the console that shows them."""

    certificates: CertificateSettings = CertificateSettings()
    """Lifetimes."""

    rotation: RotationSettings = RotationSettings()
    """Counters that renew secrets."""

    expires: Expiry | None = None
    """Time in UTC after which `gostack stack sweep` removes the stack with its data, for example
    "2026-11-30T12:00:00Z"; a stack without one stays."""

    @property
    def certificates_in_advance(self) -> int:
        """How many ingress certificates the stack's own authority signs at once."""
        if self.certificates.in_advance is not None:
            return self.certificates.in_advance
        reached = any(not IPv4Address(region.bind_address).is_loopback for region in self.regions.values())
        return _IN_ADVANCE if self.platform == "docker" and self.certificates.acme is None and reached else 1

    @property
    def has_certificate_client(self) -> bool:
        """Whether certificates reach the ingresses without an update. Where each host has one of its own, that of the
        stack's authority, shown to who names no host, does not."""
        advance = self.certificates_in_advance > 1 and not self.ingress.every_host_has_certificate
        return self.certificates.acme is not None or advance

    @property
    def first_host_certified_elsewhere(self) -> bool:
        """Whether the first host, at which `up` and `status` ask, may have a certificate that the stack's own authority
        did not sign: one of the host's own, or one by ACME."""
        return self.certificates.acme is not None or self.ingress.first_has_certificate

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for problem in problems(self):
            raise ValueError(problem)
        return self

    def ordered_regions(self) -> list[str]:
        """Return the region of the primary, then the others by name: the order is the same whoever read the file."""
        return [self.mysql.primary, *sorted(set(self.regions) - {self.mysql.primary})]

    def failure_domains(self) -> list[str]:
        """Return the regions in that order, and the place of a MySQL group's witness, which has a member of the group
        and nothing else."""
        return [*self.ordered_regions(), *([WITNESS] if self.mysql.witness is not None else [])]

    def ordered_services(self) -> list[tuple[str, ServiceSettings]]:
        """Return name and settings of each service, those with a schema before those that may use it."""
        return sorted(self.services.items(), key=lambda item: item[1].own_schema is None)

    def callable_services(self) -> list[str]:
        """Return the services that others call as `http://<name>`: every one but workers, once there is somebody else
        to call."""
        called = [name for name, service in self.services.items() if service.kind == "service"]
        return called if len(self.services) > 1 else []

    def service_values(self) -> dict[str, str]:
        """Return what services may be told of others, by name: `orders.url`, and `orders.grpc.url` of a port."""
        callable_ports = [
            (name, port) for name in self.callable_services() for port in (None, *self.services[name].served_ports)
        ]
        return {
            f"{name}.{key}" if port is None else f"{name}.{port}.{key}": value
            for name, port in callable_ports
            for key, value in service_values(called_name(name, port)).items()
        }

    @property
    def has_telemetry(self) -> bool:
        """Whether the stack keeps metrics, logs and traces of itself."""
        wanted = self.telemetry.enabled if self.telemetry.enabled is not None else self.platform == "docker"
        return wanted and self.aws is None

    @property
    def logs_folder(self) -> str | None:
        """Folder of the Docker engine in which the telemetry looks for logs; None where it does not."""
        return self.telemetry.docker_root if self.has_telemetry and self.platform == "docker" else None

    def third_party_images(self) -> dict[str, str]:
        """Return name to upstream reference of every image of others that the stack's own parts run."""
        kinds = {accessory.kind for accessory in self.accessories.values()}
        return {
            **self.images.references(),
            # On AWS, ElastiCache runs it.
            **({"valkey": self.images.valkey} if "valkey" in kinds and self.aws is None else {}),
            **(self.images.telemetry_references() if self.has_telemetry else {}),
            **({login_proxy.IMAGE: self.images.oauth2_proxy} if oidc_logins(self.ingress.logins) else {}),
            **({"alertmanager": self.images.alertmanager} if self.has_telemetry and self.telemetry.receivers else {}),
            **({"grafana": self.images.grafana} if self.has_telemetry and self.telemetry.grafana else {}),
        }

    def pulled_images(self) -> dict[str, str]:
        """Return those of them that nodes of a cluster pull: Go builds images, and what holds a pod's network is the
        cluster's own, but for a drain on AWS."""
        others = {"golang"} if self.aws is not None else {"golang", "pause"}
        return {name: image for name, image in self.third_party_images().items() if name not in others}

    def protected_regions(self) -> list[str]:
        """Return the regions whose network, cluster, keys and data refuse to be removed."""
        return [region for region in self.ordered_regions() if self.aws is not None and self.aws.protected(region)]

    def prebuilt_images(self) -> dict[str, str]:
        """Return settings key to image of everything of services, SQL files among it, that was built elsewhere."""
        found: dict[str, str] = {}
        for name, service in self.services.items():
            for track in service.tracks():
                if track.image is not None:
                    found[f"services.{name}.{'canary.' if track.suffix else ''}image"] = track.image
            if service.migrations is not None and service.migrations.image is not None:
                found[f"services.{name}.database.migrations.image"] = service.migrations.image
        return found

    def needs_engine(self) -> bool:
        """Whether this machine's Docker engine takes part: it runs the stack, or builds an image of it."""
        built_here = any(service.is_built_here() for service in self.services.values())
        own_programs = self.has_telemetry or bool(token_logins(self.ingress.logins))
        return self.platform == "docker" or built_here or own_programs

    def cluster(self) -> ClusterAccess:
        """Return the kubeconfig and the context of a stack on a cluster that exists already.

        Raises ValueError for any other stack.
        """
        kubernetes = self.kubernetes
        if kubernetes is None or kubernetes.kubeconfig is None or kubernetes.context is None:
            raise ValueError("the stack names no cluster")
        return ClusterAccess(kubernetes.kubeconfig, kubernetes.context)

    def host_ports(self) -> dict[str, tuple[str, int]]:
        """Return settings key to (address, port) for every port that this machine must have free."""
        ports: dict[str, tuple[str, int]] = {}
        if self.platform != "docker":
            return ports
        for name, region in self.regions.items():
            ports[f"regions.{name}.https_port"] = (region.bind_address, region.https_port)
            ports[f"regions.{name}.http_port"] = (region.bind_address, region.http_port)
            ports[f"regions.{name}.consul_port"] = (CONSUL_ADDRESS, region.consul_port)
        if self.has_telemetry:
            ports["telemetry.port"] = (CONSOLE_ADDRESS, self.telemetry.port)
        if self.telemetry.grafana:
            ports["telemetry.grafana_port"] = (CONSOLE_ADDRESS, self.telemetry.grafana_port)
        return ports

    def networks(self) -> dict[str, str]:
        """Return settings key to network in CIDR notation, for every network of the stack that is made here."""
        if self.platform != "docker":
            return {}
        return {
            "backbone.cidr": self.backbone.cidr,
            **{f"regions.{name}.cidr": region.cidr for name, region in self.regions.items() if region.cidr},
            **({"mysql.witness.cidr": self.mysql.witness.cidr} if self.mysql.witness is not None else {}),
        }

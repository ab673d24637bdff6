"""The settings of a stack as one frozen model, and the checks that look at several of them together."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from itertools import combinations, product
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from components.certificate_client.args import CERTIFICATE_CLIENT
from components.images.signatures import Signatures
from components.ingress import login_proxy
from components.ingress.login import oidc_logins
from components.ingress.nginx import HEALTH_PATH
from components.ingress.route import quoted
from components.ingress.token_verifier import VERIFIER, token_logins
from components.mysql.accounts import migration_account
from components.mysql.names import owner_of
from components.names import called_name, service_values
from components.telemetry.configuration import COLLECTOR, CONSOLE, CONSOLE_ADDRESS, HOST
from infra.settings.accessories import AccessorySettings, accessory_problem
from infra.settings.acme import acme_problem
from infra.settings.aws import AwsSettings
from infra.settings.aws_checks import aws_problem
from infra.settings.base import Name, RegionName, Section
from infra.settings.connections import connections_problem
from infra.settings.edge import edge_problem
from infra.settings.expiry import Expiry
from infra.settings.given import given_problem
from infra.settings.images import ImageSettings
from infra.settings.ingress import size_problem
from infra.settings.kubernetes import (
    ClusterAccess,
    KubernetesSettings,
    RegistryPrefix,
    cluster_settings,
    platform_problem,
)
from infra.settings.names import job_problem
from infra.settings.platform import (
    CertificateSettings,
    ConsulSettings,
    IngressSettings,
    MySqlSettings,
    RotationSettings,
)
from infra.settings.platform_keys import unused_key_problem
from infra.settings.ports import port_names_problem
from infra.settings.regions import ANY_ADDRESS, CONSUL_ADDRESS, BackboneSettings, RegionSettings
from infra.settings.schedules import schedules_problem
from infra.settings.services import ServiceSettings
from infra.settings.shared_databases import shared_database_problem
from infra.settings.telemetry import TelemetrySettings, telemetry_problem
from infra.settings.volumes import volumes_problem

SCHEDULER = "gostack-scheduler"
"""Name of the image of what knows the times of schedules, on Docker."""

RESERVED_SERVICES = frozenset(
    {"mysql", "mysql-proxy", "consul", "ingress", "upstream", "authority", "backbone", "gossip-key", "localhost"}
    | {SCHEDULER, HOST, COLLECTOR, CONSOLE, CERTIFICATE_CLIENT, VERIFIER}
)
"""Names of the stack's own parts, by which Consul and Pulumi know them, and of the caller itself."""

_HOSTS = ("mysql", "consul", "ingress")
"""Parts of the stack that have the host name `<part>-<region>` in each region."""

_CANARY_ENDING = "-canary"

_IN_ADVANCE = 10
"""Certificates that are signed at once where others than this machine come to an ingress."""

WITNESS = "witness"
"""Name of the place where a MySQL group has one more member."""

LARGEST_GROUP = 9
"""Members of a MySQL group at most: https://dev.mysql.com/doc/refman/8.4/en/group-replication-limitations.html."""


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
    def _fits_the_platform(self) -> Self:
        problem = (
            aws_problem(self)
            or accessory_problem(self)
            or platform_problem(self)
            or unused_key_problem(self)
            or telemetry_problem(self)
            or acme_problem(self)
            or shared_database_problem(self)
            or job_problem(self)
            or schedules_problem(self)
            or volumes_problem(self)
            or port_names_problem(self)
        )
        if problem:
            raise ValueError(problem)
        return self

    @model_validator(mode="after")
    def _networks_apart(self) -> Self:
        for (first, first_cidr), (second, second_cidr) in combinations(self.networks().items(), 2):
            if IPv4Network(first_cidr).overlaps(IPv4Network(second_cidr)):
                raise ValueError(
                    f"gostack:{second} ({second_cidr}) overlaps with gostack:{first} ({first_cidr}): "
                    "give each of them a network of its own."
                )
        return self

    @model_validator(mode="after")
    def _ports_apart(self) -> Self:
        for (first, one), (second, other) in combinations(self.host_ports().items(), 2):
            same_address = one[0] == other[0] or str(ANY_ADDRESS) in (one[0], other[0])
            if one[1] == other[1] and same_address:
                raise ValueError(
                    f"gostack:{second} is {other[1]}, which gostack:{first} uses already: choose another port."
                )
        return self

    @model_validator(mode="after")
    def _routes_claimed_once(self) -> Self:
        owners = {(host, f"= {quoted(HEALTH_PATH)}"): "the ingress itself" for host in self.ingress.hosts}
        for service, settings in self.services.items():
            for route in settings.routes:
                unknown = sorted(set(route.hosts) - set(self.ingress.hosts))
                if unknown:
                    raise ValueError(
                        f'gostack:services.{service}.routes has the host "{unknown[0]}" for "{route.path}", which '
                        "gostack:ingress.hosts does not name: add it there."
                    )
                hosts = route.hosts or self.ingress.hosts
                for claim in product(hosts, route.location_heads()):
                    if claim in owners:
                        raise ValueError(
                            f'gostack:services.{service}.routes claims {route.match} "{route.path}", which '
                            f"{owners[claim]} claims already: give one of them another path."
                        )
                    owners[claim] = f'service "{service}"'
        return self

    @model_validator(mode="after")
    def _edge_is_served(self) -> Self:
        problem = edge_problem(self)
        if problem:
            raise ValueError(problem)
        return self

    @model_validator(mode="after")
    def _primary_exists(self) -> Self:
        if self.mysql.primary not in self.regions:
            raise ValueError(
                f'gostack:mysql.primary is "{self.mysql.primary}", which is no region: use one of '
                f"{', '.join(sorted(self.regions))}."
            )
        return self

    @model_validator(mode="after")
    def _ingress_holds_its_routes(self) -> Self:
        problem = size_problem(self)
        if problem:
            raise ValueError(problem)
        return self

    @model_validator(mode="after")
    def _group_has_majorities(self) -> Self:
        if self.mysql.topology != "group":
            return self
        if self.mysql.witness is not None and WITNESS in self.regions:
            raise ValueError(
                f"gostack:regions.{WITNESS} has the name of the place of gostack:mysql.witness: rename the region."
            )
        members = len(self.regions) + (self.mysql.witness is not None)
        if members > LARGEST_GROUP:
            raise ValueError(
                f'gostack:mysql.topology is "group", which takes at most {LARGEST_GROUP} members, and has {members}: '
                'remove regions, or set it to "replica".'
            )
        if members < 3 or members % 2 == 0:
            fix = "remove gostack:mysql.witness" if self.mysql.witness is not None else "add gostack:mysql.witness"
            if len(self.regions) == 1:
                fix = 'set it to "single"' + (" and remove gostack:mysql.witness" if self.mysql.witness else "")
            raise ValueError(
                'gostack:mysql.topology is "group", which takes 3 members or another odd number, and has '
                f"{members}: {fix}."
            )
        return self

    @model_validator(mode="after")
    def _names_apart(self) -> Self:
        owners: dict[str, str] = {}
        for key, names in (("services", self.services), ("accessories", self.accessories), ("regions", self.regions)):
            for name in names:
                if name.endswith(_CANARY_ENDING) or name == _CANARY_ENDING.removeprefix("-"):
                    raise ValueError(f"gostack:{key}.{name} is named like a canary: choose another name.")
        hosts = {f"{part}-{region}" for part in _HOSTS for region in self.regions}
        # On Kubernetes: the Service by which a StatefulSet knows its pods.
        hosts |= {f"{name}-pods" for name in self.accessories}
        programs = [("service", f"services.{name}", name) for name in self.services]
        programs += [("accessory", f"accessories.{name}", name) for name in self.accessories]
        programs += [
            ("login", f"ingress.logins.{name}", login_proxy.login_service(name))
            for name in oidc_logins(self.ingress.logins)
        ]
        for kind, key, program in programs:
            # A service that nobody calls has no host name.
            has_host = kind == "accessory" or program in self.callable_services()
            if program in RESERVED_SERVICES or (has_host and program in hosts):
                raise ValueError(f"gostack:{key} has the name of a part of the stack: choose another one.")
            if kind == "service" and f"{program}-migrations" in self.services and self.services[program].migrations:
                raise ValueError(
                    f"gostack:{key}-migrations has the name of the image of {program}'s migrations: choose another one."
                )
            if kind == "accessory" and program in self.services:
                raise ValueError(
                    f"gostack:{key} has the name of a service, by which others reach that: choose another."
                )
            for region in self.regions:
                name = f"{program}-{region}"
                if name in owners:
                    raise ValueError(
                        f'gostack:{key} in region "{region}" would be named {name}, like {owners[name]}: rename the '
                        f"{kind}."
                    )
                owners[name] = f'{kind} "{program}" in region "{region}"'
        return self

    @model_validator(mode="after")
    def _databases_apart(self) -> Self:
        owners: dict[str, str] = {}
        for service, settings in self.services.items():
            schema = settings.database_name(service)
            if schema is None:
                continue
            for account in (schema, migration_account(schema)):
                owner = owners.get(account) or owner_of(account)
                if owner:
                    raise ValueError(
                        f'gostack:services.{service}.database.name is "{schema}", whose account "{account}" '
                        f"{owner} has already: choose another name."
                    )
                owners[account] = f'service "{service}"'
        return self

    @model_validator(mode="after")
    def _references_known(self) -> Self:
        problem = given_problem(self)
        if problem:
            raise ValueError(problem)
        return self

    @model_validator(mode="after")
    def _connections_fit(self) -> Self:
        problem = connections_problem(self)
        if problem:
            raise ValueError(problem)
        return self

    def ordered_regions(self) -> list[str]:
        """Return the region of the primary, then the others by name: the order is the same whoever read the file."""
        return [self.mysql.primary, *sorted(set(self.regions) - {self.mysql.primary})]

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
        return self.platform == "docker" and self.telemetry.enabled is not False

    @property
    def logs_folder(self) -> str | None:
        """Folder of the Docker engine in which the telemetry looks for logs; None without telemetry."""
        return self.telemetry.docker_root if self.has_telemetry else None

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
        }

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
        return self.platform == "docker" or built_here or bool(token_logins(self.ingress.logins))

    def cluster(self) -> ClusterAccess:
        """Return the kubeconfig and the context of a stack on a cluster that exists already.

        Raises ValueError for any other stack.
        """
        return cluster_settings(self)

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

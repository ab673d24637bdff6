"""Settings of a stack on Kubernetes, and which keys belong to which platform."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from infra.settings.base import FilePath, Name, Section
from infra.settings.cluster_demand import quota_problem

if TYPE_CHECKING:
    from infra.settings.model import Settings
    from infra.settings.services import ServiceSettings

_REGISTRY = re.compile(r"^[a-z0-9][a-z0-9.-]*(:[0-9]{1,5})?(/[a-z0-9][a-z0-9._-]*)*$")


def _registry(value: str) -> str:
    if value and not _REGISTRY.fullmatch(value):
        raise ValueError(f'"{value}" is not a registry; write it like "registry.example.com/gostack".')
    return value


def _namespace(value: str) -> str:
    if value == "kube" or value.startswith("kube-"):
        raise ValueError(f'"{value}" begins the names of namespaces that are Kubernetes\' own: choose another one.')
    return value


def _image_registry(value: str) -> str:
    if not value:
        raise ValueError('it is empty; write a registry like "registry.example.com/gostack".')
    return _registry(value)


ImageRegistry = Annotated[str, AfterValidator(_image_registry)]
"""A registry that has images: host[:port][/prefix]."""

RegistryPrefix = Annotated[str, AfterValidator(_registry)]
"""Where images are pushed: host[:port]/prefix without a slash at the end; empty for none."""


class QuotaSettings(Section):
    """The most that all pods of a region may ask for together.

    A key that is not given is added up from the other settings: twice what the region's pods need with every autoscaler
    at its maximum and everything being updated at once. One that is given must hold that need once. What an update
    takes away goes last, so that a tight quota makes it wait, or fail when it is lowered in the same update.
    """

    cpus: Annotated[float, Field(ge=1, le=10000)] | None = None
    """Cores that pods may request; their limits may be twice as much."""

    memory_gib: Annotated[int, Field(ge=1, le=100000)] | None = None
    """Memory in GiB that pods may request; their limits may be twice as much."""

    pods: Annotated[int, Field(ge=10, le=5000)] | None = None
    """Pods that have not ended, those of an update and running jobs among them."""

    storage_gib: Annotated[int, Field(ge=1, le=1000000)] | None = None
    """Storage in GiB that claims may request."""


class KubernetesSettings(Section):
    """Where a stack on Kubernetes lives."""

    kubeconfig: Annotated[FilePath, Field(min_length=1)] | None = None
    """Path of the kubeconfig file, relative to the project or beginning with `~/`. Required with a cluster that exists
    already; the shell's own (KUBECONFIG, ~/.kube/config) is never used unless it is written here."""

    context: Annotated[str, Field(min_length=1)] | None = None
    """Context of that file. Required with it; the file's current context is never used unless it is written here."""

    namespace: Annotated[Name, AfterValidator(_namespace)] | None = None
    """First part of the names of the stack's namespaces, `<namespace>-<region>`; "gostack-<stack>" when it is not
    given."""

    storage_class: Annotated[str, Field(min_length=1)] | None = None
    """Storage class of the disks; the cluster's default when it is not given."""

    image_registries: Annotated[list[ImageRegistry], Field(min_length=1)] | None = None
    """Given, the cluster refuses each pod in the stack's namespaces with an image that is named without its digest, or
    that is not from one of these registries, host[:port][/prefix], "docker.io" among them; on AWS each region's own is
    one, for example "123456789012.dkr.ecr.eu-central-1.amazonaws.com"."""

    quota: QuotaSettings = QuotaSettings()
    """The most that a region may ask for; added up from the other settings as far as it is not given."""


@dataclass(frozen=True)
class ClusterAccess:
    """How a cluster that exists already is reached."""

    kubeconfig: str
    """Path of the file, relative to the project."""

    context: str
    """Context of the file."""


def cluster_settings(settings: Settings) -> ClusterAccess:
    """Return the kubeconfig and the context of the settings; raises ValueError when there are none."""
    kubernetes = settings.kubernetes
    if kubernetes is None or kubernetes.kubeconfig is None or kubernetes.context is None:
        raise ValueError("the stack names no cluster")
    return ClusterAccess(kubernetes.kubeconfig, kubernetes.context)


_DOCKER_REQUIRED = ("cidr", "https_port", "http_port", "consul_port")
_DOCKER_ONLY = ("cidr", "bind_address", "consul_port")


def platform_problem(settings: Settings) -> str:
    """Return one sentence about the first key that is missing on the platform, or has no meaning there; else ""."""
    return _docker_problem(settings) if settings.platform == "docker" else _kubernetes_problem(settings)


def _docker_problem(settings: Settings) -> str:
    for name, region in settings.regions.items():
        for key in _DOCKER_REQUIRED:
            if key not in region.model_fields_set or getattr(region, key) is None:
                return f"gostack:regions.{name}.{key} is missing: add it to the stack file."
    for key in ("kubernetes", "registry", "signatures"):
        if key in settings.model_fields_set:
            return f'gostack:{key} has no meaning when gostack:platform is "docker": remove it.'
    return ""


def _kubernetes_problem(settings: Settings) -> str:
    # On AWS the clusters are the stack's own.
    for key in ("kubeconfig", "context") if settings.aws is None else ():
        if settings.kubernetes is None or getattr(settings.kubernetes, key) is None:
            example = ".gostack/kubeconfig" if key == "kubeconfig" else "gostack"
            return (
                f'gostack:kubernetes.{key} is missing: name the cluster in the stack file, for example "{example}" for '
                "the one that `make cluster` starts; the shell's own is never used."
            )
    if "backbone" in settings.model_fields_set:
        return 'gostack:backbone has a meaning only when gostack:platform is "docker": remove it.'
    for name, region in settings.regions.items():
        for key in _DOCKER_ONLY:
            if key in region.model_fields_set:
                return f'gostack:regions.{name}.{key} has a meaning only when gostack:platform is "docker": remove it.'
    if settings.mysql.topology == "group":
        return (
            'gostack:mysql.topology is "group", which only gostack:platform "docker" has: set it to "replica", whose '
            "primary Kubernetes brings back by itself."
        )
    return _service_problem(settings)


def _migrations_problem(key: str, service: ServiceSettings, registry: str) -> str:
    migrations = service.migrations
    if migrations is not None and migrations.directory is not None and not registry:
        return (
            f"gostack:registry is missing: the image of {key}.directory is built here, and nodes pull it from there; "
            'name a registry, for example "localhost:5001/gostack".'
        )
    if migrations is not None and migrations.image is not None and "@sha256:" not in migrations.image:
        return (
            f'{key}.image is "{migrations.image}", whose tag may move: on Kubernetes write it with its digest, like '
            "name@sha256:<64 hex digits>."
        )
    return ""


def _service_problem(settings: Settings) -> str:
    for name, service in settings.services.items():
        key = f"gostack:services.{name}"
        for track in service.tracks():
            part = "" if track.suffix == "" else "canary."
            if track.context is not None and not settings.registry:
                return (
                    f"gostack:registry is missing: {key}.{part}context is built here, and nodes pull it from there; "
                    'name a registry, for example "localhost:5001/gostack".'
                )
            if track.image is not None and "@sha256:" not in track.image:
                return (
                    f'{key}.{part}image is "{track.image}", whose tag may move: on Kubernetes write it with its '
                    "digest, like name@sha256:<64 hex digits>."
                )
        if problem := _migrations_problem(f"{key}.database.migrations", service, settings.registry):
            return problem
        limits = service.limits("kubernetes")
        if service.memory_request_mib > limits.memory_mib:
            return (
                f"{key}.memory_request_mib is {service.memory_request_mib}, more than the limit memory_mib "
                f"({limits.memory_mib}): raise the limit or request less."
            )
        if service.cpu_request > limits.cpus:
            return (
                f"{key}.cpu_request is {service.cpu_request}, more than the limit cpus ({limits.cpus}): raise the "
                "limit or request less."
            )
        if service.autoscaling is not None:
            lowest = max(track.replicas for track in service.tracks())
            if service.autoscaling.maximum < lowest:
                return (
                    f"{key}.autoscaling.maximum is {service.autoscaling.maximum}, less than the lowest number of "
                    f"replicas ({lowest}): raise it."
                )
    return quota_problem(settings)

"""Settings of a stack on Kubernetes, and which keys belong to which platform."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from infra.settings.base import FilePath, Name, Section, shaped
from infra.settings.cluster_demand import quota_problems
from infra.settings.sentences import missing_registry, moving_tag, only_on

if TYPE_CHECKING:
    from infra.settings.model import Settings
    from infra.settings.services import ServiceSettings

_REGISTRY = r"[a-z0-9][a-z0-9.-]*(:[0-9]{1,5})?(/[a-z0-9][a-z0-9._-]*)*"


def _namespace(value: str) -> str:
    if value == "kube" or value.startswith("kube-"):
        raise ValueError(f'"{value}" begins the names of namespaces that are Kubernetes\' own: choose another one.')
    return value


ImageRegistry = Annotated[str, shaped(_REGISTRY, "a registry", "registry.example.com/gostack")]
"""A registry that has images: host[:port][/prefix]."""

RegistryPrefix = Annotated[str, shaped(f"({_REGISTRY})?", "a registry", "registry.example.com/gostack")]
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


_DOCKER_REQUIRED = ("cidr", "https_port", "http_port", "consul_port")
_DOCKER_ONLY = ("cidr", "bind_address", "consul_port")


def platform_problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence about each key that is missing on the platform, or has no meaning there."""
    if settings.platform == "docker":
        yield from _docker_problems(settings)
    else:
        yield from _kubernetes_problems(settings)


def _docker_problems(settings: Settings) -> Iterator[str]:
    for name, region in settings.regions.items():
        for key in _DOCKER_REQUIRED:
            if key not in region.model_fields_set or getattr(region, key) is None:
                yield f"gostack:regions.{name}.{key} is missing: add it to the stack file."
    for key in ("kubernetes", "registry", "signatures"):
        if key in settings.model_fields_set:
            yield f'gostack:{key} has no meaning when gostack:platform is "docker": remove it.'


def _kubernetes_problems(settings: Settings) -> Iterator[str]:
    # On AWS the clusters are the stack's own.
    for key in ("kubeconfig", "context") if settings.aws is None else ():
        if settings.kubernetes is None or getattr(settings.kubernetes, key) is None:
            example = ".gostack/kubeconfig" if key == "kubeconfig" else "gostack"
            yield (
                f'gostack:kubernetes.{key} is missing: name the cluster in the stack file, for example "{example}" for '
                "the one that `make cluster` starts; the shell's own is never used."
            )
    if "backbone" in settings.model_fields_set:
        yield only_on("docker", "gostack:backbone")
    for name, region in settings.regions.items():
        for key in _DOCKER_ONLY:
            if key in region.model_fields_set:
                yield only_on("docker", f"gostack:regions.{name}.{key}")
    if settings.mysql.topology == "group":
        yield (
            'gostack:mysql.topology is "group", which only gostack:platform "docker" has: set it to "replica", whose '
            "primary Kubernetes brings back by itself."
        )
    for name, service in settings.services.items():
        key = f"gostack:services.{name}"
        for track in service.tracks():
            part = "" if track.suffix == "" else "canary."
            yield from _image_problems(
                settings, f"{key}.{part}context", track.context, f"{key}.{part}image", track.image
            )
        if (migrations := service.migrations) is not None:
            folder, image = f"{key}.database.migrations.directory", f"{key}.database.migrations.image"
            yield from _image_problems(
                settings, f"the image of {folder}", migrations.directory, image, migrations.image
            )
        yield from _limit_problems(key, service)
    yield from quota_problems(settings)


def _image_problems(settings: Settings, what: str, source: str | None, key: str, image: str | None) -> Iterator[str]:
    """Of an image that is built from a folder (`what`), or elsewhere (`key`)."""
    if source is not None and not settings.registry:
        yield missing_registry(what)
    if image is not None and "@sha256:" not in image:
        yield moving_tag(key, image)


def _limit_problems(key: str, service: ServiceSettings) -> Iterator[str]:
    limits = service.limits("kubernetes")
    if service.memory_request_mib > limits.memory_mib:
        yield (
            f"{key}.memory_request_mib is {service.memory_request_mib}, more than the limit memory_mib "
            f"({limits.memory_mib}): raise the limit or request less."
        )
    if service.cpu_request > limits.cpus:
        yield (
            f"{key}.cpu_request is {service.cpu_request}, more than the limit cpus ({limits.cpus}): raise the "
            "limit or request less."
        )
    lowest = max(track.replicas for track in service.tracks())
    if service.autoscaling is not None and service.autoscaling.maximum < lowest:
        yield (
            f"{key}.autoscaling.maximum is {service.autoscaling.maximum}, less than the lowest number of replicas "
            f"({lowest}): raise it."
        )

"""Names that another program gives a meaning or a length: each is one sentence with the fix.

What the program makes of a name is computed by the functions that the components use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from components.names import LABEL, cluster_name, database_instance, migrations_job, namespace_name, stack_namespace
from infra.settings.errors import SettingsError

if TYPE_CHECKING:
    from infra.settings.aws import AwsSettings
    from infra.settings.model import Settings
    from infra.settings.services import ServiceSettings

# A component of a repository's name, without a limit of length:
# https://github.com/distribution/reference/blob/v0.6.0/regexp.go#L24-L44.
_REPOSITORY_PART = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")

_CLUSTER = 100
"""Characters of the name of an EKS cluster."""

_INSTANCE = 63
"""Characters of the identifier of a database instance on AWS."""


def require_stack_name(stack: str, settings: Settings) -> None:
    """Raise SettingsError when a stack with these settings cannot have this name."""
    for problem in _stack_problems(stack, settings):
        raise SettingsError(f'a stack cannot be called "{stack}": {problem}; choose another name, also for its file.')


def require_service(settings: Settings, service: str) -> ServiceSettings:
    """Return a service of the stack; raises SettingsError with those that there are where it is none."""
    if service not in settings.services:
        known = ", ".join(sorted(settings.services))
        raise SettingsError(f'"{service}" is no service of this stack: use one of {known}.')
    return settings.services[service]


def job_problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence about each Job on Kubernetes whose name would be too long."""
    for name, service in settings.services.items() if settings.platform == "kubernetes" else ():
        for track in service.migrated_tracks():
            job = migrations_job(name, track.suffix)
            if len(job) > LABEL:
                yield (
                    f"gostack:services.{name} has a name of {len(name)} characters, with which the job of its "
                    f"{track.name} track's migrations is called {job}, of {len(job)}: Kubernetes takes {LABEL}, so "
                    f"use a name of at most {len(name) - (len(job) - LABEL)}."
                )


def _stack_problems(stack: str, settings: Settings) -> Iterator[str]:
    if not _REPOSITORY_PART.fullmatch(stack):
        yield (
            "its images are called after it, in whose names are lower-case letters, digits and, between them, hyphens"
        )
    if len(stack) > LABEL:
        yield f"it has {len(stack)} characters, and a label of every object, which takes {LABEL}, is the stack's name"
    if settings.platform == "kubernetes":
        yield from _namespace_problems(stack, settings)
    if settings.aws is not None:
        yield from _aws_problems(stack, settings.aws)


def namespace_prefix(stack: str, settings: Settings) -> str:
    """Return the first part of the names of a stack's namespaces on Kubernetes."""
    given = settings.kubernetes.namespace if settings.kubernetes is not None else None
    return given or stack_namespace(stack)


def namespaces(stack: str, settings: Settings) -> dict[str, str]:
    """Return region to namespace of a stack on Kubernetes."""
    prefix = namespace_prefix(stack, settings)
    return {region: namespace_name(prefix, region) for region in settings.regions}


def _namespace_problems(stack: str, settings: Settings) -> Iterator[str]:
    for name in namespaces(stack, settings).values():
        if not _LABEL.fullmatch(name):
            yield f"it would have the namespace {name}, where Kubernetes takes lower-case letters, digits and hyphens"
        if len(name) > LABEL:
            yield f"it would have the namespace {name}, of {len(name)} characters, and Kubernetes takes {LABEL}"


def _aws_problems(stack: str, aws: AwsSettings) -> Iterator[str]:
    for region in aws.regions:
        cluster = cluster_name(stack, region)
        instance = database_instance(stack, region, aws.sizing().instances - 1)
        if not _LABEL.fullmatch(cluster) or "--" in cluster:
            yield (
                f"it would have the database {cluster}, where Amazon RDS takes lower-case letters, digits and single "
                "hyphens"
            )
        if len(cluster) > _CLUSTER:
            yield f"it would have the cluster {cluster}, of {len(cluster)} characters, and Amazon EKS takes {_CLUSTER}"
        if len(instance) > _INSTANCE:
            yield (
                f"it would have the database instance {instance}, of {len(instance)} characters, and Amazon RDS takes "
                f"{_INSTANCE}"
            )

"""Two stacks of one project that would meet: a stack file that was copied is refused where a key has to differ.

On Docker they may have the same ports and networks as long as one of them runs: `gostack doctor` looks at what runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from infra.settings.aws import AwsSettings
from infra.settings.errors import SettingsError
from infra.settings.ingress import is_reachable_by_name
from infra.settings.loading import other_stacks
from infra.settings.model import Settings
from infra.settings.names import namespaces


def require_apart(stack: str, settings: Settings, project: Path) -> None:
    """Raise SettingsError when a stack with these settings would meet that of another stack file of the project."""
    if settings.platform == "docker":
        return
    for name, other in other_stacks(project, stack).items():
        for problem in _meetings(stack, settings, name, other):
            raise SettingsError(problem)


def _meetings(stack: str, settings: Settings, name: str, other: Settings) -> Iterator[str]:
    file = f"Pulumi.{name}.yaml"
    if settings.aws is not None and other.aws is not None:
        yield from _in_aws(settings.aws, other.aws, file)
    elif settings.aws is not None or other.aws is not None or other.platform == "docker":
        return
    elif settings.cluster() == other.cluster():
        taken = set(namespaces(name, other).values())
        for region, namespace in namespaces(stack, settings).items():
            if namespace in taken:
                yield (
                    f'gostack:kubernetes.namespace makes "{namespace}" the namespace of the region {region}, which '
                    f"{file} has already on this cluster: choose another one, or leave it out."
                )
    for host in settings.ingress.hosts:
        if host in other.ingress.hosts and is_reachable_by_name(host):
            yield (
                f'gostack:ingress.hosts has "{host}", which {file} has already, and DNS leads a name to one stack: '
                "choose another one."
            )


def _in_aws(ours: AwsSettings, theirs: AwsSettings, file: str) -> Iterator[str]:
    if ours.domain.name == theirs.domain.name:
        yield f'gostack:aws.domain.name is "{ours.domain.name}", which {file} has already: choose another one.'
    shared = sorted(ours.regions.keys() & theirs.regions.keys())
    if ours.account == theirs.account and shared:
        # Its repositories, its rules for copies of public images and its replication are there once.
        yield (
            f'gostack:aws.account is "{ours.account}", whose registry in {shared[0]} is that of {file} already: give '
            "the stack an account of its own, or other regions."
        )

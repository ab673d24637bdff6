"""A replica of a stack, whatever it runs on, and the choice of some of them by what people call them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from components.mysql.configuration import PROXY
from infra.settings import Settings
from tools.gostack.environment.errors import UserError

MAIN_ROLES = {
    "application": "application",
    "nginx": "nginx",
    "gateway": "nginx",
    "accessory": "accessory",
    "scheduler": "scheduler",
    "mysql": "mysql",
    "proxy": "proxy",
    "consul-server": "consul",
}
"""Role (label `gostack.role`) of what does a pod's work -> name of its container on Kubernetes."""

SHELL = "command -v bash >/dev/null && exec bash; exec sh"
"""What `sh -c` runs for a person."""

INFRASTRUCTURE = ("ingress", "mysql", PROXY, "consul")
"""What has replicas beside the services of the settings, by the label `gostack.service`."""


@dataclass(frozen=True, order=True)
class RunningReplica:
    """The container that does a replica's work."""

    service: str
    """Name in the settings, or one of INFRASTRUCTURE."""

    track: str
    """`stable` or `canary`; empty for infrastructure."""

    region: str
    name: str
    """What people call it: `users-east-0`; on Kubernetes the end of the pod's name is in the place of the number."""

    identity: str = field(compare=False)
    """Container on Docker; `namespace/pod` on Kubernetes."""

    role: str = field(compare=False, default="application")
    image: str = field(compare=False, default="")
    running: bool = field(compare=False, default=True)
    healthy: bool = field(compare=False, default=True)
    """Whether it runs and the platform has nothing against it: its health check on Docker, readiness on Kubernetes."""

    member: str = field(compare=False, default="")
    """Role of a MySQL member on Kubernetes, `primary` or `replica`; empty elsewhere."""

    container: str = field(compare=False, default="")
    """Name of the container in its pod, on Kubernetes."""


@dataclass(frozen=True)
class Program:
    """A program of this machine, with what it needs beside this process's environment."""

    command: Sequence[str]
    variables: dict[str, str] = field(default_factory=dict[str, str])


class Runtime(Protocol):
    """What a stack runs on: lists its replicas and gets into them."""

    def replicas(self) -> list[RunningReplica]:
        """Return every replica, running or not, sorted."""
        ...

    def lines(self, replica: RunningReplica, since: float, *, follow: bool) -> Iterator[bytes]:
        """Yield pieces of a replica's log, each line with an RFC 3339 time and a space in front.

        `since` is in seconds of the epoch. Following ends when the container does.
        """
        ...

    def exec(self, replica: RunningReplica, command: Sequence[str], *, tty: bool) -> Program:
        """Return the program that runs a command in the replica's container, with this process's standard input."""
        ...

    def debug(self, replica: RunningReplica, *, tty: bool) -> Program:
        """Return the program that runs a shell beside the replica, in its namespaces; raises UserError."""
        ...

    def task(self, replica: RunningReplica, name: str, arguments: Sequence[str], *, tty: bool) -> int:
        """Run the replica's program once more, with other arguments and in a container of its own that is gone
        afterwards, with this process's standard input where the platform can; return its exit code.

        Raises UserError.
        """
        ...

    def environment(self, replica: RunningReplica) -> dict[str, str]:
        """Return the environment of the replica's container, secrets among it."""
        ...


def check_names(settings: Settings, service: str | None, region: str | None, track: str | None = None) -> None:
    """Raise UserError for a name that the settings do not have, with those that they have."""
    tracks = {found.name for values in settings.services.values() for found in values.tracks()}
    places = settings.failure_domains()
    _check("service", service, [*settings.services, *settings.accessories, *INFRASTRUCTURE])
    _check("region", region, places)
    _check("track", track, tracks)


def chosen(
    replicas: Iterable[RunningReplica], service: str, region: str | None = None, number: int | None = None
) -> RunningReplica:
    """Return the first running replica of a service, or the one with this number (from 0, in the order of `logs`).

    Raises UserError when there is none.
    """
    here = [one for one in replicas if one.running and one.service == service and region in (None, one.region)]
    # A scheduler has a log, and is no replica.
    found = [one for one in here if one.role != "scheduler"]
    where = f" in {region}" if region else ""
    if not found:
        raise UserError(f"no replica of {service} runs{where}: see `gostack status`.")
    if number is None:
        return found[0]
    if not 0 <= number < len(found):
        names = ", ".join(f"{index} ({one.name})" for index, one in enumerate(found))
        raise UserError(f"{service} has no replica {number}{where}: use one of {names}.")
    return found[number]


def short_image(reference: str) -> str:
    """Return an image in a few characters: `users:1.2` of a tag, `users@0123456789ab` of a digest."""
    if reference.startswith("sha256:"):
        return reference.removeprefix("sha256:")[:12]
    name, _, digest = reference.rpartition("/")[2].partition("@sha256:")
    # A tag beside a digest is only a remark: the digest decides.
    return f"{name.partition(':')[0]}@{digest[:12]}" if digest else name


def images_of(replicas: Iterable[RunningReplica]) -> str:
    """Return the images that running replicas have, shortened, each once; empty when none runs."""
    return ", ".join(sorted({short_image(one.image) for one in replicas if one.running}))


def _check(kind: str, name: str | None, known: Collection[str]) -> None:
    if name is not None and name not in known:
        raise UserError(f'there is no {kind} "{name}": use one of {", ".join(sorted(known))}.')

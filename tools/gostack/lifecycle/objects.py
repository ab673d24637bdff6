"""What a stack has on the engine: containers, networks, volumes and images that carry its labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import docker
from docker.models.containers import Container

from tools.gostack.environment.docker_engine import find_endpoint
from tools.gostack.environment.errors import UserError
from tools.gostack.last_words import SEARCHED_LINES, with_hint

PROJECT_LABEL = "gostack.project=gostack"

_OF_OTHERS = ("application", "job", "scheduler")
"""Roles of the containers that run services' programs."""


@dataclass(frozen=True)
class StackObjects:
    """The engine, seen through the labels of one stack."""

    client: docker.DockerClient
    stack: str

    @classmethod
    def of(cls, stack: str, variables: Mapping[str, str]) -> StackObjects:
        """Connect to the engine that the stack runs on."""
        endpoint = find_endpoint(dict(variables))
        return cls(docker.DockerClient(base_url=endpoint, timeout=120), stack)

    def containers(self) -> list[Container]:
        """Every container of the stack, running or not."""
        return self.client.containers.list(all=True, filters=self._filters, ignore_removed=True)

    def networks(self) -> list[Any]:
        """Every network of the stack."""
        networks: Any = self.client.networks
        return networks.list(filters=self._filters)

    def volumes(self) -> list[Any]:
        """Every volume of the stack, data volumes among them."""
        return self.client.volumes.list(filters=self._filters)

    def images(self) -> list[Any]:
        """Every image that was built for the stack's services."""
        return self.client.images.list(filters=self._filters)

    @property
    def _filters(self) -> dict[str, Any]:
        return {"label": [PROJECT_LABEL, f"gostack.stack={self.stack}"]}


def role(container: Container) -> str:
    """What the container does in its pod."""
    return container.labels.get("gostack.role", "")


def running(objects: StackObjects, what: str) -> list[Container]:
    """The running containers of a role."""
    return [one for one in objects.containers() if role(one) == what and one.status == "running"]


def health(container: Container) -> str:
    """What the engine says of the container's health check when it was last asked; `healthy` where there is none."""
    found: dict[str, Any] = container.attrs["State"].get("Health") or {}
    return str(found.get("Status", "healthy"))


def printed(container: Container, command: Sequence[str], refused: type[UserError]) -> str:
    """Run a command in the container and return what it prints; raises `refused` with what it complains of."""
    result: Any = container.exec_run([*command], demux=True)
    output, complaint = (part or b"" for part in result.output)
    if result.exit_code != 0:
        raise refused(f"{container.name} refuses: {(complaint or output).decode(errors='replace').strip()}")
    return output.decode()


def end_job(container: Container) -> None:
    """Ask a job that still runs to end, and wait for as long as it may take: it may be a migration in the middle of a
    statement. Whatever else the container is, nothing happens."""
    if role(container) != "job" or container.status != "running":
        return
    patience = int(container.attrs["Config"].get("StopTimeout") or 10)
    print(f"waiting for {container.name}, which an interrupted update left running (at most {patience} s)", flush=True)
    container.stop(timeout=patience)
    container.reload()


def last_words(container: Container, lines: int = 5) -> list[str]:
    """The last lines that the container printed, and of a program that others wrote what helps, where that is known."""
    text: bytes = container.logs(tail=SEARCHED_LINES)
    found = text.decode(errors="replace").splitlines()
    return with_hint(found, lines) if role(container) in _OF_OTHERS else found[-lines:]

"""A replica whose program is another one's for a while, in the same pod: its address and its agent stay."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from docker import DockerClient
from docker.errors import APIError
from docker.models.containers import Container

from components.microservice.workload import Workload
from tools.gostack.dev.debugger import UNLIMITED, under_debugger
from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle.objects import last_words
from tools.gostack.running.twin import create_like

DRAIN_SECONDS = 1.1
"""Time in seconds after which no ingress sends a request to a replica that is out of the list: it asks Consul every
second. One that comes later is refused, and goes to another replica."""

_WORDS = 10


class DevReplica:
    """A replica of a released service."""

    def __init__(
        self,
        client: DockerClient,
        released: Container,
        agent: Container,
        *,
        probe: Sequence[str],
        patience: float,
        drain: float = DRAIN_SECONDS,
        debugged: bool = False,
    ) -> None:
        """With `debugged` what it runs is under the debugger in its image, until the released program is back."""
        self._client = client
        self._released = released
        self._current = released
        self._made: list[Container] = []
        self._agent = agent
        self._probe = list(probe)
        self._patience = patience
        self._drain = drain
        self._debugged = debugged
        self._drained_at: float | None = None

    @property
    def name(self) -> str:
        """Name of the replica."""
        return str(self._released.name)

    @property
    def agent(self) -> str:
        """Identity of its agent's container, which is in its network."""
        return str(self._agent.id)

    def leave(self) -> None:
        """Take the replica out of the list that ingresses ask for; raises UserError."""
        if self._drained_at is None:
            self._tell_agent("-enable", "-reason=gostack dev")
            self._drained_at = time.monotonic() + self._drain

    def enter(self) -> None:
        """Put it back."""
        self._tell_agent("-disable")
        self._drained_at = None

    def run(self, image: str) -> str:
        """Let the replica run an image and return why that one does not get ready; empty when it does.

        The program before goes on when it does not.
        """
        before, new = self._current, self._created(image)
        self.leave()
        self._stop(before)
        new.start()
        problem = self._ready(new)
        if problem:
            self._discard(new)
            before.start()
            self._ready(before)
        else:
            self._current = new
            self._discard(before)
        self.enter()
        return problem

    def restore(self) -> None:
        """Let the replica run what was released, wherever it was interrupted; raises UserError at the end when its
        agent refused to take it out of the list meanwhile."""
        refused: UserError | None = None
        self._released.reload()
        if self._made or self._released.status != "running":
            try:
                self.leave()
            except UserError as error:
                # Requests that fail for a moment are better than the other program for good.
                refused = error
            for container in self._made:
                self._stop(container)
            self._released.start()
            self._ready(self._released)
            self._current = self._released
            for container in list(self._made):
                self._discard(container)
        self.enter()
        if refused is not None:
            raise refused

    def _created(self, image: str) -> Container:
        # The low-level client, which the SDK has no types for.
        api: Any = self._client.api
        attributes = self._released.attrs
        # With the labels of the stack: what is left after a crash is removed by the next `up`.
        labels = attributes["Config"]["Labels"]
        name = f"{self.name}-dev-{secrets.token_hex(4)}"
        started = _under_debugger(attributes) if self._debugged else {}
        container = self._client.containers.get(
            create_like(api, attributes, name, image=image, labels=labels, **started)
        )
        self._made.append(container)
        return container

    def _stop(self, container: Container) -> None:
        if self._drained_at is not None:
            time.sleep(max(0.0, self._drained_at - time.monotonic()))
        # Its signal first: requests on their way are answered.
        container.stop(timeout=int(container.attrs["Config"].get("StopTimeout") or 10))

    def _discard(self, container: Container) -> None:
        if container in self._made:
            with suppress(APIError):
                container.remove(force=True, v=True)
            self._made.remove(container)

    def _ready(self, container: Container) -> str:
        """Wait until a program answers its check; return why it does not."""
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline:
            code, _ = self._agent.exec_run(self._probe)
            if code == 0:
                return ""
            container.reload()
            if container.status != "running":
                break
            time.sleep(0.05)
        return "\n".join([f"{self.name} does not get ready:", *last_words(container, _WORDS)])

    def _tell_agent(self, *arguments: str) -> None:
        code, output = self._agent.exec_run(["consul", "maint", *arguments])
        if code != 0:
            words = output.decode(errors="replace").strip() if isinstance(output, bytes) else ""
            raise UserError(f"the Consul agent of {self.name} refuses ({words}): run `make up`, which mends it.")


def _under_debugger(attributes: Mapping[str, Any]) -> dict[str, Any]:
    config = attributes["Config"]
    entrypoint: list[str] = config.get("Entrypoint") or []
    command: list[str] = config.get("Cmd") or []
    return {
        "entrypoint": under_debugger(config["WorkingDir"], [*entrypoint, *command]),
        "command": [],
        "host": {**attributes["HostConfig"], **UNLIMITED},
    }


def probe_of(workload: Workload) -> list[str]:
    """Return the command that asks a replica in its own network, from its agent's container, whether it is ready."""
    check, port = workload.check, workload.check_port
    if check.protocol == "http":
        return ["wget", "-q", "-T", "2", "-O", "/dev/null", f"http://127.0.0.1:{port}{check.path}"]
    # A server that speaks gRPC has its services before it listens.
    return ["nc", "-z", "-w", "2", "127.0.0.1", str(port)]

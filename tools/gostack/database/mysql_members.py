"""MySQL's members as a person on this machine reaches them: as root through the socket, inside their containers.

No password is needed, so none can leak.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from docker.models.containers import Container
from docker.utils import socket as engine_socket

from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle.objects import StackObjects, health, printed, running

CHARACTER_SET = "--default-character-set=utf8mb4"
_ASK = ["mysql", "--user=root", CHARACTER_SET, "--batch", "--skip-column-names"]
_STANDARD_OUTPUT = 1


class DatabaseError(UserError):
    """A backup or a restore cannot go on: the text is one sentence with the cause and the fix."""


@dataclass(frozen=True)
class Member:
    """A member that answers."""

    container: Container
    read_only: bool

    @property
    def name(self) -> str:
        """Name of the member's container."""
        return str(self.container.name)

    def ask(self, query: str) -> list[str]:
        """Return the result of a query, one line a row; raises DatabaseError."""
        return ask_member(self.container, query)

    def output_of(self, command: Sequence[str]) -> Iterator[bytes]:
        """Run a command and yield what it prints; raises DatabaseError when it fails."""
        client: Any = self.container.client.api if self.container.client else None
        identity = client.exec_create(self.container.id, list(command))["Id"]
        complaints = b""
        for output, complaint in client.exec_start(identity, stream=True, demux=True):
            complaints += complaint or b""
            if output:
                yield output
        _demand_success(client, identity, command[0], complaints)

    def feed(self, client_arguments: Sequence[str], text: Callable[[], Iterator[bytes]], size: int) -> None:
        """Run `mysql` with `size` bytes of text as its input; raises DatabaseError when it refuses them."""
        # The engine's connection cannot be closed in one direction everywhere: `head` knows where the end is.
        command = ["bash", "-o", "pipefail", "-c", f'head --bytes={size} | "$@"', "bash", *_ASK, *client_arguments]
        client: Any = self.container.client.api if self.container.client else None
        identity = client.exec_create(self.container.id, command, stdin=True)["Id"]
        stream = client.exec_start(identity, socket=True)
        connection = getattr(stream, "_sock", stream)
        connection.settimeout(None)

        def send() -> None:
            try:
                for part in text():
                    connection.sendall(part)
            except OSError:
                # Whoever reads has given up; what it says comes over the other direction.
                return

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        frames: Iterator[tuple[int, bytes]] = cast("Any", engine_socket).frames_iter(stream, tty=False)
        complaints = b"".join(data for kind, data in frames if kind != _STANDARD_OUTPUT)
        stream.close()
        sender.join(timeout=10)
        _demand_success(client, identity, "mysql", complaints)


def running_members(objects: StackObjects) -> dict[str, Container]:
    """The containers of the members that run, by their regions, in the order of their names."""
    found = sorted(running(objects, "mysql"), key=lambda container: str(container.name))
    return {container.labels.get("gostack.region", ""): container for container in found}


def members(objects: StackObjects) -> list[Member]:
    """Every member that answers, by name; raises DatabaseError when there is none."""
    found: list[Member] = []
    silent: list[str] = []
    for container in running_members(objects).values():
        try:
            found.append(Member(container, ask_member(container, "SELECT @@global.super_read_only") == ["1"]))
        except DatabaseError as error:
            silent.append(str(error))
    if not found:
        because = f" ({silent[0]})" if silent else ""
        raise DatabaseError(f"no MySQL member of the stack {objects.stack} answers{because}: run `make up`.")
    return found


def writable_member(objects: StackObjects) -> Member:
    """The one member that takes writes; raises DatabaseError."""
    writable = [member for member in members(objects) if not member.read_only]
    if len(writable) != 1:
        names = ", ".join(member.name for member in writable) or "none"
        raise DatabaseError(f"exactly one MySQL member must take writes, and it is {names}: wait, or run `make up`.")
    return writable[0]


def member_to_read(objects: StackObjects) -> Member:
    """A member whose work a backup does not slow down: a read-only one that is well, else the one that takes writes."""
    found = members(objects)
    replicas = [member for member in found if member.read_only and health(member.container) == "healthy"]
    return replicas[0] if replicas else writable_member(objects)


def ask_member(container: Container, query: str) -> list[str]:
    """Return the result of a query on the member in a container, one line a row; raises DatabaseError."""
    return printed(container, [*_ASK, "--execute", query], DatabaseError).splitlines()


def _demand_success(client: Any, identity: str, program: str, complaints: bytes) -> None:
    code = client.exec_inspect(identity)["ExitCode"]
    if code != 0:
        said = complaints.decode(errors="replace").strip() or "it said nothing"
        raise DatabaseError(f"{program} failed with exit code {code}: {said}")

"""The stack's MySQL servers, asked as root through their own sockets: no password leaves the state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from docker.models.containers import Container

from operations.objects import StackObjects, role
from operations.workspace import PulumiError

CLIENT = ["mysql", "--user=root", "--batch", "--skip-column-names", "--default-character-set=utf8mb4"]


@dataclass(frozen=True)
class Member:
    """One MySQL server that runs."""

    region: str
    container: Container

    def query(self, statement: str) -> list[str]:
        """Return the rows of a statement, columns apart by tabs; raises PulumiError with the server's words."""
        code, output = self.container.exec_run([*CLIENT, "--execute", statement], user="mysql")
        text = cast("bytes", output).decode(errors="replace")
        if code != 0:
            raise PulumiError(f"MySQL in {self.region} refuses: {text.strip()}")
        return text.splitlines()

    def writable(self) -> bool:
        """Whether it is the primary."""
        return self.query("SELECT @@global.super_read_only") == ["0"]


def members(objects: StackObjects) -> list[Member]:
    """Return the members that run, by region; raises PulumiError when none does."""
    found = [
        Member(container.labels["gostack.region"], container)
        for container in objects.containers()
        if role(container) == "mysql" and container.status == "running"
    ]
    if not found:
        raise PulumiError("no MySQL member of this stack runs: run `make up`.")
    return sorted(found, key=lambda member: member.region)


def primary(objects: StackObjects) -> Member:
    """Return the member that takes writes; raises PulumiError when there is none."""
    for member in members(objects):
        if member.writable():
            return member
    raise PulumiError("no MySQL member takes writes now: wait for the failover to end, or run `make up`.")

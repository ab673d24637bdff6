"""Whether the ports that the stack publishes on this machine are free, and who holds the others."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from tools.gostack.doctor.finding import Finding
from tools.gostack.documents import mapping, mappings
from tools.gostack.environment.docker_engine import Engine, api_of


@dataclass(frozen=True)
class PublishedPorts:
    """The host ports of the engine's containers."""

    own: frozenset[int]
    """Those of the stack's own containers."""
    others: Mapping[int, str]
    """Those of other containers: port -> container name."""
    stacks: Mapping[int, str] = field(default_factory=dict[int, str])
    """Those of this project's other stacks: port -> stack."""


def check_ports(
    wanted: Mapping[str, tuple[str, int]],
    published: PublishedPorts,
    is_free: Callable[[str, int], bool],
) -> Iterator[Finding]:
    """Whether each port of the stack is free, or held by the stack itself."""
    seen: dict[int, str] = {}
    held: dict[str, list[int]] = {}
    free = 0
    for purpose, (address, port) in wanted.items():
        if port in seen:
            message = f"{port} is wanted by {seen[port]} and by {purpose}"
            yield Finding("ports", "fail", message, "give one of them another port in the stack's settings")
        elif port in published.own or is_free(address, port):
            free += 1
        elif port in published.stacks:
            held.setdefault(published.stacks[port], []).append(port)
        elif port in published.others:
            container = published.others[port]
            message = f"{port} ({purpose}) is taken by the container {container}"
            yield Finding("ports", "fail", message, f"docker stop {container}")
        else:
            remedy = f"ss -ltnp 'sport = :{port}' shows which: stop it, or choose another gostack:{purpose}"
            yield Finding("ports", "fail", f"{port} ({purpose}) is taken by another program", remedy)
        seen.setdefault(port, purpose)
    for other, ports in held.items():
        message = f"{', '.join(map(str, ports))} held by the stack {other}"
        yield Finding("ports", "fail", message, f"STACK={other} make down, or give this stack other ports")
    if free == len(wanted):
        ports = ", ".join(str(port) for _, port in wanted.values())
        yield Finding("ports", "ok", f"{ports} free or held by this stack" if ports else "none is published")


def published_ports(engine: Engine, stack: str) -> PublishedPorts:
    """Which host ports the engine's containers hold."""
    own: set[int] = set()
    others: dict[int, str] = {}
    stacks: dict[int, str] = {}
    with api_of(engine) as api:
        containers = mappings(api.containers())
    for container in containers:
        labels = mapping(container.get("Labels"))
        owner = labels.get("gostack.stack") if labels.get("gostack.project") == "gostack" else None
        for port in mappings(container.get("Ports")):
            number = port.get("PublicPort")
            if isinstance(number, int):
                if owner == stack:
                    own.add(number)
                elif owner:
                    stacks[number] = owner
                else:
                    others[number] = str((container.get("Names") or ["?"])[0]).lstrip("/")
    return PublishedPorts(frozenset(own), others, stacks)


def port_is_free(address: str, port: int) -> bool:
    """Whether the engine could publish a port: nobody listens on it at this address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            # A port that only this user may not open is one that the engine, as root, can.
            return error.errno == errno.EACCES
    return True

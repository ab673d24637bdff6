"""What a pod offers to others, as its agent registers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from components.consul.check import Check

CLIENTS_ADDRESS = "address-of-this-pod.invalid"
"""Stands in a check for the address under which clients reach the pod; `consul-agent.sh` writes it there."""

POD_NAME = "name-of-this-pod.invalid"
"""Stands in metadata for the host name of the pod; `consul-agent.sh` writes it there."""


@dataclass(frozen=True)
class ServiceInstance:
    """One instance of a service, registered by the agent beside it under the agent's own address."""

    service: str
    """Name of the service."""

    port: int
    """Port on which the pod answers."""

    check: Check | None = None
    """How Consul checks it."""

    check_port: int | None = None
    """Port that `check` asks; `port` when it is not given."""

    connects_to: Sequence[int] = ()
    """With `check`: ports that must take connections, too, each a check of its own."""

    alias_of: str | None = None
    """Given instead of `check`: name of an instance of the same pod, which this one is as healthy as."""

    ttl: str | None = None
    """Given instead of `check`: the instance reports itself, and counts as failed when it has not done so for this
    long, for example "3s". Its report goes to the check with the instance's name."""

    tags: Sequence[str] = ()
    """Tags by which it can be asked for."""

    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    """What else Consul tells of it."""

    id: str = ""
    """Name of the instance, unique in the pod; the service's own by default."""

    def __post_init__(self) -> None:
        """Raise ValueError unless there is exactly one of `check`, `ttl` and `alias_of`."""
        if sum(given is not None for given in (self.check, self.ttl, self.alias_of)) != 1:
            raise ValueError(f"{self.service} has exactly one of check, ttl and alias_of")

    @property
    def identity(self) -> str:
        """Name of the instance."""
        return self.id or self.service

    def definition(self) -> dict[str, Any]:
        """Return the instance in the words of Consul's configuration."""
        check: dict[str, Any] = {"name": f"{self.identity} answers"}
        if self.check is not None:
            check |= _definition(self.check, self.check_port or self.port)
        elif self.alias_of is not None:
            check |= {"alias_service": self.alias_of}
        else:
            # Whoever reports must know the check's name.
            check |= {"id": self.identity, "ttl": self.ttl}
        return {
            "id": self.identity,
            "name": self.service,
            "port": self.port,
            "tags": list(self.tags),
            "meta": dict(self.metadata),
            "checks": [check, *(self._connection(port) for port in self.connects_to)],
        }

    def _connection(self, port: int) -> dict[str, Any]:
        given = self.check or Check()
        check = Check(protocol="tcp", interval=given.interval, timeout=given.timeout, failures=given.failures)
        return {"name": f"{self.identity} takes connections on port {port}", **_definition(check, port)}


def pod_check(name: str, check: Check, port: int) -> dict[str, Any]:
    """Return, in the words of Consul's configuration, a check of a program that is no instance of anything."""
    return {"id": name, "name": f"{name} answers", **_definition(check, port)}


def _definition(check: Check, port: int) -> dict[str, Any]:
    # Where clients go: a program that listens on 127.0.0.1 alone answers nobody else.
    address = f"{CLIENTS_ADDRESS}:{port}"
    definition: dict[str, Any] = {
        check.protocol: f"http://{address}{check.path}" if check.protocol == "http" else address,
        "interval": check.interval,
        "timeout": check.timeout,
    }
    if check.failures > 1:
        definition["failures_before_critical"] = check.failures
    return definition

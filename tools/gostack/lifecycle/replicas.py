"""The replicas of a stack on Docker as they are, why one of them does not serve, and what makes it serve again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from docker.errors import APIError
from docker.models.containers import Container

from components.microservice.workload import AGENT_PORTS
from infra.settings import Settings
from tools.gostack.last_words import check_helps
from tools.gostack.lifecycle.instances import SCHEDULES, Instance, Place, Standing
from tools.gostack.lifecycle.listeners import COMMAND, unreachable
from tools.gostack.lifecycle.objects import StackObjects, last_words, role

_POD_LENGTH = 12
_SERVICES = ["wget", "-q", "-T", "3", "-O", "-", "http://127.0.0.1:8500/v1/agent/services"]
_RESTART_SECONDS = 5
_MOST_REASON = 300


@dataclass(frozen=True)
class Replica:
    """The containers of one replica's pod."""

    place: Place
    pod: str
    """Identity of the pod: the first part of its sandbox's."""

    application: Container | None
    agent: Container | None

    @property
    def name(self) -> str:
        """Name for people."""
        known = self.application or self.agent
        return str(known.name) if known is not None else self.pod


def replicas(objects: StackObjects) -> list[Replica]:
    """Return the replicas that have a pod on the engine, and the schedulers."""
    containers = objects.containers()
    joined: dict[str, dict[str, Container]] = {}
    for container in containers:
        sandbox = str(container.attrs["HostConfig"]["NetworkMode"]).removeprefix("container:")
        joined.setdefault(sandbox, {})[role(container)] = container
    found: list[Replica] = []
    for sandbox in containers:
        members, labels = joined.get(str(sandbox.id), {}), sandbox.labels
        track = labels.get("gostack.track") or (SCHEDULES if "scheduler" in members else None)
        if role(sandbox) != "sandbox" or track is None:
            continue
        place = Place(labels["gostack.service"], track, labels["gostack.region"])
        program = members.get("scheduler" if track == SCHEDULES else "application")
        found.append(Replica(place, identity(sandbox), program, members.get("agent")))
    return found


def identity(container: Container) -> str:
    """Return what a pod's agent calls itself by: the host name that the engine gives a container."""
    return str(container.id)[:_POD_LENGTH]


def unregistered(held: Iterable[Replica], known: Iterable[Instance]) -> list[Replica]:
    """Return the replicas whose agent runs while the datacenter does not know them."""
    registered = {instance.pod for instance in known}
    return [
        replica
        for replica in held
        if replica.pod not in registered and replica.agent is not None and replica.agent.status == "running"
    ]


def has_its_service(replica: Replica) -> bool:
    """Whether the replica's agent answers and wants its service to be registered."""
    return replica.agent is not None and replica.place.service in (_services(replica.agent) or ())


def register_again(replica: Replica) -> str:
    """Restart the replica's agent, which registers it when it starts; tell of it."""
    if replica.agent is None:
        return ""
    replica.agent.restart(timeout=_RESTART_SECONDS)
    return f"{replica.agent.name} had lost the registration of {replica.place.service}: restarted"


def explanation(standing: Standing, held: Sequence[Replica], settings: Settings) -> str:
    """Return one sentence on a place, then one on each replica that does not pass, with its last words; empty when
    nothing is wrong."""
    known = {instance.pod: instance for instance in standing.instances}
    here = [replica for replica in held if replica.place == standing.place]
    service = settings.services[standing.place.service]
    lines: list[str] = []
    for replica in sorted(here, key=lambda one: one.name):
        instance = known.pop(replica.pod, None)
        if instance is not None and (service.kind == "worker" or standing.place.track == SCHEDULES):
            reason = instance.reason
        else:
            reason = _reason(replica, instance, service.client_ports)
        if reason:
            helps = check_helps(reason)
            lines += [f"  {replica.name}: {reason}.", *_words(replica), *([f"    -> {helps}"] if helps else [])]
    # Whose pod was removed by hand.
    lines += [f"  {instance.replica}: its pod is gone." for instance in known.values() if not instance.passing]
    return "\n".join([f"{standing}.", *lines]) if lines or standing.lacks else ""


def _reason(replica: Replica, instance: Instance | None, ports: Sequence[int]) -> str:
    if instance is not None and instance.passing:
        return ""
    application, agent = replica.application, replica.agent
    if application is None:
        return "its program was not started"
    application.reload()
    if application.status != "running":
        return ended(application)
    if agent is None or agent.status != "running":
        return "its Consul agent does not run"
    if instance is None:
        return "Consul does not know it" if _services(agent) else "its Consul agent does not answer"
    why = _unreachable(agent, ports)
    return f"{why} (its check says: {_shown(instance.reason)})" if why else _shown(instance.reason)


def ended(application: Container) -> str:
    """Return how a program ended that does not run."""
    state: dict[str, Any] = application.attrs["State"]
    restarts = int(application.attrs.get("RestartCount", 0))
    again = f", and {restarts} times before" if restarts > 1 else ""
    killed = ", over its memory limit (memory_mib)" if state.get("OOMKilled") else ""
    return f"its program has ended with exit code {state['ExitCode']}{killed}{again}"


def _unreachable(agent: Container, ports: Sequence[int]) -> str:
    # Where IPv6 is switched off there is no second file, and the exit code says so.
    _, text = _run(agent, COMMAND)
    if "local_address" not in text:
        return ""
    return next((why for port in ports if (why := unreachable(text, port, {*AGENT_PORTS, *ports}))), "")


def _services(agent: Container) -> set[str] | None:
    """Names of what the agent has registered; None when it does not answer."""
    code, text = _run(agent, _SERVICES)
    if code != 0:
        return None
    services: dict[str, dict[str, Any]] = json.loads(text)
    return {str(service["Service"]) for service in services.values()}


def _run(container: Container, command: Sequence[str]) -> tuple[int, str]:
    try:
        code, output = container.exec_run(list(command))
    except APIError:
        return -1, ""
    return int(code or 0), cast("bytes", output or b"").decode(errors="replace")


def _words(replica: Replica) -> list[str]:
    if replica.application is None:
        return []
    words = last_words(replica.application) or ["(it said nothing)"]
    return ["    its last words:", *(f"    {line}" for line in words)]


def _shown(reason: str) -> str:
    text = reason.rstrip(". ") or "its check has not passed yet"
    return text if len(text) <= _MOST_REASON else f"{text[:_MOST_REASON]}…"

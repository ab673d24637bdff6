"""Workers on Docker: nobody finds them through Consul, so the engine tells which of them run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from docker.models.containers import Container

from components.microservice.workload import Workload
from infra.settings import Settings
from tools.gostack.lifecycle.instances import Instance
from tools.gostack.lifecycle.objects import StackObjects
from tools.gostack.lifecycle.repair import started
from tools.gostack.lifecycle.replicas import Replica, ended, replicas


def worker_instances(settings: Settings, objects: StackObjects) -> list[Instance]:
    """Return the replicas of workers that have a pod; each passes while its program runs and its check passes."""
    workers = {name: service for name, service in settings.services.items() if service.kind == "worker"}
    if not workers:
        return []
    held = [one for one in replicas(objects) if one.place.service in workers]
    found = [(one, _problem(one, workers[one.place.service])) for one in held]
    return [
        Instance(one.place, f"{one.name}-{one.pod}", "", passing=not problem, reason=problem) for one, problem in found
    ]


def _problem(replica: Replica, workload: Workload) -> str:
    program, agent = replica.application, replica.agent
    if program is None:
        return "its program was not started"
    program.reload()
    if program.status != "running":
        return ended(program)
    if workload.judged_by is None:
        seconds = int((datetime.now(UTC) - started(program)).total_seconds())
        if seconds < workload.min_ready_seconds:
            restarts = int(program.attrs.get("RestartCount", 0))
            return f"its program has run for {seconds} s, and was started again {restarts} times"
    if agent is None or agent.status != "running":
        return "its Consul agent does not run"
    judges = agent if workload.own_port is not None else program
    judges.reload()
    return "" if _health(judges) == "healthy" else "its check does not pass"


def _health(container: Container) -> str:
    health: dict[str, Any] = container.attrs["State"].get("Health") or {}
    return str(health.get("Status", "healthy"))

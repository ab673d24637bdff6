"""Workers and schedulers on Docker: nobody finds them through Consul, so the engine tells which of them run."""

from __future__ import annotations

from datetime import UTC, datetime

from docker.models.containers import Container

from components.microservice.workload import Workload
from infra.settings import Settings
from tools.gostack.lifecycle.instances import SCHEDULES, Instance
from tools.gostack.lifecycle.objects import StackObjects, health
from tools.gostack.lifecycle.repair import started
from tools.gostack.lifecycle.replicas import Replica, ended, replicas

_NO_AGENT = "its Consul agent does not run"

SCHEDULER_SECONDS = 3
"""Time in seconds for which a scheduler must run before it counts: it reads what it is given when it starts."""


def worker_instances(settings: Settings, objects: StackObjects) -> list[Instance]:
    """Return the replicas of workers that have a pod, and the schedulers; each passes while its program runs and its
    check passes."""
    services = settings.services
    if not any(service.kind == "worker" or service.schedules for service in services.values()):
        return []
    found: list[tuple[Replica, str]] = []
    for one in replicas(objects):
        service = services.get(one.place.service)
        if service is not None and one.place.track == SCHEDULES:
            found.append((one, _program_problem(one, SCHEDULER_SECONDS) or _agent_problem(one)))
        elif service is not None and service.kind == "worker":
            found.append((one, _problem(one, service)))
    return [
        Instance(one.place, f"{one.name}-{one.pod}", "", passing=not problem, reason=problem) for one, problem in found
    ]


def _problem(replica: Replica, workload: Workload) -> str:
    problem = _program_problem(replica, workload.min_ready_seconds if workload.judged_by is None else 0)
    if problem:
        return problem
    if replica.agent is None or replica.agent.status != "running":
        return _NO_AGENT
    judges = replica.agent if workload.own_port is not None else replica.application
    return "" if judges is None or _health_now(judges) == "healthy" else "its check does not pass"


def _program_problem(replica: Replica, ready_seconds: int) -> str:
    program = replica.application
    if program is None:
        return "its program was not started"
    program.reload()
    if program.status != "running":
        return ended(program)
    seconds = int((datetime.now(UTC) - started(program)).total_seconds())
    if seconds < ready_seconds:
        restarts = int(program.attrs.get("RestartCount", 0))
        return f"its program has run for {seconds} s, and was started again {restarts} times"
    return ""


def _agent_problem(replica: Replica) -> str:
    """Why a scheduler cannot ask for the runs that are due."""
    if replica.agent is None or replica.agent.status != "running":
        return _NO_AGENT
    return "" if _health_now(replica.agent) == "healthy" else "its Consul agent reaches no server"


def _health_now(container: Container) -> str:
    container.reload()
    return health(container)

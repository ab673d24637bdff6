"""What Pulumi cannot mend by itself, because it sees containers one by one.

* A container that joined a pod is stranded when the pod's sandbox restarts: it still holds the old network namespace.
* Consul servers that stand still: replaced one by one, the first would wait for a leader that needs the others.
* A job that failed is, for Pulumi, done.
* A key of Consul that somebody changed by hand: its container only tells that it is not healthy.
"""

from __future__ import annotations

from datetime import datetime

from docker.models.containers import Container

from components.runtime_config.args import DYNAMIC_CONFIGURATION_HEALTH
from tools.gostack.lifecycle.objects import StackObjects, end_job, role, running

# The order in which a pod's containers come back: what registers it comes last.
_ORDER = {"mysql": 0, "accessory": 0, "nginx": 0, "gateway": 0, "application": 0, "configuration": 1, "agent": 2}


def mend(objects: StackObjects) -> list[str]:
    """Start what holds the rest and stands still, restart what is stranded, remove failed jobs, write documents again
    that were changed in Consul; tell of each."""
    return [
        *_start_servers(objects),
        *_revive_pods(objects),
        *_remove_failed_jobs(objects),
        *_write_documents_again(objects),
    ]


def revive(objects: StackObjects) -> list[str]:
    """Start Consul servers and pods that stand still, and restart what is stranded; tell of each.

    A program that ends again and again is left to the engine, which starts it at longer and longer intervals.
    """
    return [*_start_servers(objects), *_revive_pods(objects, spare="restarting")]


def _start_servers(objects: StackObjects) -> list[str]:
    told: list[str] = []
    for container in objects.containers():
        if role(container) == "consul-server" and container.status != "running":
            container.start()
            told.append(f"{container.name} stood still: started")
    return told


def _revive_pods(objects: StackObjects, spare: str = "") -> list[str]:
    """The same for pods; containers with the status `spare` are left alone while they are in their pod's network."""
    told: list[str] = []
    containers = objects.containers()
    sandboxes = {container.id: container for container in containers if role(container) == "sandbox"}
    for sandbox in sandboxes.values():
        if sandbox.status != "running":
            sandbox.start()
            sandbox.reload()
            told.append(f"{sandbox.name} stood still: started")
    for member in sorted(containers, key=lambda container: _ORDER.get(role(container), 0)):
        mode: str = member.attrs["HostConfig"]["NetworkMode"]
        sandbox = sandboxes.get(mode.removeprefix("container:"))
        if sandbox is None:
            continue
        stranded = started(member) < started(sandbox)
        if member.status in ("running", spare) and not stranded:
            continue
        member.restart(timeout=5)
        told.append(f"{member.name} " + ("was out of its pod's network" if stranded else "stood still") + ": restarted")
    return told


def _remove_failed_jobs(objects: StackObjects) -> list[str]:
    told: list[str] = []
    for container in objects.containers():
        # No other command works on the stack: whoever waited for it is gone.
        end_job(container)
        state = container.attrs["State"]
        # "created" is one that could not be started, as the program whose processes it was to join had ended.
        if role(container) == "job" and state["Status"] in ("exited", "created") and state["ExitCode"] != 0:
            container.remove(force=True, v=True)
            told.append(f"{container.name} had failed: it runs again")
    return told


def _write_documents_again(objects: StackObjects) -> list[str]:
    told: list[str] = []
    for container in running(objects, "dynamic-configuration"):
        code, _ = container.exec_run(["/bin/sh", "-c", DYNAMIC_CONFIGURATION_HEALTH])
        if code != 0:
            container.kill(signal="HUP")
            told.append(f"{container.name} found its key in Consul changed: written again")
    return told


def started(container: Container) -> datetime:
    """Return when the container's program was last started."""
    return datetime.fromisoformat(container.attrs["State"]["StartedAt"])

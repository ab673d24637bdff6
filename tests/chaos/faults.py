"""Faults that several drills use."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import Any

from docker.models.containers import Container

from tests.chaos.programs import packet_delay
from tests.chaos.scene import DrillError, Scene
from tools.gostack.environment.locations import PROJECT_ROOT
from tools.gostack.environment.progress import Progress

SERVICE = "users"

# Everything that a replica sends, but not what its own processes say to each other.
_RULE = ["OUTPUT", "!", "-o", "lo", "-j", "NFQUEUE", "--queue-num", "1", "--queue-bypass"]


def replica(scene: Scene, region: str | None = None) -> Container:
    """One replica of the service in a region (default: the first)."""
    found = scene.stack.containers("application", service=SERVICE, region=region or scene.regions[0])
    if not found:
        raise DrillError(f"no replica of {SERVICE} runs")
    return found[0]


def process(container: Container) -> int:
    """Number of the container's first process on this machine; raises DrillError when the engine is elsewhere."""
    container.reload()
    number = int(container.attrs["State"]["Pid"])
    if number <= 1:
        raise DrillError(f"{container.name} has no process")
    return number


def send_signal(container: Container, how: signal.Signals) -> None:
    """Send a signal to the container's first process, behind the engine's back."""
    os.kill(process(container), how)


def pod_of(scene: Scene, container: Container) -> Container:
    """The sandbox whose network namespace the container has joined; the container itself when it has its own."""
    mode = str(container.attrs["HostConfig"]["NetworkMode"])
    if not mode.startswith("container:"):
        return container
    return scene.stack.objects.client.containers.get(mode.removeprefix("container:"))


def addresses(scene: Scene, container: Container) -> set[str]:
    """The addresses of the container's pod in every network."""
    networks: dict[str, Any] = pod_of(scene, container).attrs["NetworkSettings"]["Networks"]
    return {str(network["IPAddress"]) for network in networks.values()}


def slow_down(scene: Scene, container: Container, delay_milliseconds: int, loss: float) -> None:
    """Hold back and drop what the container's pod sends, until `speed_up`."""
    namespace = ["nsenter", "--net", "--target", str(process(pod_of(scene, container)))]
    program = str(packet_delay(PROJECT_ROOT, Progress()))
    delayer = subprocess.Popen(
        [*namespace, program, f"-delay={delay_milliseconds}ms", f"-loss={loss}"], stdout=subprocess.PIPE, text=True
    )
    scene.notes["delayer"] = delayer
    if delayer.stdout is None or delayer.stdout.readline().strip() != "ready":
        raise DrillError("packet-delay did not start")
    subprocess.run([*namespace, "iptables", "-I", *_RULE], check=True)
    scene.notes["line"] = namespace


def speed_up(scene: Scene) -> None:
    """Take `slow_down` back."""
    if "line" in scene.notes:
        subprocess.run([*scene.notes["line"], "iptables", "-D", *_RULE], check=True)
    if "delayer" in scene.notes:
        scene.notes["delayer"].terminate()
        scene.notes["delayer"].wait()


def consul_leader(scene: Scene, region: str) -> Container:
    """The container of the leading Consul server of a region."""
    url = str(scene.stack.outputs["consul"][region])
    leader = str(scene.stack.request("GET", f"{url}/v1/status/leader").json()).partition(":")[0]
    for server in scene.stack.containers("consul-server", region=region):
        if leader in addresses(scene, server):
            return server
    raise DrillError(f"no server of {region} has the leader's address {leader!r}")


def replicas_that_answer(scene: Scene, region: str, requests: int = 40) -> int:
    """How many replicas of a region answer when clients ask its ingress, by the ingress's log."""
    since = time.time()
    for _ in range(requests):
        scene.stack.request("GET", f"{scene.entry(region)}/{scene.user_id}")
    time.sleep(0.5)
    (ingress,) = scene.stack.containers("nginx", region=region)
    log = bytes(ingress.logs(since=since - 1)).decode(errors="replace")
    replicas = scene.stack.containers("application", service=SERVICE, region=region)
    return sum(any(f'"{address}:' in log for address in addresses(scene, one)) for one in replicas)


def kill_doomed_region(scene: Scene) -> None:
    """Kill every container of the region that is to be lost."""
    for container in scene.stack.objects.containers():
        if container.labels.get("gostack.region") == scene.doomed_region and container.status == "running":
            container.kill()


def observe_replicas_that_answer_again(scene: Scene) -> None:
    """Keep how many replicas of the lost region answer requests after its return."""
    scene.observe("replicas_that_answer_again", replicas_that_answer(scene, scene.doomed_region))

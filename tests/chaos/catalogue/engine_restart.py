"""The engine under everything restarts, as in an upgrade of its package."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.chaos.model import NO_ROW_LOST, Criterion, Drill, LoadPlan
from tests.chaos.scene import DrillError, Scene
from tests.support.live import wait_until
from tools.gostack.environment.docker_engine import DEFAULT_SOCKET, ensure_engine, find_endpoint
from tools.gostack.environment.progress import Progress
from tools.gostack.lifecycle.objects import PROJECT_LABEL

_PID_FILE = Path("/var/run/docker.pid")
_STOP_SECONDS = 90


def _act(scene: Scene) -> None:
    client = scene.stack.objects.client
    scene.observe("live_restore", float(bool(client.info().get("LiveRestoreEnabled"))))
    number = int(_PID_FILE.read_text())
    if Path(f"/proc/{number}/comm").read_text().strip() != "dockerd":
        raise DrillError(f"process {number} is not the engine")
    scene.strike()
    os.kill(number, signal.SIGTERM)
    wait_until(lambda: not Path(f"/proc/{number}").exists(), _STOP_SECONDS, "the engine has ended")
    ensure_engine(Progress())
    scene.up()


def _reason_against(scene: Scene) -> str:
    if find_endpoint(os.environ) != DEFAULT_SOCKET or os.geteuid() != 0:
        return "the engine is not this machine's own, or this user is not root."
    own = {container.id for container in scene.stack.objects.containers()}
    others = [one for one in scene.stack.objects.client.containers.list() if one.id not in own]
    if others:
        stacks = sorted({str(one.labels.get("gostack.stack", one.name)) for one in others})
        return (
            f"{len(others)} containers of others run on this engine ({', '.join(stacks)}), which would stop too: "
            f"remove them first (label {PROJECT_LABEL})."
        )
    return ""


DRILL = Drill(
    name="engine-restart",
    purpose="The Docker engine is ended and started again, then `make up`; without live-restore every container stops.",
    act=_act,
    criteria=(NO_ROW_LOST, Criterion("failed_at_the_end", "==", 0)),
    load=LoadPlan(after_seconds=15),
    reason_against=_reason_against,
)

"""Whether the Docker engine answers, is recent enough and has the right time."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from tools.gostack.doctor.finding import Finding
from tools.gostack.environment.docker_engine import DEFAULT_SOCKET, MINIMUM_API, Engine, how_to_install

CLOCK_TOLERANCE_SECONDS = 5.0


def check_engine(engine: Engine | None, endpoint: str, *, startable: bool) -> Iterator[Finding]:
    """Whether a Docker engine answers, and is recent enough."""
    if engine is None and startable:
        yield Finding("docker engine", "warn", "not running", "nothing to do: `make up` installs and starts it")
    elif engine is None and endpoint != DEFAULT_SOCKET:
        yield Finding("docker engine", "fail", f"{endpoint} does not answer", "start it, or: unset DOCKER_HOST")
    elif engine is None:
        remedy = how_to_install(platform.system(), shutil.which("apt-get") is not None, os.geteuid() == 0)
        yield Finding("docker engine", "fail", "none answers", remedy.partition(": ")[2])
    elif engine.api < MINIMUM_API:
        yield Finding("docker engine", "fail", f"{engine.version} is older than 20.10", "upgrade Docker")
    else:
        yield Finding("docker engine", "ok", f"{engine.version}, {engine.storage_driver}")
        if engine.storage_driver == "vfs":
            remedy = "use overlay2: https://docs.docker.com/engine/storage/drivers"
            yield Finding("docker storage", "warn", "vfs copies whole images: slow, and fills the disk", remedy)


def check_folder(engine: Engine, wanted: str | None) -> Iterator[Finding]:
    """Whether the telemetry looks for the logs of containers where the engine keeps them."""
    if wanted is not None and Path(wanted) != engine.data_root:
        found = f"the engine keeps its logs in {engine.data_root}, and the telemetry looks in {wanted}"
        yield Finding("docker folder", "fail", found, f"set gostack:telemetry.docker_root to {engine.data_root}")


def check_clock(engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Iterator[Finding]:
    """Whether this machine and the engine's agree on the time: certificates and leases depend on it."""
    if engine.time is None:
        return
    seconds = abs((engine.time - now()).total_seconds())
    if seconds > CLOCK_TOLERANCE_SECONDS:
        remedy = "set both clocks: sudo timedatectl set-ntp true (Docker Desktop: restart it)"
        yield Finding("clock", "fail", f"the engine's clock differs by {seconds:.0f} s", remedy)
    else:
        yield Finding("clock", "ok", f"agrees with the engine's, {now():%Y-%m-%d %H:%M} UTC")

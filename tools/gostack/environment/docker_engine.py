"""The Docker engine: the one that runs, else installed and started where that can be done without asking."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from tools.gostack.environment.errors import BootstrapError
from tools.gostack.environment.large_pages import allow_large_pages
from tools.gostack.environment.locations import cache_folder
from tools.gostack.environment.locks import exclusive
from tools.gostack.environment.processes import run_logged
from tools.gostack.environment.processor_share import prefer
from tools.gostack.environment.progress import Progress

MINIMUM_API = (1, 41)
DEFAULT_SOCKET = "unix:///var/run/docker.sock"
_START_SECONDS = 60.0


@dataclass(frozen=True)
class Engine:
    """A Docker engine that answers."""

    endpoint: str
    """Its address in the form of DOCKER_HOST."""
    version: str
    """The engine's version, for example `20.10.24`."""
    api: tuple[int, int]
    """The newest version of the API that it speaks."""
    storage_driver: str
    data_root: Path
    """Where images and volumes are kept, on the engine's machine."""
    time: datetime | None = None
    """The time of its clock when it was asked."""


def ensure_engine(progress: Progress) -> Engine:
    """The running engine, installed and started if need be.

    Raises `BootstrapError` with what the user has to do when this machine's engine cannot be started from here.
    """
    endpoint = find_endpoint(os.environ)
    engine = ask(endpoint)
    if engine is None:
        if endpoint != DEFAULT_SOCKET:
            raise BootstrapError(f"The Docker engine at {endpoint} does not answer: start it, or unset DOCKER_HOST.")
        with exclusive(
            cache_folder() / "locks" / "docker-engine.lock",
            lambda: progress.line("engine", "another process is starting the Docker engine, waiting for it…"),
        ):
            engine = ask(endpoint) or _start(endpoint, progress)
    if engine.api < MINIMUM_API:
        raise BootstrapError(
            f"The Docker engine {engine.version} is too old (API {_dotted(engine.api)} < {_dotted(MINIMUM_API)}): "
            "upgrade it to 20.10 or newer."
        )
    return engine


def find_endpoint(variables: Mapping[str, str], home: Path | None = None) -> str:
    """Where the engine is: DOCKER_HOST, the current context of the docker command, or the default socket."""
    if variables.get("DOCKER_HOST"):
        return variables["DOCKER_HOST"]
    folder = Path(variables.get("DOCKER_CONFIG") or (home or Path.home()) / ".docker")
    name = variables.get("DOCKER_CONTEXT") or _read_json(folder / "config.json").get("currentContext") or "default"
    if name == "default":
        return DEFAULT_SOCKET
    key = hashlib.sha256(str(name).encode()).hexdigest()
    context = _read_json(folder / "contexts" / "meta" / key / "meta.json")
    try:
        return str(context["Endpoints"]["docker"]["Host"])
    except (KeyError, TypeError):
        return DEFAULT_SOCKET


def ask(endpoint: str, seconds: float = 5.0) -> Engine | None:
    """What the engine at an address says of itself; None when it does not answer. Raises when this user may not ask."""
    # Imported here: it takes 0.2 s, and not every command needs it.
    import docker
    import docker.errors

    if endpoint.startswith("unix://") and not _listens(endpoint.removeprefix("unix://")):
        return None
    try:
        client = docker.DockerClient(base_url=endpoint, version="auto", timeout=int(seconds))
        with closing(client):
            version = client.version()
            information = client.info()
    except (docker.errors.DockerException, OSError, ValueError):
        return None
    return Engine(
        endpoint=endpoint,
        version=str(version.get("Version", "unknown")),
        api=api_version(str(version.get("ApiVersion", "0.0"))),
        storage_driver=str(information.get("Driver", "unknown")),
        data_root=Path(str(information.get("DockerRootDir", "/var/lib/docker"))),
        time=_time(str(information.get("SystemTime", ""))),
    )


def api_of(engine: Engine) -> AbstractContextManager[Any]:
    """The low-level client of an engine, which says what it has as JSON."""
    import docker

    return closing(docker.APIClient(base_url=engine.endpoint, version="auto", timeout=10))


def api_version(text: str) -> tuple[int, int]:
    """`1.41` as numbers."""
    major, _, minor = text.partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)


def how_to_install(system: str, is_debian: bool, is_root: bool) -> str:
    """One sentence for the user of a machine where the engine cannot be installed from here."""
    if system != "Linux":
        return "No Docker engine answers: start Docker Desktop (https://docs.docker.com/get-docker) and try again."
    if is_debian and not is_root:
        return (
            "No Docker engine answers: run `sudo apt-get install docker.io && sudo usermod -aG docker $USER`, "
            "log in again and try again."
        )
    return "No Docker engine answers: install Docker (https://docs.docker.com/engine/install), start it and try again."


def can_be_started(endpoint: str) -> bool:
    """Whether `ensure_engine` can install or start an engine here without asking the user for anything."""
    if endpoint != DEFAULT_SOCKET or platform.system() != "Linux" or os.geteuid() != 0:
        return False
    return _daemon() is not None or _is_debian()


def _daemon() -> str | None:
    return shutil.which("dockerd") or shutil.which("/usr/sbin/dockerd")


def _start(endpoint: str, progress: Progress) -> Engine:
    is_debian = _is_debian()
    is_root = os.geteuid() == 0
    daemon = _daemon()
    if platform.system() != "Linux" or not is_root:
        if daemon and platform.system() == "Linux":
            raise BootstrapError("The Docker engine is not running: `sudo systemctl start docker` and try again.")
        raise BootstrapError(how_to_install(platform.system(), is_debian, is_root))
    if daemon is None:
        if not is_debian:
            raise BootstrapError(how_to_install("Linux", is_debian, is_root))
        _install(progress)
        # The package's own start script may have started it already.
        engine = _wait(endpoint, 3)
        if engine is not None:
            return engine
        daemon = _daemon() or "/usr/sbin/dockerd"
    with progress.step("engine", "starting the Docker engine"):
        if Path("/run/systemd/system").is_dir():
            log = cache_folder() / "logs" / "docker-engine.log"
            run_logged(["systemctl", "enable", "--now", "docker"], log, what="Starting the Docker engine")
            engine = _wait(endpoint, _START_SECONDS)
        else:
            engine = _start_detached(daemon, endpoint)
    if engine is None:
        raise BootstrapError(f"The Docker engine does not answer {_START_SECONDS:.0f} s after its start: see its log.")
    return engine


def _install(progress: Progress) -> None:
    log = cache_folder() / "logs" / "docker-install.log"
    log.unlink(missing_ok=True)
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with progress.step("engine", "installing the Docker engine (usually 1 min)"):
        run_logged(["apt-get", "update"], log, what="Updating the package lists", variables=variables)
        packages = ["docker.io", "iptables", "ca-certificates"]
        command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
        run_logged(command, log, what="Installing the Docker engine", variables=variables)


def forget_dead_process(file: Path, program: str, processes: Path = Path("/proc")) -> bool:
    """Remove a file with the number of a process that is no longer `program`; return whether it was removed.

    An engine that was killed leaves its number behind, and refuses to start when another program has got that number.
    """
    try:
        number = int(file.read_text().strip())
    except (OSError, ValueError):
        return False
    try:
        alive = (processes / str(number) / "comm").read_text().strip() == program
    except OSError:
        alive = False
    if not alive:
        file.unlink(missing_ok=True)
    return not alive


def _start_detached(daemon: str, endpoint: str) -> Engine | None:
    forget_dead_process(Path("/var/run/docker.pid"), "dockerd")
    forget_dead_process(Path("/var/run/docker/containerd/containerd.pid"), "containerd")
    allow_large_pages()
    log = cache_folder() / "logs" / "dockerd.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        # A session of its own: the engine serves other stacks too and has to outlive this command and its terminal.
        process = subprocess.Popen(
            [daemon], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, cwd="/"
        )
    engine = _wait(endpoint, _START_SECONDS, lambda: process.poll() is not None)
    if engine is not None:
        prefer("docker")
    elif process.poll() is not None:
        lines = log.read_text(errors="replace").rstrip().splitlines()[-10:]
        shown = "".join(f"\n    {line}" for line in lines)
        raise BootstrapError(f"The Docker engine ended at once.{shown}\n  The whole log: {log}")
    return engine


def _wait(endpoint: str, seconds: float, ended: Callable[[], bool] = lambda: False) -> Engine | None:
    deadline = time.monotonic() + seconds
    while (engine := ask(endpoint)) is None and not ended() and time.monotonic() < deadline:
        time.sleep(0.25)
    return engine


def _listens(path: str) -> bool:
    """Whether something accepts connections at a socket. Raises `BootstrapError` when this user may not connect."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        try:
            connection.connect(path)
        except PermissionError:
            raise BootstrapError(
                f"This user may not use the Docker engine {path}: `sudo usermod -aG docker $USER`, then log in again."
            ) from None
        except OSError:
            return False
    return True


def _time(text: str) -> datetime | None:
    """The engine's RFC 3339 time."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return cast("dict[str, Any]", content) if isinstance(content, dict) else {}


def _is_debian() -> bool:
    """Whether this is Debian or, like Ubuntu, made from it."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return False
    return "debian" in (release["ID"], *release.get("ID_LIKE", "").split())


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))

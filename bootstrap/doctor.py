"""Preflight: everything that would make `make up` fail late, found before anything is made."""

from __future__ import annotations

import errno
import json
import os
import platform
import shutil
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, cast

from bootstrap.docker_engine import (
    DEFAULT_SOCKET,
    MINIMUM_API,
    Engine,
    ask,
    can_be_started,
    find_endpoint,
    how_to_install,
)
from bootstrap.doctor_cluster import check_cluster
from bootstrap.doctor_finding import Finding, Level
from bootstrap.doctor_networks import foreign_networks, overlaps
from bootstrap.environment import render
from bootstrap.errors import BootstrapError
from bootstrap.go_build import find_go
from bootstrap.processes import capture
from bootstrap.toolchain import Toolchain, find_toolchain

MINIMUM_DISK_BYTES = 10 * 1024**3
MINIMUM_MEMORY_BYTES = 4 * 1024**3
CLOCK_TOLERANCE_SECONDS = 5.0
CERTIFICATE_WARNING = timedelta(days=7)
_GIB = 1024**3


class StackSettings(Protocol):
    """What the preflight needs to know of a stack's settings."""

    def host_ports(self) -> dict[str, tuple[str, int]]:
        """The ports that the stack publishes on this machine: purpose -> (address, port)."""
        ...

    def networks(self) -> dict[str, str]:
        """The stack's networks: settings key -> CIDR notation."""
        ...

    def needs_engine(self) -> bool:
        """Whether this machine's Docker engine takes part."""
        ...

    @property
    def platform(self) -> str:
        """What a region is made of."""
        ...


@dataclass(frozen=True)
class PublishedPorts:
    """The host ports of the engine's containers."""

    own: frozenset[int]
    """Those of the stack's own containers."""
    others: Mapping[int, str]
    """Those of other containers: port -> container name."""
    stacks: Mapping[int, str] = field(default_factory=dict[int, str])
    """Those of this project's other stacks: port -> stack."""


def examine(project_root: Path, stack: str) -> list[Finding]:
    """Every finding about this machine and this stack, in the order in which a person would look."""
    findings = list(check_versions(project_root))
    settings, finding = load_settings(project_root, stack)
    findings.append(finding)
    findings += check_toolchain(project_root)
    if settings is not None and settings.platform == "kubernetes":
        findings += check_cluster(cast("Any", settings), project_root)
        if not settings.needs_engine():
            return findings

    engine: Engine | None = None
    endpoint = find_endpoint(os.environ)
    try:
        engine = ask(endpoint)
        findings += check_engine(engine, endpoint, startable=can_be_started(endpoint))
    except BootstrapError as error:
        findings.append(Finding("docker engine", "fail", str(error)))

    published = PublishedPorts(frozenset(), {})
    if engine is not None:
        published = published_ports(engine, stack)
        findings += check_clock(engine)
    if settings is not None:
        findings += check_ports(settings.host_ports(), published, port_is_free)
        if engine is not None and settings.networks():
            findings += check_networks(settings.networks(), foreign_networks(engine, stack))
        findings += check_certificates(settings.host_ports(), published.own, served_certificate_expiry)
    findings += check_disk(engine)
    findings += check_memory(available_memory(), stack_runs=bool(published.own))
    findings += check_processors(os.cpu_count() or 1)
    return findings


def check_versions(project_root: Path) -> Iterator[Finding]:
    """Python (that this runs is proof enough), and node, which only the type checker wants."""
    stamp = project_root / ".venv" / "requirements.sha256"
    level: Level = "ok" if stamp.exists() else "fail"
    yield Finding("python", level, platform.python_version(), "" if level == "ok" else "rm -rf .venv && make env")
    node = capture(["node", "--version"]) if shutil.which("node") else None
    yield Finding("node", "ok", node or "none (only `make lint` wants it, and fetches its own)")


def load_settings(project_root: Path, stack: str) -> tuple[StackSettings | None, Finding]:
    """The stack's settings, and whether they are valid."""
    path = project_root / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.name.split(".")[1] for file in project_root.glob("Pulumi.*.yaml"))) or "none yet"
        return None, Finding("settings", "fail", f"there is no {path.name}", f"choose a stack that exists: {known}")
    try:
        # Late: the settings are the program's, and a broken one must not keep the other checks from running.
        from infra.settings import SettingsError, load_stack_file
    except ImportError as error:
        return None, Finding("settings", "fail", f"the settings module cannot be imported: {error}", "git status infra")
    try:
        settings = load_stack_file(path)
    except SettingsError as error:
        return None, Finding("settings", "fail", str(error), f"edit {path.name}")
    return cast("StackSettings", settings), Finding("settings", "ok", f"{path.name} is valid")


def check_toolchain(project_root: Path, find: Callable[[Path], Toolchain | None] = find_toolchain) -> Iterator[Finding]:
    """The Pulumi CLI, its plugins and the backend; Go only when something has to be built."""
    toolchain = find(project_root)
    if toolchain is None:
        try:
            _, go = find_go()
        except BootstrapError as error:
            yield Finding("go", "fail", str(error), "install Go, or Pulumi: curl -fsSL https://get.pulumi.com | sh")
            return
        yield Finding("go", "ok", go)
        yield Finding(
            "pulumi", "warn", "not there yet", "nothing to do: `make up` installs it, or builds it in about 7 min"
        )
        return
    origin = {"official": "official, from PATH", "installed": "official, installed by make", "built": "built by make"}
    yield Finding("pulumi", "ok", f"{toolchain.version} ({origin[toolchain.kind]})")
    plugins = sorted(path.name for path in toolchain.plugin_folder.iterdir()) if toolchain.plugin_folder else []
    yield Finding("pulumi plugins", "ok", ", ".join(plugins) or "fetched by the official CLI when they are needed")
    variables = {**os.environ, **render(project_root, toolchain, os.environ)}
    backend = variables.get("PULUMI_BACKEND_URL") or "the one of `pulumi login`"
    path = Path(backend.removeprefix("file://"))
    if backend.startswith("file://") and path.exists() and not os.access(path, os.W_OK):
        yield Finding("pulumi state", "fail", f"{path} is not writable", f"sudo chown -R $USER {path}")
    else:
        yield Finding("pulumi state", "ok", backend)


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


def check_networks(wanted: Mapping[str, str], existing: Mapping[str, str]) -> Iterator[Finding]:
    """Whether each network of the stack is apart from the engine's other networks."""
    in_the_way = list(overlaps(wanted, existing))
    for key, name in in_the_way:
        message = f"gostack:{key} ({wanted[key]}) overlaps with the engine's network {name} ({existing[name]})"
        yield Finding("networks", "fail", message, f"docker network rm {name}, or choose another gostack:{key}")
    if not in_the_way:
        yield Finding("networks", "ok", f"{', '.join(wanted.values())} free or held by this stack")


def check_certificates(
    wanted: Mapping[str, tuple[str, int]],
    own: frozenset[int],
    expiry: Callable[[str, int], datetime | None],
    now: datetime | None = None,
) -> Iterator[Finding]:
    """How long the certificates of a running stack still hold; nothing when it does not run."""
    now = now or datetime.now(UTC)
    for purpose, (address, port) in wanted.items():
        if "https" not in purpose or port not in own:
            continue
        until = expiry(address, port)
        if until is None:
            continue
        left = until - now
        text = f"{purpose}: until {until:%Y-%m-%d %H:%M} UTC"
        if left <= timedelta():
            yield Finding("certificate", "fail", f"{text}, expired", "make up")
        elif left <= CERTIFICATE_WARNING:
            yield Finding("certificate", "warn", text, "make up renews it")
        else:
            yield Finding("certificate", "ok", text)


def check_disk(engine: Engine | None, free_bytes: Callable[[Path], int | None] | None = None) -> Iterator[Finding]:
    """Free space where the engine keeps images and volumes; unknown when that is another machine."""
    root = engine.data_root if engine is not None else Path("/var/lib")
    measured = (free_bytes or _free_bytes)(root)
    if measured is None:
        return
    message = f"{measured / _GIB:.0f} GiB free at {root}"
    if measured < MINIMUM_DISK_BYTES:
        remedy = "docker system prune (removes what no container uses)"
        yield Finding("disk", "warn", f"{message}, {MINIMUM_DISK_BYTES // _GIB} GiB wanted", remedy)
    else:
        yield Finding("disk", "ok", message)


def check_memory(available: int | None, *, stack_runs: bool) -> Iterator[Finding]:
    """Available memory; a stack that runs already has taken its share."""
    if available is None:
        return
    message = f"{available / _GIB:.1f} GiB available"
    if available < MINIMUM_MEMORY_BYTES and not stack_runs:
        wanted = f"{MINIMUM_MEMORY_BYTES // _GIB} GiB wanted"
        remedy = "stop other programs, or lower replicas and regions in the stack's settings"
        yield Finding(
            "memory", "fail" if available < MINIMUM_MEMORY_BYTES // 2 else "warn", f"{message}, {wanted}", remedy
        )
    else:
        yield Finding("memory", "ok", message)


def check_processors(count: int) -> Iterator[Finding]:
    """The number of processors."""
    if count < 2:
        yield Finding("processors", "warn", f"{count}", "expect a slow start: two or more are wanted")
    else:
        yield Finding("processors", "ok", f"{count}")


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


def render_text(findings: Iterable[Finding], colour: bool = False) -> str:
    """The findings as aligned lines, each failure and warning with its remedy below."""
    rows = list(findings)
    width = max((len(finding.name) for finding in rows), default=0)
    words = {"ok": "ok", "warn": "warn", "fail": "FAIL"}
    colours = {"ok": "32", "warn": "33", "fail": "31"}
    lines: list[str] = []
    for finding in rows:
        word = words[finding.level].ljust(4)
        if colour:
            word = f"\x1b[{colours[finding.level]}m{word}\x1b[0m"
        first, *more = finding.message.splitlines() or [""]
        indent = " " * (width + 8)
        lines.append(f"{word}  {finding.name.ljust(width)}  {first}")
        lines += [f"{indent}{line}" for line in more]
        if finding.remedy:
            lines.append(f"{indent}-> {finding.remedy}")
    return "\n".join(lines) + "\n"


def render_json(findings: Iterable[Finding]) -> str:
    """The findings for another program: a list of objects with name, level, message, remedy."""
    return json.dumps([asdict(finding) for finding in findings], indent=2) + "\n"


def failed(findings: Iterable[Finding]) -> bool:
    """Whether `make up` should not begin."""
    return any(finding.level == "fail" for finding in findings)


def published_ports(engine: Engine, stack: str) -> PublishedPorts:
    """Which host ports the engine's containers hold."""
    import docker

    own: set[int] = set()
    others: dict[int, str] = {}
    stacks: dict[int, str] = {}
    with closing(docker.DockerClient(base_url=engine.endpoint, version="auto", timeout=10)) as client:
        api = cast("Any", client.api)
        containers = cast("list[dict[str, Any]]", api.containers())
    for container in containers:
        labels = cast("dict[str, str]", container.get("Labels") or {})
        owner = labels.get("gostack.stack") if labels.get("gostack.project") == "gostack" else None
        for port in cast("list[dict[str, Any]]", container.get("Ports") or []):
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


def served_certificate_expiry(address: str, port: int) -> datetime | None:
    """When the certificate that is served at an address ends; None when none is."""
    from cryptography import x509

    host = "127.0.0.1" if address in ("0.0.0.0", "::", "") else address  # noqa: S104  # compared, not bound
    try:
        pem = ssl.get_server_certificate((host, port), timeout=2)
        return x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
    except (OSError, ValueError):
        return None


def available_memory(path: Path = Path("/proc/meminfo")) -> int | None:
    """The memory that programs can still have, in bytes; None where the system does not say."""
    try:
        for line in path.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None


def _free_bytes(path: Path) -> int | None:
    while not path.exists() and path != path.parent:
        # The engine's folder may be readable by root alone; its file system is that of a parent.
        path = path.parent
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return None


def run(project_root: Path, stack: str, as_json: bool) -> int:
    """Print the findings; the exit status is 1 when one of them is a failure."""
    started = time.monotonic()
    findings = examine(project_root, stack)
    if as_json:
        sys.stdout.write(render_json(findings))
    else:
        sys.stdout.write(render_text(findings, colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ))
        failures = sum(finding.level == "fail" for finding in findings)
        seconds = time.monotonic() - started
        summary = f"{failures} to be mended first" if failures else "ready"
        print(f"{stack}: {summary} ({len(findings)} checks in {seconds:.1f} s)")
    return 1 if failed(findings) else 0

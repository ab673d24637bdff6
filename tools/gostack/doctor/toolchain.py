"""Whether the programs that bring the stack up are there."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from tools.gostack.doctor.finding import Finding, Level
from tools.gostack.environment.errors import BootstrapError
from tools.gostack.environment.processes import capture
from tools.gostack.environment.toolchain import Toolchain, find_toolchain
from tools.gostack.environment.variables import render
from tools.offline.toolchain.go_build import find_go


def check_versions(project_root: Path) -> Iterator[Finding]:
    """Python (that this runs is proof enough), and node, which only the type checker wants."""
    stamp = project_root / ".venv" / "requirements.sha256"
    level: Level = "ok" if stamp.exists() else "fail"
    yield Finding("python", level, platform.python_version(), "" if level == "ok" else "rm -rf .venv && make env")
    node = capture(["node", "--version"]) if shutil.which("node") else None
    yield Finding("node", "ok", node or "none (only `make lint` wants it, and fetches its own)")


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

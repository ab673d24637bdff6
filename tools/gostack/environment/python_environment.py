"""Makes the checkout's `.venv` from requirements.txt; the one part that runs on the system's Python, with nothing else.

Run as `python3 -m tools.gostack.environment.python_environment`. Does nothing while requirements.txt stands. Files that
are named behind it are installed beside it, as long as it stands: what some tests need, and nothing else.
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

MINIMUM_PYTHON = (3, 11)
STAMP = "requirements.sha256"
LAUNCHER = """#!/bin/sh
# Written by `make python`. Not resolved: a checkout may share the environment of another one.
bin=$(cd "$(dirname "$0")" && pwd)
start='import sys; sys.path[0] = sys.argv.pop(1); from tools.gostack.cli.main import main; sys.exit(main())'
exec "$bin/python" -c "$start" "${bin%/*/bin}" "$@"
"""
"""What `.venv/bin/gostack` is: the command line of the checkout that the environment stands in."""


def main() -> int:
    """Bring `.venv` up to date; the exit status is 0 when it is."""
    _continue_with_a_recent_python()
    # Not at the top of the file: these modules need the Python that has just been made sure of.
    from tools.gostack.environment.errors import BootstrapError
    from tools.gostack.environment.locations import PROJECT_ROOT

    try:
        ensure_environment(PROJECT_ROOT)
        for requirements in sys.argv[1:]:
            add_packages(PROJECT_ROOT, Path(requirements))
    except BootstrapError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def ensure_environment(project_root: Path) -> Path:
    """Return the interpreter of the project's virtual environment, made or brought up to date first if need be.

    Raises `BootstrapError` when the environment cannot be made, with the command that mends it.
    """
    from tools.gostack.environment.locations import cache_folder, state_folder
    from tools.gostack.environment.locks import exclusive
    from tools.gostack.environment.processes import run_logged
    from tools.gostack.environment.progress import Progress

    requirements = project_root / "requirements.txt"
    environment = project_root / ".venv"
    python = environment / "bin" / "python"
    fingerprint = hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = environment / STAMP
    if is_current(environment, fingerprint):
        write_launcher(environment)
        return python

    with exclusive(state_folder(project_root) / "python-environment.lock"):
        if is_current(environment, fingerprint):
            return python
        progress = Progress()
        log = cache_folder() / "logs" / f"python-environment-{fingerprint[:12]}.log"
        log.unlink(missing_ok=True)
        stamp.unlink(missing_ok=True)
        if not _usable(environment):
            with progress.step("python", "making the virtual environment"):
                _make(environment, log)
        with progress.step("python", "installing the packages (usually 20 s)"):
            variables = installer_variables(os.environ, _pip_settings(python))
            uv = environment / "bin" / "uv"
            pin = project_root / ".gostack" / "uv.txt"
            pin.write_text(pinned(requirements.read_text(), "uv"))
            pip = [str(python), "-m", "pip", "install", "--require-hashes"]
            try:
                if not uv.exists():
                    run_logged([*pip, "--no-deps", "-r", str(pin)], log, what="Installing uv")
                command = [str(uv), "pip", "sync", "--python", str(python), "--require-hashes", str(requirements)]
                run_logged(command, log, what="Installing the packages with uv", variables=variables)
            except Exception as error:
                if not _has_pip(python):
                    raise
                progress.line("python", f"uv did not manage, trying pip: {str(error).splitlines()[0]}")
                run_logged([*pip, "-r", str(requirements)], log, what="Installing the packages")
        write_launcher(environment)
        stamp.write_text(fingerprint)
    return python


def add_packages(project_root: Path, requirements: Path) -> None:
    """Install what another file of the project pins, from where pip takes its packages, into a complete environment.

    Raises `BootstrapError` when they cannot be installed.
    """
    from tools.gostack.environment.locations import cache_folder
    from tools.gostack.environment.processes import run_logged

    python, uv = (project_root / ".venv" / "bin" / name for name in ("python", "uv"))
    log = cache_folder() / "logs" / f"python-environment-{requirements.parent.name}.log"
    log.unlink(missing_ok=True)
    command = [str(uv), "pip", "install", "--python", str(python), "--require-hashes"]
    run_logged(
        [*command, "-r", str(project_root / requirements)],
        log,
        what=f"Installing the packages of {requirements}",
        variables=installer_variables(os.environ, _pip_settings(python)),
    )


def write_launcher(environment: Path) -> None:
    """Make `gostack` a command of the environment."""
    launcher = environment / "bin" / "gostack"
    if launcher.is_file() and launcher.read_text() == LAUNCHER:
        return
    temporary = launcher.with_suffix(f".{os.getpid()}")
    temporary.write_text(LAUNCHER)
    temporary.chmod(0o755)
    temporary.replace(launcher)


def is_current(environment: Path, fingerprint: str) -> bool:
    """Whether the environment was completed from requirements of this fingerprint and has an interpreter."""
    try:
        return (environment / STAMP).read_text() == fingerprint and (environment / "bin" / "python").exists()
    except OSError:
        return False


def pinned(requirements: str, name: str) -> str:
    """The lines of one package in a requirements file: the pin and the hashes that continue it."""
    match = re.search(rf"(?m)^{re.escape(name)}==.*?(?=^\S|\Z)", requirements, re.DOTALL)
    if match is None:
        raise ValueError(f"requirements.txt does not pin {name}")
    return "\n".join(line for line in match[0].splitlines() if not line.lstrip().startswith("#")) + "\n"


def installer_variables(variables: Mapping[str, str], pip_settings: dict[str, str]) -> dict[str, str]:
    """The variables for uv: what pip has been told about package indexes holds for uv, unless uv is told otherwise."""
    result = dict(variables)
    # The certificates of the system, as pip and Go use them: an organisation's own authority is in there.
    result.setdefault("UV_SYSTEM_CERTS", "true")
    for setting, variable in (
        ("index-url", "UV_DEFAULT_INDEX"),
        ("extra-index-url", "UV_INDEX"),
        ("find-links", "UV_FIND_LINKS"),
    ):
        if pip_settings.get(setting):
            result.setdefault(variable, pip_settings[setting])
    result.pop("VIRTUAL_ENV", None)
    return result


def parse_pip_settings(listing: str) -> dict[str, str]:
    """Settings by name from the output of `pip config list`; what a variable says wins over a file, as in pip."""
    found: dict[str, str] = {}
    for scope in ("global.", "install.", ":env:."):
        for line in listing.splitlines():
            name, separator, value = line.partition("=")
            if separator and name.startswith(scope):
                try:
                    found[name.removeprefix(scope)] = str(ast.literal_eval(value))
                except (SyntaxError, ValueError):
                    continue
    return found


def _pip_settings(python: Path) -> dict[str, str]:
    from tools.gostack.environment.processes import capture

    return parse_pip_settings(capture([str(python), "-m", "pip", "config", "list"]) or "")


def _has_pip(python: Path) -> bool:
    from tools.gostack.environment.processes import capture

    return capture([str(python), "-m", "pip", "--version"]) is not None


def _usable(environment: Path) -> bool:
    from tools.gostack.environment.processes import capture

    python = environment / "bin" / "python"
    version = capture([str(python), "-c", "import sys; print(sys.version_info >= (3, 11))"])
    return version == "True" and ((environment / "bin" / "uv").exists() or _has_pip(python))


def _make(environment: Path, log: Path) -> None:
    from tools.gostack.environment.errors import BootstrapError
    from tools.gostack.environment.processes import run_logged

    command = [sys.executable, "-m", "venv", "--clear", str(environment)]
    try:
        run_logged(command, log, what="Making the virtual environment")
    except BootstrapError:
        # Debian and Ubuntu keep a part of `venv` in a package of its own.
        package = f"python3.{sys.version_info.minor}-venv"
        apt = shutil.which("apt-get")
        if apt is None:
            raise
        if os.geteuid() != 0:
            raise BootstrapError(
                f"Python's venv module is incomplete: run `sudo apt-get install {package}` and try again."
            ) from None
        variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run_logged([apt, "update"], log, what="Updating the package lists", variables=variables)
        install = [apt, "install", "-y", "--no-install-recommends", package]
        run_logged(install, log, what=f"Installing {package}", variables=variables)
        run_logged(command, log, what="Making the virtual environment")


def _continue_with_a_recent_python() -> None:
    """Replace this process by one of a recent enough Python when this one is too old; exit when there is none."""
    if sys.version_info >= MINIMUM_PYTHON:
        return
    for minor in range(20, MINIMUM_PYTHON[1] - 1, -1):
        candidate = shutil.which(f"python3.{minor}")
        if candidate and subprocess.call([candidate, "-c", ""]) == 0:
            os.execv(candidate, [candidate, "-m", "tools.gostack.environment.python_environment", *sys.argv[1:]])  # noqa: S606  # no shell is the point
    wanted = ".".join(map(str, MINIMUM_PYTHON))
    sys.exit(
        f"error: Python {wanted} or newer is needed, and python3 is {sys.version.split()[0]}: install a newer one."
    )


if __name__ == "__main__":
    sys.exit(main())

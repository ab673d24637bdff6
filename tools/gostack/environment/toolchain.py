"""Chooses the Pulumi CLI and its plugins: an official installation where there is one, else a build from Go modules."""

from __future__ import annotations

import os
import re
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tools.gostack.environment.errors import BootstrapError
from tools.gostack.environment.locations import cache_folder
from tools.gostack.environment.locks import exclusive
from tools.gostack.environment.processes import capture, run_logged
from tools.gostack.environment.progress import Progress

PULUMI_VERSION = "3.250.0"
_INSTALLER_HOST = "https://get.pulumi.com"
_INSTALLER_SECONDS = 300
LANGUAGE_HOST = "pulumi-language-python"

Version = tuple[int, int, int]


@dataclass(frozen=True)
class Toolchain:
    """A Pulumi CLI with its language host, and what the environment needs so that it is found."""

    kind: Literal["official", "installed", "built"]
    """Where it comes from: found on PATH, fetched by Pulumi's installer, or built from Go modules."""
    version: str
    """The version of the CLI, for example `3.250.0`."""
    bin_folder: Path
    """To be put first on PATH; holds `pulumi` and the language host."""
    plugin_folder: Path | None = None
    """The plugin store to use instead of the user's, in the layout of `$PULUMI_HOME/plugins`; only when built."""


def fits(version: str | None) -> bool:
    """Whether a CLI of this version, as `pulumi version` prints it, works with the project: 3.250.0 up to 4."""
    found, minimum = parse_version(version), parse_version(PULUMI_VERSION)
    return found is not None and minimum is not None and minimum <= found < (4, 0, 0)


def parse_version(text: str | None) -> Version | None:
    """`v3.250.0`, `3.250.0` or `v3.250.1-alpha.2` as numbers; None for anything else."""
    match = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)(?:[-+].*)?", (text or "").strip())
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def find_toolchain(project_root: Path, variables: Mapping[str, str] = os.environ) -> Toolchain | None:
    """The toolchain that is ready to be used, or None when one has to be installed or built first."""
    # Here and not above: that module needs this one, and most machines have an official installation.
    from tools.offline.toolchain.build import find_built

    return first(
        (
            lambda: find_official(variables.get("PATH", "").split(os.pathsep), cache_folder(variables)),
            lambda: find_installed(cache_folder(variables)),
            lambda: find_built(project_root, cache_folder(variables)),
        )
    )


def ensure_toolchain(project_root: Path, progress: Progress) -> Toolchain:
    """The toolchain, fetched or built if need be.

    Raises `BootstrapError` when neither works: Go is missing, a module cannot be fetched, the build fails.
    """
    from tools.offline.toolchain.build import build

    cache = cache_folder()
    found = first((lambda: find_toolchain(project_root), lambda: install(cache, progress)))
    return found or build(project_root, cache, progress)


def first(candidates: Iterable[Callable[[], Toolchain | None]]) -> Toolchain | None:
    """The first candidate that gives a toolchain; the later ones are not asked."""
    for candidate in candidates:
        found = candidate()
        if found is not None:
            return found
    return None


def find_official(
    folders: Iterable[str],
    cache: Path,
    ask_version: Callable[[Path], str | None] | None = None,
) -> Toolchain | None:
    """An official installation on PATH: a CLI whose version fits, with a Python language host beside it.

    Folders below `cache` are our own builds, left on PATH by an earlier `make env`, and are passed over.
    """
    ask = ask_version or pulumi_version
    for folder in folders:
        pulumi = Path(folder) / "pulumi"
        if not folder or not os.access(pulumi, os.X_OK):
            continue
        real = pulumi.resolve()
        if real.is_relative_to(cache.resolve()):
            continue
        if not any((place / LANGUAGE_HOST).exists() for place in (pulumi.parent, real.parent)):
            continue
        version = ask(pulumi)
        if fits(version):
            return Toolchain("official", str(version).strip().removeprefix("v"), pulumi.parent)
    return None


def find_installed(cache: Path) -> Toolchain | None:
    """What Pulumi's installer has left in the cache earlier."""
    folder = cache / f"pulumi-{PULUMI_VERSION}" / "bin"
    if (folder / "pulumi").is_file() and (folder / LANGUAGE_HOST).is_file():
        return Toolchain("installed", PULUMI_VERSION, folder)
    return None


def install(cache: Path, progress: Progress, reachable: Callable[[], bool] | None = None) -> Toolchain | None:
    """Fetch the official CLI with the Automation API's installer; None when its servers cannot be reached."""
    if not (reachable or installer_reachable)():
        progress.line("toolchain", f"{_INSTALLER_HOST} cannot be reached, building from Go modules instead")
        return None
    with exclusive(cache / "locks" / "pulumi-install.lock"):
        found = find_installed(cache)
        if found is not None:
            return found
        target = cache / f"pulumi-{PULUMI_VERSION}"
        unfinished = cache / f".installing-pulumi-{PULUMI_VERSION}"
        for folder in (unfinished, target):
            shutil.rmtree(folder, ignore_errors=True)
        # A process of its own: the installer knows no time limit.
        script = (
            "import sys; from pulumi.automation import PulumiCommand; from semver import VersionInfo;"
            "PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]))"
        )
        log = cache / "logs" / f"pulumi-{PULUMI_VERSION}.log"
        try:
            with progress.step("toolchain", f"installing Pulumi {PULUMI_VERSION} (usually 20 s)"):
                run_logged(
                    [sys.executable, "-c", script, str(unfinished), PULUMI_VERSION],
                    log,
                    what="Pulumi's installer",
                    seconds=_INSTALLER_SECONDS,
                )
            unfinished.rename(target)
        except BootstrapError as error:
            progress.line("toolchain", f"{str(error).splitlines()[0]} Building from Go modules instead.")
            return None
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return find_installed(cache)


def installer_reachable(seconds: float = 4.0) -> bool:
    """Whether Pulumi's download server answers; asked once, briefly, so that a closed network costs seconds."""
    try:
        script = f"{_INSTALLER_HOST}/install.sh"
        with urllib.request.urlopen(script, timeout=seconds) as response:  # noqa: S310  # the scheme is ours
            return response.status == 200 and response.read(2) == b"#!"
    except (urllib.error.URLError, OSError, ValueError):
        return False


def pulumi_version(pulumi: Path) -> str | None:
    """What `pulumi version` prints, or None when it does not run."""
    return capture([str(pulumi), "version"], variables={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"})

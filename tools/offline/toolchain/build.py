"""Pulumi where its servers cannot be reached: CLI and Docker plugin from Go modules, laid out as an installation is."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from tools.gostack.environment.errors import BootstrapError
from tools.gostack.environment.locks import exclusive
from tools.gostack.environment.progress import Progress
from tools.gostack.environment.toolchain import LANGUAGE_HOST, PULUMI_VERSION, Toolchain
from tools.offline.toolchain.go_build import build_binary, build_key, combined_key, find_go

DOCKER_PLUGIN_VERSION = "5.2.0"
_VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
_SOURCES = Path("tools") / "offline" / "toolchain"


def find_built(project_root: Path, cache: Path) -> Toolchain | None:
    """The toolchain that was built from the sources as they are now."""
    try:
        folder = cache / f"toolchain-{_built_key(project_root)}"
    except BootstrapError:
        # No Go: nothing can be built, and what was built with another Go cannot be told from here.
        return None
    return _built(folder) if (folder / "bin" / "pulumi").is_file() else None


def build(project_root: Path, cache: Path, progress: Progress) -> Toolchain:
    """Build the CLI and the Docker plugin, and lay them out with the language host as an official installation is."""
    sources = project_root / _SOURCES
    pulumi = build_binary(
        sources / "pulumi-cli",
        "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        "pulumi",
        component="pulumi-cli",
        variables={_VERSION_VARIABLE: f"v{PULUMI_VERSION}"},
        title="the Pulumi CLI",
        usually="4 min",
        progress=progress,
        cache=cache,
    )
    docker_plugin = build_binary(
        sources / "pulumi-resource-docker",
        ".",
        "pulumi-resource-docker",
        # Leaves out Docker Compose, a third of the binary, which the resources do not use.
        tags=["no_compose"],
        variables={"main.version": DOCKER_PLUGIN_VERSION},
        title="Pulumi's Docker plugin",
        usually="3 min",
        progress=progress,
        cache=cache,
    )
    folder = cache / f"toolchain-{_built_key(project_root)}"
    with exclusive(cache / "locks" / f"{folder.name}.lock"):
        if not folder.is_dir():
            unfinished = cache / f".building-{folder.name}"
            shutil.rmtree(unfinished, ignore_errors=True)
            _lay_out(unfinished, pulumi, docker_plugin, sources / LANGUAGE_HOST)
            unfinished.rename(folder)
    return _built(folder)


def _lay_out(folder: Path, pulumi: Path, docker_plugin: Path, language_host: Path) -> None:
    bin_folder = folder / "bin"
    plugin = folder / "plugins" / f"resource-docker-v{DOCKER_PLUGIN_VERSION}"
    for created in (bin_folder, plugin):
        created.mkdir(parents=True)
    # Hard links: the CLI looks for its language host beside its own real path, which a symbolic link would give away.
    _link(pulumi, bin_folder / "pulumi")
    # In the plugin store and not on PATH: the CLI warns of every plugin that it takes from PATH.
    _link(docker_plugin, plugin / "pulumi-resource-docker")
    home = folder / "libexec" / LANGUAGE_HOST
    shutil.copytree(language_host, home, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (LANGUAGE_HOST, "pulumi-resource-pulumi-python"):
        (bin_folder / name).symlink_to(Path("..") / "libexec" / LANGUAGE_HOST / name)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _built(folder: Path) -> Toolchain:
    # Resolved, so that the CLI sees the same path on PATH as beside itself and has nothing to warn of.
    folder = folder.resolve()
    return Toolchain("built", PULUMI_VERSION, folder / "bin", folder / "plugins")


def _built_key(project_root: Path) -> str:
    _, go_version = find_go()
    parts = ("pulumi-cli", "pulumi-resource-docker", LANGUAGE_HOST)
    # This file too: it holds the build's flags and the layout.
    own = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    return combined_key([build_key(project_root / _SOURCES / part, [own], go_version) for part in parts])

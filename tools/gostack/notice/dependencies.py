"""What of others is in what this project ships: Go modules, Python packages, images."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from infra.settings.images import ImageSettings
from tools.gostack.environment.errors import UserError
from tools.gostack.environment.processes import capture
from tools.gostack.notice.licence import UNKNOWN, Policy, licence_of

SHIPPED = ("components", "services")
"""Folders whose Go programs run in a stack."""

_REQUIRED = re.compile(r"^\s*(?:require )?(?P<path>[^\s/]+\.[^\s]+) (?P<version>v[^\s]+)", re.MULTILINE)
_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_SHORT = {"Apache 2.0": "Apache-2.0", "Apache License 2.0": "Apache-2.0", "BSD": "BSD-3-Clause", "MIT License": "MIT"}


@dataclass(frozen=True, order=True)
class Dependency:
    """A module or a package at the version that is pinned."""

    name: str
    """As its registry knows it."""

    version: str
    """The one that is pinned."""


def go_modules(project: Path, folders: tuple[str, ...] = SHIPPED) -> list[Dependency]:
    """Return every module that a program in these folders requires, directly or not."""
    files = [file for folder in folders for file in (project / folder).rglob("go.mod")]
    found = {
        Dependency(match["path"], match["version"])
        for file in files
        for match in _REQUIRED.finditer(file.read_text(encoding="utf-8"))
    }
    return sorted(found)


def python_packages(project: Path) -> list[Dependency]:
    """Return every package that requirements.txt pins for this platform."""
    return sorted(_pinned((project / "requirements.txt").read_text(encoding="utf-8")))


def image_references() -> dict[str, str]:
    """Return key to reference of every image that a stack may pull, as it is when nobody writes another one."""
    return {name: value for name, value in ImageSettings().model_dump().items() if name != "registry"}


def go_licence(module: Dependency) -> str:
    """Return the licence of a module, which is fetched if need be; raises UserError when it cannot be."""
    # Capitals are written as the cache writes them.
    escaped = re.sub(r"[A-Z]", lambda letter: f"!{letter[0].lower()}", module.name)
    folder = _module_cache() / f"{escaped}@{module.version}"
    if not folder.is_dir():
        wanted = f"{module.name}@{module.version}"
        done = subprocess.run(["go", "mod", "download", wanted], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise UserError(f"{wanted} cannot be fetched ({done.stderr.strip()}): try again where the proxy answers.")
    return licence_of(folder)


def python_licence(package: Dependency, policy: Policy) -> str:
    """Return the licence that an installed package says it has."""
    if package.name in policy.python:
        return policy.python[package.name]
    try:
        words = metadata.metadata(package.name)
    except metadata.PackageNotFoundError:
        raise UserError(f"{package.name} is not installed here: run `make python`.") from None
    if "License-Expression" in words:
        return words["License-Expression"]
    for line in words.get_all("Classifier") or []:
        if (named := _CLASSIFIERS.get(line.rpartition(" :: ")[2])) and line.startswith("License ::"):
            return named
    short = words["License"].strip() if "License" in words else ""
    return _SHORT.get(short, short if re.fullmatch(r"[A-Za-z0-9.-]+", short) else UNKNOWN)


@cache
def _module_cache() -> Path:
    found = capture(["go", "env", "GOMODCACHE"], seconds=300)
    if not found:
        raise UserError("`go env GOMODCACHE` says nothing: install Go, which has the sources of modules.")
    return Path(found)


def _pinned(text: str) -> Iterator[Dependency]:
    for line in text.splitlines():
        if re.match(r"[A-Za-z0-9]", line):
            requirement = Requirement(line.removesuffix("\\").strip())
            if requirement.marker is None or requirement.marker.evaluate():
                yield Dependency(requirement.name, str(requirement.specifier).removeprefix("=="))

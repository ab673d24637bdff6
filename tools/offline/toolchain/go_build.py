"""Builds a Go program once and keeps it: the cache key is everything that decides what comes out."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tools.gostack.environment.errors import BootstrapError
from tools.gostack.environment.locations import cache_folder
from tools.gostack.environment.locks import exclusive
from tools.gostack.environment.processes import capture, run_logged
from tools.gostack.environment.progress import Progress

MINIMUM_GO = (1, 26)
_HASH_LENGTH = 12
_IGNORED_SUFFIXES = ("_test.go", ".md", "Dockerfile", ".dockerignore")

# Compiling two large programs at once on a small machine takes longer than one after the other: packages that both
# need would be compiled twice, and the memory of two linkers may not be there.
_compiler = threading.Lock()


def build_binary(
    source_dir: Path,
    package: str,
    output_name: str,
    *,
    component: str | None = None,
    tags: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
    ldflags: str = "-s -w",
    title: str | None = None,
    usually: str | None = None,
    lane: str = "toolchain",
    progress: Progress | None = None,
    cache: Path | None = None,
) -> Path:
    """Build `package` of the Go module in `source_dir` and return the path of the static binary in the cache.

    The binary lies at `<cache>/<component>-<hash>/<output_name>`. The hash covers the module's files, the build flags,
    the Go version and the target, so nothing is built twice and a change of any of them builds anew. Two checkouts
    that build the same thing at once wait for each other. A build that fails or is killed leaves nothing behind.

    * `package`: what `go build` is given: `.`, `./cmd/x`, or the import path of a required module.
    * `component`: the folder's name in the cache; default `output_name`.
    * `variables`: Go string variables to set at link time, `importpath.Name` -> value.
    * `title`, `usually`, `lane`: words of the progress lines, e.g. "the Pulumi CLI", "3 min", "toolchain".

    Raises `BootstrapError` when Go is missing or too old, or the build fails (with the end of its log).
    """
    progress = progress or Progress()
    cache = cache or cache_folder()
    component = component or output_name
    title = title or component
    go, go_version = find_go()
    link = " ".join([ldflags, *(f"-X {name}={value}" for name, value in sorted((variables or {}).items()))]).strip()
    flags = ["-trimpath", "-buildvcs=false", "-ldflags", link]
    if tags:
        flags += ["-tags", ",".join(tags)]

    key = build_key(source_dir, [package, output_name, *flags], go_version)
    folder = cache / f"{component}-{key}"
    binary = folder / output_name
    if binary.is_file():
        return binary

    lock = cache / "locks" / f"{component}-{key}.lock"
    with exclusive(lock, lambda: progress.line(lane, f"another process is building {title}, waiting for it…")):
        if binary.is_file():
            return binary
        # We hold the lock, so what an earlier build left here is nobody's.
        building = cache / f".building-{component}-{key}"
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        log = cache / "logs" / f"{component}-{key}.log"
        log.unlink(missing_ok=True)
        environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
        try:
            with progress.step(lane, f"downloading the modules of {title}"):
                # Waits for the network, not for a processor: done before the queue for the compiler.
                list_command = [go, "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}"]
                list_command += ["-tags", ",".join(tags)] if tags else []
                run_logged(
                    [*list_command, package],
                    log,
                    what=f"Downloading the modules of {title}",
                    folder=source_dir,
                    variables=environment,
                )
            with _compiler, progress.step(lane, f"building {title}" + (f" (usually {usually})" if usually else "")):
                run_logged(
                    [go, "build", *flags, "-o", str(building / output_name), package],
                    log,
                    what=f"Building {title}",
                    folder=source_dir,
                    variables=environment,
                )
            building.rename(folder)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return binary


def build_key(source_dir: Path, settings: Iterable[str], go_version: str) -> str:
    """A short hash of all that decides a build: the module's files, the settings, the Go version, the target."""
    digest = hashlib.sha256()

    def add(value: bytes) -> None:
        # Length first, so that no two different sequences of values read the same.
        digest.update(str(len(value)).encode() + b":" + value)

    add(go_version.encode())
    for name in ("GOOS", "GOARCH", "GOAMD64", "GOARM64", "GOEXPERIMENT"):
        add(os.environ.get(name, "").encode())
    for setting in settings:
        add(setting.encode())
    for path in _module_files(source_dir):
        add(path.relative_to(source_dir).as_posix().encode())
        add(path.read_bytes())
    return digest.hexdigest()[:_HASH_LENGTH]


def combined_key(keys: Iterable[str]) -> str:
    """One short hash of several."""
    return hashlib.sha256(" ".join(keys).encode()).hexdigest()[:_HASH_LENGTH]


def find_go() -> tuple[str, str]:
    """The Go command and its version and target, e.g. `go1.26.8 linux/amd64`.

    Raises `BootstrapError` when there is none or it is older than the modules ask for.
    """
    wanted = ".".join(map(str, MINIMUM_GO))
    go = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if go is None:
        raise BootstrapError(f"Go is not installed: install Go {wanted} or newer from https://go.dev/dl and try again.")
    version = (capture([go, "version"]) or "").removeprefix("go version ")
    match = re.match(r"go(\d+)\.(\d+)", version)
    if match is None:
        raise BootstrapError(f"`{go} version` does not answer with a version: repair the Go installation.")
    found = (int(match[1]), int(match[2]))
    # From 1.21 on, Go fetches the toolchain that a module asks for, unless the user forbids it.
    fetches = found >= (1, 21) and capture([go, "env", "GOTOOLCHAIN"]) != "local"
    if found < MINIMUM_GO and not fetches:
        raise BootstrapError(
            f"{go} is Go {found[0]}.{found[1]}, but {wanted} is needed: install it from https://go.dev/dl, "
            "or allow Go to fetch it with `export GOTOOLCHAIN=auto`."
        )
    return go, version or platform.machine()


def _module_files(source_dir: Path) -> list[Path]:
    files: list[Path] = []
    for path in source_dir.rglob("*"):
        relative = path.relative_to(source_dir)
        hidden = any(part.startswith(".") for part in relative.parts)
        if path.is_file() and not hidden and not path.name.endswith(_IGNORED_SUFFIXES):
            files.append(path)
    return sorted(files)

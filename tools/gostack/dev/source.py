"""The source of a service, watched and compiled: by this machine's Go, or where it has none in the image with Go."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from components.images.build_options import DEFAULT_DOCKERFILE, NETRC, BuildSecret
from components.images.go_module import module_folder
from components.images.staging import secret_file
from infra.images_lock import load_images_lock
from infra.settings.services import ServiceSettings
from tools.gostack.environment.docker_engine import find_endpoint
from tools.gostack.environment.errors import UserError
from tools.gostack.environment.locations import cache_folder
from tools.gostack.images.build_failures import missing_secret

LOOK_SECONDS = 0.1
_IGNORED = frozenset({".git", "node_modules", ".gostack"})


@dataclass(frozen=True)
class Source:
    """Where a program comes from."""

    context: Path
    """Folder that is watched."""

    module: Path
    """Folder of its module."""

    package: str
    """Main package, relative to the module."""

    tags: tuple[str, ...]
    """Build tags."""

    builder: str = ""
    """Image with Go; empty where this machine has one."""

    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    """Settings of Go in that image, as builds of the service have them."""

    netrc: BuildSecret | None = None
    """With what Go gets private modules in that image; None where they need nothing."""

    for_debugger: bool = False
    """Whether nothing is optimised away of what a debugger shows."""


def source_of(project: Path, name: str, service: ServiceSettings) -> Source:
    """Return the source of a service; raises UserError for one that only an image build can compile."""
    if service.context is None:
        raise UserError(f"{name} runs an image that was built elsewhere: write its context to work on it.")
    if service.dockerfile != DEFAULT_DOCKERFILE or service.build.cgo:
        raise UserError(
            f"{name} is built by {'a C compiler' if service.build.cgo else service.dockerfile}, which is not on this "
            f"machine: `gostack up {name}` builds and releases it."
        )
    builder = "" if shutil.which("go") else _image_with_go(project, name)
    context = (project / service.context).resolve()
    module = module_folder(context, service.main_package) or "."
    package = PurePosixPath(service.main_package).relative_to(module)
    variables = {key: value for key, value in service.build.args.items() if key.startswith("GO")}
    netrc = service.build.secrets.get(NETRC) if builder else None
    if netrc is not None and (missing := missing_secret(f"gostack:services.{name}.build", service.build)):
        raise UserError(f"{missing}.")
    return Source(context, context / module, f"./{package}", tuple(service.build.tags), builder, variables, netrc)


def compiled(source: Source, architecture: str, output: Path) -> str:
    """Compile a program for a replica and return what the compiler has against it; empty when nothing."""
    # As services/Dockerfile does.
    tags = " ".join(["timetzdata", *source.tags])
    flags = ["-buildvcs=false", "-tags", tags, *(["-gcflags=all=-N -l"] if source.for_debugger else [])]
    platform = {"CGO_ENABLED": "0", "GOOS": "linux", "GOARCH": architecture}
    builder = _in_builder(source, platform, output) if source.builder else []
    command = [*builder, "go", "build", *flags, "-o", str(output), source.package]
    result = subprocess.run(
        command, cwd=source.module, env={**os.environ, **platform}, capture_output=True, text=True, check=False
    )
    return "" if result.returncode == 0 else result.stderr.strip() or "the compiler failed without a word"


def _image_with_go(project: Path, name: str) -> str:
    known, endpoint = load_images_lock(project), find_endpoint(os.environ)
    if "golang" in known and shutil.which("docker"):
        if endpoint.startswith("unix:"):
            return known["golang"].reference
        raise UserError(
            f"there is no go command, and the engine at {endpoint} does not see the source on this machine: install Go "
            f"(https://go.dev/doc/install), or use `gostack up {name}`."
        )
    raise UserError(f"there is no go command: install it (https://go.dev/doc/install), or use `gostack up {name}`.")


def _in_builder(source: Source, platform: Mapping[str, str], output: Path) -> list[str]:
    """What runs a command in the image with Go: with the same paths as here, and a cache from save to save."""
    cache = cache_folder() / "dev"
    cache.mkdir(parents=True, exist_ok=True)
    # As in services/Dockerfile, the image's own GOTOOLCHAIN is undone.
    own = {"GOCACHE": f"{cache}/build", "GOMODCACHE": f"{cache}/modules", "GOTOOLCHAIN": "auto", "HOME": "/tmp"}  # noqa: S108
    variables = {**own, **source.variables, **platform}
    mounts = [f"{source.context}:{source.context}:ro", f"{output.parent}:{output.parent}", f"{cache}:{cache}"]
    if source.netrc is not None:
        mounts.append(f"{_file_of(source.netrc, output.parent)}:/tmp/.netrc:ro")
    return [
        *("docker", "run", "--rm", f"--user={os.getuid()}:{os.getgid()}", f"--workdir={source.module}"),
        *(f"--volume={mount}" for mount in mounts),
        *(f"--env={key}={value}" for key, value in sorted(variables.items())),
        source.builder,
    ]


def _file_of(secret: BuildSecret, folder: Path) -> Path:
    """Return the file with a secret, written into a folder where it comes by a variable."""
    if secret.file is not None:
        return secret_file(secret.file)
    file = folder / "secret"
    file.touch(0o600)
    file.write_text(os.environ[str(secret.env)], encoding="utf-8")
    return file


def saves(folder: Path) -> Iterator[None]:
    """Yield after each change of a file below a folder since this call, once no other follows at once."""
    return _changes(folder, _times(folder))


def _changes(folder: Path, seen: Mapping[str, int]) -> Iterator[None]:
    while True:
        time.sleep(LOOK_SECONDS)
        now = _times(folder)
        if now == seen:
            continue
        # Editors write several files, and some of them twice.
        while now != (now := _settled(folder)):
            pass
        seen = now
        yield


def _settled(folder: Path) -> Mapping[str, int]:
    time.sleep(LOOK_SECONDS / 2)
    return _times(folder)


def _times(folder: Path) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _IGNORED]
        for name in files:
            path = Path(place, name)
            try:
                found[str(path)] = path.stat().st_mtime_ns
            except OSError:
                # A temporary file of an editor is gone already.
                continue
    return found

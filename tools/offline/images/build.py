"""Builds stand-ins for upstream images from package mirrors, for a machine that reaches no container registry.

A stand-in's tag is a hash of its recipe, so an unchanged recipe is never built twice. It is not a hash of the result:
the mirror moves on, and two machines may have different patch versions under one tag.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.gostack.environment.errors import BootstrapError
from tools.gostack.environment.locations import cache_folder
from tools.gostack.environment.processes import capture, run_logged
from tools.gostack.environment.progress import Progress, duration
from tools.gostack.images.local import Engine
from tools.offline.toolchain.go_build import build_binary, find_go

STAND_IN_LABEL = "gostack.stand-in=true"
STAGE_LABEL = "gostack.stand-in-stage=true"
VERSION_LABEL = "org.opencontainers.image.version"
PREFIX = "gostack/stand-in-"
DEFAULT_MIRROR = "http://deb.debian.org/debian"

VERSION_COMMANDS = {
    "mysql": ["mysqld", "--version"],
    "nginx": ["nginx", "-v"],
    "consul": ["consul", "version"],
    "valkey": ["valkey-server", "--version"],
    "alertmanager": ["alertmanager", "--version"],
    "golang": ["go", "version"],
    "pause": ["/pause", "--version"],
    "victoria-metrics": ["/victoria-metrics-prod", "-version"],
    "victoria-logs": ["/victoria-logs-prod", "-version"],
    "vmalert": ["/vmalert-prod", "-version"],
    "oauth2-proxy": ["/bin/oauth2-proxy", "--version"],
}
"""How each program is asked for its version, in a stand-in and in upstream's image alike."""

STAND_INS = tuple(VERSION_COMMANDS)
NEVER_PULLED = frozenset({"pause"})
"""Built in all cases: too small to be worth a second registry and the difference between two programs."""

_ON_BASE = frozenset({"mysql", "nginx", "consul", "valkey", "alertmanager", "golang", "oauth2-proxy"})
_USUALLY = {
    "base": "30 s",
    "mysql": "15 s",
    "nginx": "15 s",
    "consul": "15 s",
    "valkey": "15 s",
    "alertmanager": "15 s",
    "golang": "20 s",
    "pause": "15 s",
    "victoria-metrics": "5 s",
    "victoria-logs": "5 s",
    "vmalert": "5 s",
    "oauth2-proxy": "10 s",
}
_CERTIFICATE_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)
_NOT_IN_TOOLCHAIN = ("api", "doc", "misc", "test", "testdata", "*_test.go", ".git")
_MIRROR = re.compile(r"^(?:deb\s+(?:\[[^]]*\]\s+)?|URIs:\s*)(https?://\S+/debian)/?(?=\s|$)", re.MULTILINE)
"""The first archive address of an apt source, in the one-line and in the deb822 format; a comment never matches."""
_TAG_LENGTH = 12
_REQUIRED = re.compile(r"^require (\S+) (\S+)$", re.MULTILINE)
"""The module that a recipe is about, and its version: the first line of its go.mod that requires one."""
_VICTORIA_VERSION = "github.com/VictoriaMetrics/VictoriaMetrics/lib/buildinfo.Version"


@dataclass(frozen=True)
class _Compiled:
    """A program that this machine compiles, because it is in no package."""

    recipe: str
    """Image whose folder has the Go module."""
    title: str
    usually: str
    package: str = ""
    """Go package, below the module that go.mod requires."""
    version: str = ""
    """Variable that is told the version, as `<program>-<version>`; empty for a program that knows it."""


_COMPILED = {
    "consul": _Compiled("consul", "Consul", "3 to 9 min the first time"),
    "victoria-metrics": _Compiled(
        "victoria-metrics", "VictoriaMetrics", "1 to 3 min the first time", "/app/victoria-metrics", _VICTORIA_VERSION
    ),
    "victoria-logs": _Compiled(
        "victoria-logs", "VictoriaLogs", "1 to 3 min the first time", "/app/victoria-logs", _VICTORIA_VERSION
    ),
    # A part of VictoriaMetrics, of the same version.
    "vmalert": _Compiled("victoria-metrics", "vmalert", "30 s the first time", "/app/vmalert", _VICTORIA_VERSION),
    "oauth2-proxy": _Compiled(
        "oauth2-proxy",
        "oauth2-proxy",
        "1 to 3 min the first time",
        version="github.com/oauth2-proxy/oauth2-proxy/v7/pkg/version.VERSION",
    ),
}


class Recipes:
    """The folders under `tools/offline/images/` and the tags that follow from them."""

    def __init__(self, folder: Path, certificates: Path | None = None) -> None:
        self._folder = folder
        self._certificates = certificates

    def folder(self, name: str) -> Path:
        """The folder with the Dockerfile of one image."""
        return self._folder / name

    def tag(self, name: str) -> str:
        """The full name of a stand-in, e.g. `gostack/stand-in-mysql:0123456789ab`.

        Raises `BootstrapError` for `golang` when this machine has no Go to copy.
        """
        return f"{PREFIX}{name}:{self._hash(name)}"

    def certificates(self) -> Path:
        """This machine's bundle of certificate authorities."""
        configured = self._certificates or Path(os.environ.get("SSL_CERT_FILE", ""))
        for path in (configured, *map(Path, _CERTIFICATE_BUNDLES)):
            if path.is_file():
                return path
        raise BootstrapError("There is no bundle of certificate authorities: `apt-get install ca-certificates`.")

    def _hash(self, name: str) -> str:
        ingredients = list(folder_content(self.folder(name)))
        if name in _ON_BASE:
            ingredients.append(self._hash("base").encode())
        if name in _COMPILED and _COMPILED[name].recipe != name:
            ingredients.append(self._hash(_COMPILED[name].recipe).encode())
        if name == "golang":
            ingredients.append(find_go()[1].encode())
            ingredients.append(self.certificates().read_bytes())
        digest = hashlib.sha256()
        for ingredient in ingredients:
            # Length first, so that no two different sequences read the same.
            digest.update(str(len(ingredient)).encode() + b":" + ingredient)
        return digest.hexdigest()[:_TAG_LENGTH]


def folder_content(folder: Path) -> Generator[bytes]:
    """Everything in a recipe's folder that decides what comes out: names, executable bits and content, but no prose."""
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        if not path.is_file() or path.suffix == ".md" or hidden:
            continue
        yield relative.as_posix().encode()
        yield b"executable" if os.access(path, os.X_OK) else b""
        yield path.read_bytes()


class StandInBuilder:
    """Builds what is missing of a set of stand-ins; the caller holds the lock that keeps other processes out."""

    def __init__(self, engine: Engine, recipes: Recipes, progress: Callable[[str], None]) -> None:
        self._engine = engine
        self._recipes = recipes
        self._progress = progress
        self._base_lock = threading.Lock()

    def build(self, names: Iterable[str], golang: str | None) -> dict[str, str]:
        """Build the named stand-ins, at the same time where they do not need each other; returns name -> tag.

        `golang`: the image that compiles `pause`, None when its stand-in is among `names`.
        """
        wanted = list(names)
        futures: dict[str, Future[str]] = {}
        # As many workers as images: one that waits for another must not keep that other from starting.
        with ThreadPoolExecutor(len(wanted) or 1) as pool:
            for name in sorted(wanted, key=STAND_INS.index):
                if name == "pause":
                    compiler = futures.get("golang")
                    futures[name] = pool.submit(self._build_pause, compiler, golang)
                else:
                    futures[name] = pool.submit(self._build_recipe, name)
        tags = {name: future.result() for name, future in futures.items()}
        # What only a first stage needed; each is unnamed by now and carries our label.
        self._engine.prune(STAGE_LABEL)
        return tags

    def _build_pause(self, compiler: Future[str] | None, golang: str | None) -> str:
        image = golang if compiler is None else compiler.result()
        if image is None:
            raise BootstrapError("The image `pause` is compiled by `golang`, which is not among the images.")
        return self._build(self._recipes.folder("pause"), "pause", {"GOLANG": image})

    def _build_recipe(self, name: str) -> str:
        with tempfile.TemporaryDirectory(prefix=f"image-{name}-", dir=_made(cache_folder())) as staging:
            context = self._context(name, Path(staging) / "context")
            return self._build(context, name, {"BASE": self._base()} if name in _ON_BASE else {})

    def _context(self, name: str, staging: Path) -> Path:
        """The folder to build from: the recipe's own, or a copy with what the host contributes."""
        recipe = self._recipes.folder(name)
        if name in _COMPILED:
            binary = compiled(name, self._recipes, _Forwarded(self._progress))
            shutil.copytree(recipe, staging)
            _link_or_copy(binary, staging / name)
            return staging
        if name == "golang":
            shutil.copytree(recipe, staging)
            self._copy_toolchain(staging / "go")
            shutil.copyfile(self._recipes.certificates(), staging / "ca-certificates.crt")
            return staging
        return recipe

    def _copy_toolchain(self, target: Path) -> None:
        root = capture([find_go()[0], "env", "GOROOT"])
        if not root or not Path(root, "bin", "go").exists():
            raise BootstrapError("`go env GOROOT` names no Go installation: repair it and try again.")
        ignored = shutil.ignore_patterns(*_NOT_IN_TOOLCHAIN)
        shutil.copytree(root, target, copy_function=_link_or_copy, ignore=ignored, ignore_dangling_symlinks=True)

    def _base(self) -> str:
        tag = self._recipes.tag("base")
        with self._base_lock:
            if self._engine.inspect(tag) is None:
                with self._step("base"):
                    # `docker import` names the image last: an interrupted build leaves nothing under this tag.
                    script = self._recipes.folder("base") / "build.sh"
                    run_logged(["bash", str(script), tag, host_mirror()], _log("base"), what="Building the Debian base")
        return tag

    def _build(self, context: Path, name: str, arguments: dict[str, str]) -> str:
        tag = self._recipes.tag(name)
        # The final name appears last, so an interrupted build is never taken for a finished one.
        unversioned = f"{tag}-unversioned"
        with self._step(name):
            self._engine.build(context, unversioned, _log(name), arguments, {})
            version = program_version(self._engine, name, unversioned)
            if not version:
                raise BootstrapError(f"The new image {unversioned} does not answer with a version: see {_log(name)}.")
            self._label(unversioned, tag, name, version)
            self._engine.remove(unversioned)
        return tag

    def _label(self, source: str, target: str, name: str, version: str) -> None:
        """Only now is the version known: the package mirror decided it."""
        with tempfile.TemporaryDirectory(prefix=f"image-{name}-", dir=_made(cache_folder())) as folder:
            Path(folder, "Dockerfile").write_text(f"FROM {source}\n")
            self._engine.build(Path(folder), target, _log(name), {}, {VERSION_LABEL: version})

    @contextmanager
    def _step(self, name: str) -> Generator[None]:
        started = time.monotonic()
        self._progress(f"building stand-in for {name} (usually {_USUALLY[name]})…")
        yield
        self._progress(f"stand-in for {name}: done in {duration(time.monotonic() - started)}")


def program_version(engine: Engine, name: str, reference: str) -> str:
    """The version that the program in an image reports; empty when it is not known how to ask, or it does not say."""
    command = VERSION_COMMANDS.get(name)
    if command is None:
        return ""
    found = re.search(r"\d+\.\d+(\.\d+)*", engine.run(reference, command))
    return found[0] if found else ""


def compiled(name: str, recipes: Recipes, progress: Progress) -> Path:
    """Return the path of a program that is in no package, built when it is first asked for."""
    program = _COMPILED[name]
    folder = recipes.folder(program.recipe)
    module, version = required_module((folder / "go.mod").read_text())
    return build_binary(
        folder,
        f"{module}{program.package}",
        name,
        variables={program.version: f"{name}-{version}"} if program.version else {},
        title=program.title,
        usually=program.usually,
        lane="images",
        progress=progress,
    )


def required_module(go_mod: str) -> tuple[str, str]:
    """Return path and version of the module that a recipe's go.mod is about."""
    found = _REQUIRED.search(go_mod)
    if found is None:
        raise BootstrapError("The go.mod of a stand-in requires no module: restore tools/offline/images.")
    return found[1], found[2]


def can_build_stand_ins() -> bool:
    """Whether this system has Debian's package tools, which bring debootstrap and Debian's keys."""
    return shutil.which("apt-get") is not None


def host_mirror(etc: Path = Path("/etc")) -> str:
    """The Debian mirror that this machine uses itself, else Debian's own; another distribution's mirror is no use."""
    release = etc / "os-release"
    if not release.is_file() or not re.search(r"^ID=debian$", release.read_text(), re.MULTILINE):
        return DEFAULT_MIRROR
    files = [etc / "apt/sources.list", *sorted((etc / "apt/sources.list.d").glob("*"))]
    for path in files:
        if path.suffix in (".list", ".sources") and path.is_file():
            found = _MIRROR.search(path.read_text(errors="replace"))
            if found:
                return found[1]
    return DEFAULT_MIRROR


class _Forwarded(Progress):
    """Gives the lines of a build to whoever asked for the images."""

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__(quiet=True)
        self._write = write

    def line(self, lane: str, text: str) -> None:  # noqa: ARG002  # the receiver has one lane
        self._write(text)


def _link_or_copy(source: str | Path, target: str | Path) -> object:
    # A build context is read once and thrown away: no need for a second copy of 250 MB.
    try:
        os.link(os.path.realpath(source), target)
        return target
    except OSError:
        return shutil.copy2(source, target)


def _log(name: str) -> Path:
    return cache_folder() / "logs" / f"image-{name}.log"


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder

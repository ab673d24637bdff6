"""The few operations on a Docker engine that the images need, behind an interface that tests replace."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from tools.gostack.environment.errors import BootstrapError
from tools.gostack.environment.processes import run_logged

PullOutcome = Literal["pulled", "refused", "unreachable"]

_NO_DOCKER = "The `docker` command is not installed: `make up` installs it."
_INSPECT_SECONDS = 30
_PULL_SECONDS = 30 * 60
_NETWORK_ERRORS = (
    "no such host",
    "connection refused",
    "connection reset",
    "network is unreachable",
    "no route to host",
    "i/o timeout",
    "handshake timeout",
    "timeout exceeded",
    "temporary failure in name resolution",
    "server misbehaving",
    "certificate",
    "unexpected eof",
    ": eof",
)
_PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


@dataclass(frozen=True, slots=True)
class LocalImage:
    """What the engine knows of one image that it has."""

    image_id: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    digest: str = ""
    """What the registry that it was pulled from calls it, `sha256:…`; empty for one that was built here."""


class Engine(Protocol):
    """A Docker engine."""

    def inspect(self, reference: str) -> LocalImage | None:
        """The image of that name, None when the engine does not have it."""
        ...

    def pull(self, reference: str, answer_seconds: float) -> PullOutcome:
        """Fetch an image; `unreachable` when the registry has not begun to answer in time."""
        ...

    def run(self, reference: str, command: Sequence[str]) -> str:
        """What a short command prints in a throw-away container without a network; empty when it fails."""
        ...

    def build(self, folder: Path, tag: str, log: Path, arguments: Mapping[str, str], labels: Mapping[str, str]) -> None:
        """Build the Dockerfile in `folder`."""
        ...

    def remove(self, reference: str) -> bool:
        """Take a name away, and the image if it was its last; False when a container uses it."""
        ...

    def tags(self, label: str) -> list[str]:
        """Every name of every image with that label."""
        ...

    def prune(self, label: str) -> None:
        """Remove the unnamed images with that label."""
        ...


def image_digest(reference: str, digests: Sequence[str]) -> str:
    """Return the digest under which a reference's own repository has the image; empty for one that was built here."""
    repository = reference.partition("@")[0]
    if ":" in repository.rpartition("/")[2]:
        repository = repository.rpartition(":")[0]
    found = dict(item.split("@", 1) for item in digests if "@" in item)
    # The engine leaves out what stands before the names of Docker Hub.
    for name in (repository, repository.removeprefix("docker.io/").removeprefix("library/")):
        if name in found:
            return found[name]
    return ""


class DockerEngine:
    """The engine that the `docker` command talks to."""

    def inspect(self, reference: str) -> LocalImage | None:
        """Ask the engine; only "no such image" means None, anything else is an error."""
        done = _docker(["image", "inspect", reference], _INSPECT_SECONDS)
        if done.returncode != 0:
            if "no such image" in done.stderr.lower():
                return None
            reason = done.stderr.strip().splitlines()[-1:] or ["no answer"]
            raise BootstrapError(f"The Docker engine does not answer ({reason[0]}): run `make doctor`.")
        image = cast("list[dict[str, Any]]", json.loads(done.stdout))[0]
        configuration = cast("dict[str, Any]", image.get("Config") or {})
        labels = cast("dict[str, str]", configuration.get("Labels") or {})
        return LocalImage(image["Id"], labels, image_digest(reference, image.get("RepoDigests") or []))

    def pull(self, reference: str, answer_seconds: float) -> PullOutcome:
        """Let the engine try: it may have a proxy or a mirror of its own, so no other probe would be honest."""
        child = _start(["pull", reference])
        answered = threading.Event()
        lines: list[str] = []
        reader = threading.Thread(target=_follow, args=(child, lines, answered), daemon=True)
        reader.start()
        try:
            if not answered.wait(answer_seconds):
                return "unreachable"
            child.wait(_PULL_SECONDS)
        except subprocess.TimeoutExpired:
            return "unreachable"
        finally:
            child.kill()
            child.wait()
            reader.join()
        return "pulled" if child.returncode == 0 else pull_failure("\n".join(lines))

    def run(self, reference: str, command: Sequence[str]) -> str:
        """Run with the command as entry point, so that the image's own does not matter."""
        arguments = ["run", "--rm", "--network", "none", "--entrypoint", command[0], reference, *command[1:]]
        done = _docker(arguments, _INSPECT_SECONDS)
        return f"{done.stdout}{done.stderr}".strip() if done.returncode == 0 else ""

    def build(self, folder: Path, tag: str, log: Path, arguments: Mapping[str, str], labels: Mapping[str, str]) -> None:
        """Build with whichever builder the `docker` command has; the output goes to `log`."""
        command = ["docker", "build", "--tag", tag]
        # Predefined arguments of every Dockerfile: used by its steps, not kept in the image.
        proxies = {name: os.environ[name] for name in _PROXY_VARIABLES if name in os.environ}
        for name, value in {**proxies, **arguments}.items():
            command += ["--build-arg", f"{name}={value}"]
        for name, value in labels.items():
            command += ["--label", f"{name}={value}"]
        run_logged([*command, str(folder)], log, what=f"Building {tag}", variables=_build_environment())

    def remove(self, reference: str) -> bool:
        """Not forced: the engine refuses while a container uses the image."""
        return _docker(["image", "rm", reference], _INSPECT_SECONDS).returncode == 0

    def tags(self, label: str) -> list[str]:
        """Unnamed images are left out."""
        listed = _docker(
            ["image", "ls", "--filter", f"label={label}", "--format", "{{.Repository}}:{{.Tag}}"], _INSPECT_SECONDS
        )
        return [line for line in listed.stdout.splitlines() if line and "<none>" not in line]

    def prune(self, label: str) -> None:
        """Only unnamed images: those of other builds carry another label, or none."""
        _docker(["image", "prune", "--force", "--filter", f"label={label}"], _PULL_SECONDS)


def pull_failure(output: str) -> PullOutcome:
    """Whether a failed pull means that no registry answers, or that one answers but does not give this image."""
    text = output.lower()
    return "unreachable" if any(error in text for error in _NETWORK_ERRORS) else "refused"


def _follow(child: subprocess.Popen[str], lines: list[str], answered: threading.Event) -> None:
    for line in child.stdout or ():
        lines.append(line)
        # The client prints this line by itself, before it asks anybody.
        if not line.startswith("Using default tag"):
            answered.set()
    answered.set()


def _docker(arguments: Sequence[str], seconds: float) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["docker", *arguments],
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        raise BootstrapError(_NO_DOCKER) from error
    except subprocess.TimeoutExpired as error:
        raise BootstrapError(f"The Docker engine did not answer within {seconds:.0f} s: run `make doctor`.") from error


def _start(arguments: Sequence[str]) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            ["docker", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        raise BootstrapError(_NO_DOCKER) from error


def _build_environment() -> dict[str, str]:
    # Some clients come without the buildx plugin and refuse BuildKit: left alone, each takes the builder it has. A
    # builder in a container of its own, if one is selected, could not see the images of this engine.
    kept = {name: value for name, value in os.environ.items() if name != "DOCKER_BUILDKIT"}
    return {**kept, "BUILDX_BUILDER": "default"}

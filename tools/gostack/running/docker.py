"""The replicas of a stack on Docker."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container
from urllib3.exceptions import HTTPError

from components.microservice.volumes import SHARED_LABEL
from infra.images_lock import load_images_lock
from tools.gostack.environment.docker_engine import find_endpoint
from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle.objects import StackObjects, health, role
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.running.programs import run
from tools.gostack.running.replica import MAIN_ROLES, SHELL, Program, RunningReplica
from tools.gostack.running.twin import create_like

# By usefulness: tools are installed most easily where Go is compiled.
_IMAGES_WITH_SHELL = ("golang", "nginx", "mysql", "consul")
_GENERATED_SUFFIX = re.compile(r"-(application|nginx|program|server)(-[0-9a-f]{7,8})?$")


class DockerRuntime:
    """A Docker engine, seen through the labels of one stack."""

    def __init__(self, workspace: Workspace, objects: StackObjects | None = None) -> None:
        self._workspace = workspace
        self.objects = objects or StackObjects.of(workspace.stack, workspace.variables)
        self._images: dict[str, str] = {}

    def replicas(self) -> list[RunningReplica]:
        """Return every replica, running or not, sorted."""
        return sorted(self._replica(found) for found in self.objects.containers() if role(found) in MAIN_ROLES)

    def lines(self, replica: RunningReplica, since: float, *, follow: bool) -> Iterator[bytes]:
        """Yield pieces of a container's log; nothing of one that is gone."""
        # `logs` of the SDK takes fractions of a second too, which its types do not say.
        client: Any = self.objects.client.api
        try:
            yield from client.logs(
                replica.identity, stream=True, follow=follow, timestamps=True, since=max(float(since), 1.0)
            )
        except NotFound:
            return
        except (DockerException, HTTPError, OSError) as error:
            raise UserError(f"the log of {replica.name} breaks off ({type(error).__name__}).") from None

    def exec(self, replica: RunningReplica, command: Sequence[str], *, tty: bool) -> Program:
        """Run a command in the container with the `docker` command."""
        return self._docker("exec", *_interactive(tty), replica.identity, *command)

    def debug(self, replica: RunningReplica, *, tty: bool) -> Program:
        """Run a container beside it: the same processes, addresses and, under /proc/1/root, files."""
        image = self._image_with_shell()
        container = self.objects.client.containers.get(replica.identity)
        mode = str(container.attrs["HostConfig"]["NetworkMode"])
        network = mode if mode.startswith("container:") else f"container:{replica.identity}"
        return self._docker(
            "run",
            "--rm",
            *_interactive(tty),
            f"--pid=container:{replica.identity}",
            f"--network={network}",
            # Without it /proc/1/root, the files of a program of another user, stays closed.
            "--cap-add=SYS_PTRACE",
            "--entrypoint=sh",
            image,
            "-c",
            SHELL,
        )

    def task(self, replica: RunningReplica, name: str, arguments: Sequence[str], *, tty: bool) -> int:
        """Run a container in the pod of the replica, with its image, environment, mounts and limits.

        It is in the replica's network, so a release that replaces the replica cuts it off.
        """
        # The low-level client, which the SDK has no types for.
        client: Any = self.objects.client.api
        found = self.objects.client.containers.get(replica.identity).attrs
        # The engine removes it when it ends, also where this command was killed meanwhile.
        host = {**found["HostConfig"], "RestartPolicy": {"Name": "no"}, "AutoRemove": True}
        binds: list[str] = found["HostConfig"].get("Binds") or []
        if binds:
            own = self._replicas_own()
            host["Binds"] = [bind for bind in binds if bind.partition(":")[0] not in own]
        # A task has no place in the stack, so it carries none of its labels; its name says what it is.
        called = f"{replica.name}-task-{name}-{secrets.token_hex(4)}"
        identity = create_like(client, found, called, command=arguments, host=host, stdin_open=True, tty=tty)
        try:
            return run(self._docker("start", "--attach", "--interactive", identity))
        finally:
            with suppress(APIError):
                client.remove_container(identity, force=True, v=True)

    def _replicas_own(self) -> set[str]:
        """Names of the volumes that one replica alone may see."""
        labels: dict[str, dict[str, str]] = {
            str(one.name): one.attrs.get("Labels") or {} for one in self.objects.volumes()
        }
        return {name for name, found in labels.items() if found.get(SHARED_LABEL) == "replica"}

    def environment(self, replica: RunningReplica) -> dict[str, str]:
        """Return what the container was given."""
        return _environment(self.objects.client.containers.get(replica.identity))

    def _replica(self, container: Container) -> RunningReplica:
        labels = container.labels
        return RunningReplica(
            service=labels.get("gostack.service", ""),
            track=labels.get("gostack.track", ""),
            region=labels.get("gostack.region", ""),
            name=_environment(container).get("INSTANCE_ID") or _GENERATED_SUFFIX.sub("", str(container.name)),
            identity=str(container.id),
            role=role(container),
            image=self._tag(str(container.attrs["Config"]["Image"])),
            running=container.status == "running",
            healthy=container.status == "running" and health(container) == "healthy",
        )

    def _tag(self, image: str) -> str:
        """The first tag of an image that is named by its identity; the identity of one that has none."""
        if not image.startswith("sha256:"):
            return image
        if image not in self._images:
            try:
                tags = self.objects.client.images.get(image).tags
            except ImageNotFound:
                tags = []
            self._images[image] = str(tags[0]) if tags else image
        return self._images[image]

    def _image_with_shell(self) -> str:
        known = load_images_lock(self._workspace.project)
        for name in _IMAGES_WITH_SHELL:
            if name in known:
                try:
                    self.objects.client.images.get(known[name].reference)
                except DockerException:
                    continue
                return known[name].reference
        raise UserError("there is no image with a shell on the engine: run `gostack prepare`, which brings one.")

    def _docker(self, *arguments: str) -> Program:
        return Program(["docker", *arguments], {"DOCKER_HOST": find_endpoint(self._workspace.variables)})


def _interactive(tty: bool) -> list[str]:
    return ["--interactive", "--tty"] if tty else ["--interactive"]


def _environment(container: Container) -> dict[str, str]:
    attributes: dict[str, Any] = container.attrs
    given: list[str] = attributes["Config"].get("Env") or []
    return dict(entry.split("=", 1) for entry in given if "=" in entry)

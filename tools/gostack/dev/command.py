"""`gostack dev`: save a file, and a moment later the replicas of one region answer with it."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container

from components.ingress.tracks import STABLE
from infra.settings import Settings
from tools.gostack.dev.debugger import DEBUGGER, Door, require_machine, way_to_debugger
from tools.gostack.dev.image import PROGRAM, image_with
from tools.gostack.dev.replica import DevReplica, probe_of
from tools.gostack.dev.source import Source, compiled, saves, source_of
from tools.gostack.environment.docker_engine import find_endpoint
from tools.gostack.environment.errors import UserError
from tools.gostack.environment.progress import Progress
from tools.gostack.lifecycle.instances import Place
from tools.gostack.lifecycle.lifecycle import in_turn
from tools.gostack.lifecycle.objects import StackObjects
from tools.gostack.lifecycle.replicas import replicas
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.running.replica import check_names
from tools.offline.toolchain.programs import delve


def dev(workspace: Workspace, service: str, region: str | None = None, debug_port: int | None = None) -> int:
    """Run what is in the source of a service in its replicas of a region, again after every save, until Ctrl-C, and
    return 0. Then they run what was released.

    The region is the first when none is given. With a `debug_port`, a port of this machine, it is the first of these
    replicas alone, under a debugger that is reached there. Raises UserError.
    """
    settings = workspace.settings
    check_names(settings, service, region)
    place = Place(service, STABLE, region or settings.ordered_regions()[0])
    source = wanted(workspace, settings, place)
    debugger = delve(workspace.project, Progress()) if debug_port is not None else None
    # Nobody else changes the stack meanwhile: an update would remove what runs here in its place.
    with in_turn(workspace):
        objects = StackObjects.of(workspace.stack, workspace.variables)
        released, found = _found(objects, settings, place, debugged=debugger is not None)
        with tempfile.TemporaryDirectory() as folder, _door(workspace, found, debug_port):
            loop = Loop(objects, released, found, source, Path(folder) / PROGRAM, debugger)
            # From here on: a save during the first compilation, which may take a minute, is one too.
            saved = saves(source.context)
            try:
                loop.swap()
                print(f"{source.context} is watched; Ctrl-C brings back what was released", flush=True)
                if debug_port is not None:
                    print(f"debugger: `dlv connect 127.0.0.1:{debug_port}`, or an editor's remote one", flush=True)
                for _ in saved:
                    loop.swap()
            except KeyboardInterrupt:
                print(f"\n{place}: what was released comes back", flush=True)
            finally:
                loop.leave()
    return 0


def wanted(workspace: Workspace, settings: Settings, place: Place) -> Source:
    """Return the source of a service that clients call; raises UserError for any other."""
    if place.service not in settings.services:
        raise UserError(f"{place.service} is no service of the settings, so it has no source here.")
    service = settings.services[place.service]
    if service.kind != "service":
        raise UserError(f"{place.service} is a worker, which nobody calls: `gostack up {place.service}` releases it.")
    return source_of(workspace.project, place.service, service)


class Loop:
    """What is compiled again and again, and the replicas that run it."""

    def __init__(
        self,
        objects: StackObjects,
        released: Container,
        found: Sequence[DevReplica],
        source: Source,
        program: Path,
        debugger: Path | None = None,
    ) -> None:
        self._client = objects.client
        self._released = released
        self._replicas = found
        self._source = replace(source, for_debugger=True) if debugger is not None else source
        self._program = program
        self._files = {PROGRAM: program, **({DEBUGGER: debugger} if debugger is not None else {})}
        image: Any = self._client.images.get(str(released.attrs["Image"]))
        self._architecture = str(image.attrs["Architecture"])
        if debugger is not None:
            require_machine(self._architecture)
        self._images: list[str] = []

    def swap(self) -> None:
        """Compile, and let one replica after the other run it; print what is wrong with it."""
        began = time.monotonic()
        first = self._replicas[0]
        # While the compiler works, the requests to the first replica end.
        first.leave()
        problem = compiled(self._source, self._architecture, self._program)
        if problem:
            first.enter()
            print(problem, file=sys.stderr, flush=True)
            return
        image = image_with(self._client, self._released, self._files)
        self._images.append(image)
        for replica in self._replicas:
            problem = replica.run(image)
            if problem:
                print(f"{problem}\nit runs what it ran before", file=sys.stderr, flush=True)
                break
            print(f"{replica.name}: {time.monotonic() - began:.1f} s after the save", flush=True)
        self._remove(self._images[:-1])

    def leave(self) -> None:
        """Bring back what was released in every replica; raises UserError with what was wrong with some of them."""
        problems: list[str] = []
        # Every replica's turn comes, also when this is interrupted.
        with ExitStack() as turns:
            turns.callback(lambda: self._remove(list(self._images)))
            for replica in reversed(self._replicas):
                turns.callback(_restore, replica, problems)
        if problems:
            raise UserError("\n".join(problems))

    def _remove(self, images: Sequence[str]) -> None:
        engine: Any = self._client.images
        for image in images:
            try:
                engine.remove(image)
            except NotFound:
                pass
            except APIError:
                # A replica that did not get ready with the next one still has it: tried again after the next save.
                continue
            self._images.remove(image)


def _restore(replica: DevReplica, problems: list[str]) -> None:
    try:
        replica.restore()
    except UserError as error:
        problems.append(str(error))
    except DockerException as error:
        problems.append(f"{replica.name} does not run what was released ({error}): run `make up`, which mends it.")


def _door(workspace: Workspace, found: Sequence[DevReplica], port: int | None) -> AbstractContextManager[object]:
    """The way to the debugger of the first replica, open at a port of this machine; nothing without one."""
    if port is None:
        return nullcontext()
    return Door(way_to_debugger(found[0].agent, find_endpoint(workspace.variables)), port)


def _found(
    objects: StackObjects, settings: Settings, place: Place, *, debugged: bool
) -> tuple[Container, list[DevReplica]]:
    """The container of the first replica, and all replicas of a place; a debugger takes the first alone."""
    service = settings.services[place.service]
    probe = probe_of(service)
    pairs = _running(objects, place)
    if not pairs:
        raise UserError(f"no replica of {place} runs: run `make up`.")
    found = [
        DevReplica(
            objects.client, program, agent, probe=probe, patience=service.startup_timeout_seconds, debugged=debugged
        )
        for program, agent in (pairs[:1] if debugged else pairs)
    ]
    return pairs[0][0], found


def _running(objects: StackObjects, place: Place) -> list[tuple[Container, Container]]:
    found: Iterable[tuple[Container | None, Container | None]] = (
        (one.application, one.agent) for one in replicas(objects) if one.place == place
    )
    pairs = [(program, agent) for program, agent in found if program is not None and agent is not None]
    running = [pair for pair in pairs if all(container.status == "running" for container in pair)]
    return sorted(running, key=lambda pair: str(pair[0].name))

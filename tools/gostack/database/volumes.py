"""The volumes of services on the engine, read and written through containers that exist for it and never run a program
of a service."""

from __future__ import annotations

import tarfile
from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from docker.errors import DockerException
from docker.models.containers import Container
from urllib3.exceptions import HTTPError

from components.microservice.volumes import SHARED_LABEL
from infra.settings import Settings
from tools.gostack.database.mysql_members import DatabaseError
from tools.gostack.database.volume_archive import first_name
from tools.gostack.lifecycle.objects import StackObjects, role

_FOLDER = "/volume"
# With `+`, unlike `;`, the exit code tells that something stayed.
_EMPTYING = f"find {_FOLDER} -mindepth 1 -maxdepth 1 -exec rm -rf -- {{}} +"


@dataclass(frozen=True)
class Volumes:
    """The volumes of a stack's services, by their names without the stack: `shop.uploads-east`, and with the number of
    its replica `shop.state-east.0`."""

    objects: StackObjects

    @staticmethod
    def named(settings: Settings) -> list[str]:
        """Return the names of all volumes that the settings ask for, sorted."""
        found: list[str] = []
        for name, service in settings.services.items():
            for called, volume in service.volumes.items():
                numbers = [f".{index}" for index in range(service.replicas)] if volume.shared == "replica" else [""]
                kept = volume.kept_name(name, called)
                found += [f"{kept}-{region}{number}" for region in settings.regions for number in numbers]
        return sorted(found)

    def demand(self, names: Collection[str]) -> None:
        """Raise DatabaseError for the first of these volumes that is not there."""
        there = {str(one.name) for one in self.objects.volumes() if SHARED_LABEL in (one.attrs.get("Labels") or {})}
        for name in sorted(names):
            if self._volume(name) not in there:
                raise DatabaseError(
                    f"the stack {self.objects.stack} has no volume {name}: run `make up`, which makes those of its "
                    "settings."
                )

    def streams(self, names: Collection[str]) -> Generator[tuple[str, Iterator[bytes]]]:
        """Yield name and files of each of these volumes, as a tar stream; raises DatabaseError."""
        self.demand(names)
        for name in names:
            with self._told(name), self._mounted(name) as container:
                stream, _ = container.get_archive(_FOLDER)
                yield name, self._read(name, stream)

    def first_file(self, name: str) -> str:
        """Return the path of the first thing in a volume; empty when it has nothing."""
        with self._told(name), self._mounted(name) as container:
            stream, _ = container.get_archive(_FOLDER)
            return first_name(stream)

    def fill(self, name: str, tar: IO[bytes]) -> None:
        """Put the files of a tar in the place of those that a volume has; raises DatabaseError."""
        with self._told(name):
            self.objects.client.containers.run(
                self._image(),
                ["-c", _EMPTYING],
                entrypoint="/bin/sh",
                # Files belong to any user.
                user="0:0",
                cap_drop=["ALL"],
                cap_add=["DAC_OVERRIDE", "FOWNER"],
                security_opt=["no-new-privileges:true"],
                read_only=True,
                remove=True,
                **self._place(name),
            )
            with self._mounted(name) as container:
                # The SDK has no types for what it sends.
                client: Any = container
                client.put_archive(_FOLDER, tar)

    @contextmanager
    def _mounted(self, name: str) -> Generator[Container]:
        """A container that exists for its volume: the engine reads and writes files of one that does not run, too."""
        container = self.objects.client.containers.create(self._image(), entrypoint=["/nothing"], **self._place(name))
        try:
            yield container
        finally:
            container.remove(force=True, v=True)

    def _place(self, name: str) -> dict[str, Any]:
        # With labels of the stack, `make up` removes what a command left that was killed.
        return {
            "volumes": {self._volume(name): {"bind": _FOLDER, "mode": "rw"}},
            "network_mode": "none",
            "labels": {"gostack.project": "gostack", "gostack.stack": self.objects.stack, "gostack.role": "job"},
        }

    def _volume(self, name: str) -> str:
        return f"gostack-{self.objects.stack}-{name}"

    def _image(self) -> str:
        """An image with a shell that the engine has: that of the Consul agents."""
        for container in self.objects.containers():
            if role(container) in ("agent", "consul-server"):
                return str(container.attrs["Image"])
        raise DatabaseError(f"the stack {self.objects.stack} does not run: run `make up`.")

    def _read(self, name: str, stream: Iterator[bytes]) -> Iterator[bytes]:
        with self._told(name):
            yield from stream

    @contextmanager
    def _told(self, name: str) -> Generator[None]:
        try:
            yield
        except (DockerException, HTTPError, OSError, tarfile.TarError) as error:
            raise DatabaseError(
                f"the volume {name} cannot be read or written ({error}): correct that and try again."
            ) from None

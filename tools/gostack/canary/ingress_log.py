"""The access logs of every region's ingress, read from where they were left off."""

from __future__ import annotations

from datetime import UTC, datetime

from tools.gostack.canary.figures import Figures, by_track
from tools.gostack.lifecycle.objects import StackObjects, role


class IngressLog:
    """Figures of a service's tracks since a moment, over all regions."""

    def __init__(self, objects: StackObjects, service: str) -> None:
        self._objects = objects
        self._service = service
        self._tracks: dict[str, Figures] = {}
        self._read_to = datetime.now(UTC)

    def restart(self) -> None:
        """Forget everything until now."""
        self._tracks = {}
        self._read_to = datetime.now(UTC)

    def figures(self, track: str) -> Figures:
        """What clients got from `track` so far."""
        return self._tracks.get(track, Figures())

    def read(self) -> None:
        """Take over what was logged since the last time."""
        until = datetime.now(UTC)
        for container in self._objects.containers():
            if role(container) not in ("nginx", "gateway"):
                continue
            text = container.logs(stderr=False, since=self._read_to, until=until)
            for track, figures in by_track(text.decode(errors="replace").splitlines(), self._service).items():
                self._tracks.setdefault(track, Figures()).samples += figures.samples
        self._read_to = until

"""The containers of a stack by what they do, and the shape of the stack around them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tools.gostack.documents import mapping
from tools.gostack.report.changes import Change, StackChanges
from tools.gostack.report.place import Place, Places, labels_of, setting

CONTAINER = "docker:index/container:Container"
NETWORK = "docker:index/network:Network"


def role(change: Change) -> str:
    """Return what a container of the stack does in its pod; empty for anything else."""
    if change.type != CONTAINER:
        return ""
    return labels_of(change.inputs).get("gostack.role", "")


def goes_first(change: Change) -> bool:
    """Whether there is a time without the resource: it is deleted before, or without, a successor."""
    return change.operation == "delete" or (change.operation == "replace" and change.delete_first)


@dataclass(frozen=True)
class Shape:
    """What a stack on Docker looks like."""

    stack: StackChanges
    places: Places

    @property
    def topology(self) -> str:
        """What MySQL's members are to each other."""
        return self._mysql("topology", "replica")

    @property
    def primary(self) -> str:
        """Region of MySQL's primary; in a group, of the first one."""
        return self._mysql("primary", "")

    def containers(self, wanted: str, where: Callable[[Place], bool]) -> list[Change]:
        """Return the containers with a role that are there before the change."""
        return [
            change
            for change in (*self.stack.unchanged, *self.stack.changes)
            if role(change) == wanted and change.operation != "create" and where(self.places.of(change))
        ]

    def regions_with(self, service: str) -> list[str]:
        """Return the regions in which a service has replicas before the change."""
        found = self.containers("application", lambda place: place.service == service)
        return sorted({self.places.of(change).region for change in found})

    def _mysql(self, key: str, default: str) -> str:
        found = mapping(setting(self.stack.settings, "mysql")).get(key)
        return found if isinstance(found, str) else default


def by_region(changes: Iterable[Change], places: Places) -> dict[str, list[Change]]:
    """Return region to changes."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        found.setdefault(places.of(change).region, []).append(change)
    return dict(sorted(found.items()))

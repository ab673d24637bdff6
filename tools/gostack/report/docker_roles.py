"""The containers of a stack by what they do, and the shape of the stack around them."""

from __future__ import annotations

from dataclasses import dataclass

from tools.gostack.documents import mapping
from tools.gostack.report.changes import Change, StackChanges
from tools.gostack.report.place import Places, labels_of, setting

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

    def containers(self, wanted: str, service: str, region: str) -> int:
        """Return how many containers of a region have a role before the change; an empty service stands for any."""
        return len(
            [
                change
                for change in (*self.stack.unchanged, *self.stack.changes)
                if role(change) == wanted
                and change.operation != "create"
                and self.places.of(change).region == region
                and service in ("", self.places.of(change).service)
            ]
        )

    def _mysql(self, key: str, default: str) -> str:
        found = mapping(setting(self.stack.settings, "mysql")).get(key)
        return found if isinstance(found, str) else default

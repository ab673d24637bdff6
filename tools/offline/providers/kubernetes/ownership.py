"""Who manages which property of an object, by the server-side apply records in `metadata.managedFields`."""

from __future__ import annotations

from typing import Any

from tools.offline.providers.kubernetes.cluster import Manifest
from tools.offline.providers.kubernetes.difference import Path
from tools.offline.providers.kubernetes.objects import at


def managed_by_others_alone(live: Manifest, path: Path, manager: str) -> bool:
    """Whether somebody else manages the property, and this manager does not."""
    records: list[Manifest] = at(live, "metadata", "managedFields") or []
    ours = any(_covers(record, path) for record in records if record.get("manager") == manager)
    theirs = any(_covers(record, path) for record in records if record.get("manager") != manager)
    return theirs and not ours


def _covers(record: Manifest, path: Path) -> bool:
    fields: Any = record.get("fieldsV1") or {}
    for step in path:
        # Elements of lists are recorded by their keys and not by their place: no list is looked into.
        if isinstance(step, int) or f"f:{step}" not in fields:
            return False
        fields = fields[f"f:{step}"]
    return True

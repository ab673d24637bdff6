"""What a refresh would take over: the differences that the engine and its providers see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tools.gostack.documents import mapping
from tools.gostack.drift.model import Drift
from tools.gostack.report.changes import SECRET, Event, Step, masked, value_at
from tools.gostack.report.findings import difference
from tools.gostack.report.urn import name_of

_KEPT_BY_OTHERS = (
    "status",
    "metadata.managedFields",
    "metadata.resourceVersion",
    "metadata.generation",
    "metadata.uid",
)
"""Properties that a cluster writes itself, all the time."""


def refreshed(events: Iterable[Event]) -> list[Drift]:
    """Return what the events of `pulumi refresh --preview-only` say has changed."""
    found: list[Drift] = []
    for event in events:
        outputs = event.get("resOutputsEvent")
        if not outputs:
            continue
        metadata = outputs["metadata"]
        if metadata["op"] == "delete":
            name = name_of(metadata["urn"])
            kind = metadata["type"].rsplit(":", 1)[-1]
            found.append(Drift(name, "", f"the {kind} is gone: it was removed outside of Pulumi"))
        elif metadata["op"] == "update":
            found += _changed(metadata)
    return sorted(set(found))


def refusals(events: Iterable[Event]) -> list[str]:
    """Return why the engine could not look, when it could not."""
    said = [event["diagnosticEvent"] for event in events if "diagnosticEvent" in event]
    return [" ".join(str(item["message"]).split()) for item in said if item.get("severity") == "error"]


def _changed(metadata: Step) -> list[Drift]:
    name = name_of(metadata["urn"])
    before, now = (masked(mapping(mapping(metadata.get(when)).get("outputs"))) for when in ("old", "new"))
    paths = sorted(metadata.get("detailedDiff") or dict.fromkeys(metadata.get("diffs") or ()))
    return [
        Drift(name, path, _sentence(path, value_at(before, path), value_at(now, path)))
        for path in paths
        if not path.startswith(_KEPT_BY_OTHERS)
    ]


def _sentence(path: str, before: Any, now: Any) -> str:
    if (path, now) == ("mustRun", False):
        return "it stands still (`mustRun` is `true` for the stack)"
    if SECRET in (before, now):
        return f"`{path}` is another one (secret)"
    return difference(path, before, now)

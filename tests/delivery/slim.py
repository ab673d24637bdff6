"""Event streams as they are kept for tests: as the engine wrote them, without what no report looks at."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

_BULKY = frozenset({"command", "healthcheck", "entrypoints", "__defaults", "__meta"})


def slim(events: Iterable[Mapping[str, Any]]) -> str:
    """Return events as lines, smaller and the same for the same preview."""
    kept: list[dict[str, Any]] = []
    for event in events:
        smaller = _slim(event)
        if smaller is not None:
            kept.append({"sequence": len(kept), "timestamp": 0, **smaller})
    return "".join(f"{json.dumps(event, sort_keys=True, ensure_ascii=False)}\n" for event in kept)


def _slim(event: Mapping[str, Any]) -> dict[str, Any] | None:
    if step := event.get("resourcePreEvent") or event.get("resOutputsEvent"):
        kind = "resourcePreEvent" if "resourcePreEvent" in event else "resOutputsEvent"
        metadata = step["metadata"]
        if kind == "resOutputsEvent" and metadata["op"] in ("same", "create", "create-replacement", "delete-replaced"):
            return None
        if metadata.get("logical") and metadata["op"] == "replace":
            return None
        return {kind: {"metadata": _step(metadata)}}
    if diagnostic := event.get("diagnosticEvent"):
        return {"diagnosticEvent": diagnostic} if diagnostic["severity"] != "debug" else None
    for kind in ("preludeEvent", "policyEvent", "errorEvent"):
        if kind in event:
            return {kind: event[kind]}
    if summary := event.get("summaryEvent"):
        return {"summaryEvent": {**summary, "durationSeconds": 0}}
    return None


def _step(metadata: dict[str, Any]) -> dict[str, Any]:
    small = {key: value for key, value in metadata.items() if key not in ("old", "new") and value}
    quiet = metadata["op"] in ("same", "refresh", "delete-replaced")
    for side in ("old", "new"):
        state = metadata.get(side)
        if state is None or (quiet and side == "new" and metadata.get("old")):
            continue
        outputs = state.get("outputs") or {}
        paths = {path.split(".")[0].split("[")[0] for path in metadata.get("detailedDiff") or {}}
        small[side] = {
            **{
                key: value
                for key, value in state.items()
                if key in ("type", "urn", "parent", "custom", "protect", "retainOnDelete", "provider") and value
            },
            "inputs": _inputs(state.get("inputs") or {}, only_labels=quiet),
            "outputs": {key: value for key, value in outputs.items() if key in paths and key not in _BULKY},
        }
    if "new" not in small and "old" in small and metadata["op"] == "same":
        small["new"] = small.pop("old")
    return small


def _inputs(value: Any, *, only_labels: bool = False) -> Any:
    if isinstance(value, dict):
        return {
            key: _inputs(item)
            for key, item in value.items()
            if key not in _BULKY and (not only_labels or key in ("labels", "tags", "metadata"))
        }
    return [_inputs(item) for item in value] if isinstance(value, list) else value

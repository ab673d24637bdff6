"""Resources from a file, whatever wrote it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from policy.readers.engine import from_preview, from_state
from policy.resource import Graph, listing, mapping

_HARMLESS = frozenset({"debug", "info", "info#err", "warning"})
"""Severities of the engine's diagnostics that do not mean a failure."""


class ReadError(ValueError):
    """A file is none that resources can be read from: the text is one sentence with the fix."""


def read_document(text: str, origin: str) -> Graph:
    """Return the resources of the text of a preview or of an exported state; `origin` is what errors call it.

    Raises ReadError when it is neither.
    """
    try:
        document: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise ReadError(
            f"{origin} is not JSON ({error.msg}, line {error.lineno}): write it with `pulumi preview --json` or "
            "`pulumi stack export`."
        ) from None
    known = mapping(document)
    # A preview that failed has the steps that came before the failure: they are not the stack.
    if failure := _failure(known):
        raise ReadError(f"{origin} is a preview that failed ({failure}): correct that first.")
    if "steps" in known:
        graph = from_preview(known)
    elif mapping(known.get("deployment")):
        graph = from_state(known)
    else:
        raise ReadError(
            f"{origin} holds neither a preview nor a state: write it with `pulumi preview --json` or "
            "`pulumi stack export`."
        )
    if not any(resource.custom and not resource.is_provider for resource in graph):
        raise ReadError(f"{origin} holds no resource: there is nothing that could be judged.")
    return graph


def _failure(document: Mapping[str, Any]) -> str:
    """Return the last line of the first error that a preview tells; empty when it tells none."""
    errors = [
        str(item.get("message", "")).strip()
        for item in map(mapping, listing(document.get("diagnostics")))
        if item.get("severity") not in _HARMLESS
    ]
    return (errors[0].splitlines() or ["it says nothing"])[-1].strip() if errors else ""

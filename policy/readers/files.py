"""Resources from a file, whatever wrote it."""

from __future__ import annotations

import json
from typing import Any

from policy.readers.engine import from_preview, from_state
from policy.resource import Graph, listing, mapping


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
    if "steps" in known:
        return from_preview(known)
    if mapping(known.get("deployment")):
        return from_state(known)
    diagnostics = [str(mapping(item).get("message", "")).strip() for item in listing(known.get("diagnostics"))]
    if diagnostics:
        raise ReadError(f"{origin} is a preview that failed ({diagnostics[0]}): correct the program first.")
    raise ReadError(
        f"{origin} holds neither a preview nor a state: write it with `pulumi preview --json` or `pulumi stack export`."
    )

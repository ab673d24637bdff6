"""References to secrets that another store keeps: `ref+vault://secret/shop#jwt` in the place of an encrypted value."""

from __future__ import annotations

import re
from dataclasses import dataclass

AWS = "awssecrets"
"""The store that only a stack on AWS reads."""

EXAMPLES = {
    "env": "ref+env://NAME",
    "file": "ref+file://path/of/file#key",
    "vault": "ref+vault://mount/path#key",
    AWS: "ref+awssecrets://name#key",
}
"""Name of each store to what refers to it."""

LIKE_A_REFERENCE = re.compile(r"ref\+[a-z0-9]+:")
_SHAPES = {
    "env": r"(?P<place>[A-Za-z_][A-Za-z0-9_]*)(?P<key>)",
    "file": r"(?P<place>[^#]+)(?:#(?P<key>.+))?",
    "vault": r"(?P<place>[^/#?]+/[^#?]*[^/#?])#(?P<key>.+)",
    AWS: r"(?P<place>[A-Za-z0-9/_+=.@:-]+)(?:#(?P<key>.+))?",
}


@dataclass(frozen=True)
class SecretReference:
    """Where a secret is."""

    text: str
    """As it stands in the stack file."""

    store: str
    """Name of the store."""

    place: str
    """Variable, file, path or name there."""

    key: str
    """Key in what is there; "" for all of it."""


def secret_reference(text: str) -> SecretReference | None:
    """Return what a secret's text refers to, None for a value; raises ValueError for a reference that leads nowhere."""
    if not LIKE_A_REFERENCE.match(text):
        return None
    store, _, rest = text.removeprefix("ref+").partition("://")
    found = re.fullmatch(_SHAPES[store], rest) if store in _SHAPES else None
    if found is None:
        # Without the text: it may be a value that only looks like one.
        raise ValueError(
            f"it begins like a reference to another store and is none: write it like {', '.join(EXAMPLES.values())}."
        )
    return SecretReference(text, store, found["place"], found["key"] or "")

"""What is at risk: data, answers, doors, money. Each finding is one sentence with the property that causes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tools.gostack.documents import is_mapping
from tools.gostack.report.changes import SECRET, UNKNOWN, Change, Difference

Risk = Literal["data loss", "downtime", "exposure", "cost"]

RISKS: tuple[Risk, ...] = ("data loss", "downtime", "exposure", "cost")
"""In the order in which a reviewer reads them."""

LONGEST_VALUE = 60

_TELLING = frozenset({"subnet", "cidrBlock", "image", "instanceClass", "ip", "name"})
"""Last parts of paths that say more than the others that change with them, such as a gateway."""


@dataclass(frozen=True)
class Finding:
    """One risk."""

    risk: Risk
    urn: str
    """Resource that causes it."""

    name: str
    """Its name."""

    sentence: str
    """What happens, and because of which property."""

    property: str = ""
    """Path of that property; empty when the deletion itself is the cause."""

    region: str = ""

    affects: tuple[str, ...] = ()
    """URNs of what is away because of it, itself among them."""


def because(change: Change, difference: Difference | None = None) -> str:
    """Return "because `path` changes from a to b", or what else makes the engine do it."""
    found = difference or main_cause(change)
    if found is not None:
        return f"because {described(found)}"
    if change.keys:
        return f"because `{change.keys[0]}` follows another replaced resource"
    if change.operation == "replace":
        return "because its `replacementTrigger` changes"
    return "because the program no longer has it"


def described(difference: Difference) -> str:
    """Return "`path` changes from a to b" in words."""
    path = code(difference.path)
    if SECRET in (difference.old, difference.new):
        return f"{path} changes (secret)"
    if UNKNOWN in str(difference.new):
        return f"{path} changes to a value that is known only then"
    if difference.kind == "add" or difference.old is None:
        return f"{path} is added ({shown(difference.new)})" if difference.new is not None else f"{path} is added"
    if difference.kind == "delete" or difference.new is None:
        return f"{path} is removed (was {shown(difference.old)})"
    return f"{path} changes from {shown(difference.old)} to {shown(difference.new)}"


def code(text: str) -> str:
    """Return a name as code, which nothing in it can end."""
    return f"`{text.replace('`', chr(39))}`"


def shown(value: object) -> str:
    """Return a value in one line, cut when it is long."""
    if is_mapping(value) and set(value) == {"label", "value"}:
        value = f"{value['label']}={value['value']}"
    text = " ".join(str(value).split()) if not isinstance(value, bool) else str(value).lower()
    if isinstance(value, str) and value.startswith("sha256:"):
        text = value[:19]
    if not text:
        return "nothing"
    text = text.replace("`", "'")
    return f"`{text}`" if len(text) <= LONGEST_VALUE else f"`{text[:LONGEST_VALUE]}…`"


def cause_path(change: Change) -> str:
    """Return the path of the property that causes a change."""
    found = main_cause(change)
    if found is not None:
        return found.path
    return change.keys[0] if change.keys else ""


def main_cause(change: Change) -> Difference | None:
    """Return the property that says most about why something changes; None when another resource is the reason."""

    def rank(difference: Difference) -> tuple[bool, bool, str]:
        telling = difference.path.rsplit(".", 1)[-1] in _TELLING
        return (not telling, difference.old is None or difference.new is None, difference.path)

    return min(change.causes, key=rank, default=None)

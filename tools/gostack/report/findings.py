"""What is at risk: data, answers, doors, money. Each finding is one sentence with the property that causes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tools.gostack.documents import is_mapping
from tools.gostack.report.changes import Change, Difference

Risk = Literal["data loss", "downtime", "exposure", "cost"]

RISKS: tuple[Risk, ...] = ("data loss", "downtime", "exposure", "cost")
"""In the order in which a reviewer reads them."""

LONGEST_VALUE = 60

_TELLING = frozenset({"subnet", "cidrBlock", "image", "instanceClass", "ip", "name"})
"""Last parts of paths that say more than the others that change with them, such as a gateway."""

_WORDS = {"add": "is added", "delete": "is removed"}


@dataclass(frozen=True)
class Finding:
    """One risk."""

    risk: Risk
    urn: str
    """Resource that causes it."""

    name: str
    """Its name."""

    sentence: str
    """What happens, and because of which property; no value of an input."""

    property: str = ""
    """Path of that property; empty when the deletion itself is the cause."""

    region: str = ""

    affects: tuple[str, ...] = ()
    """URNs of what is away because of it, itself among them."""


def because(change: Change, difference: Difference | None = None) -> str:
    """Return "because `path` changes", or what else makes the engine do it."""
    found = difference or main_cause(change)
    if found is not None:
        secret = " (secret)" if found.secret else ""
        return f"because {code(found.path)} {_WORDS.get(found.kind, 'changes')}{secret}"
    if change.keys:
        return f"because {code(change.keys[0])} follows another replaced resource"
    if change.operation == "replace":
        return "because its `replacementTrigger` changes"
    return "because the program no longer has it"


def code(text: str) -> str:
    """Return a name as code, which nothing in it can end."""
    return f"`{text.replace('`', chr(39))}`"


def shown(value: object) -> str:
    """Return a value in one line, cut when it is long; for drift and settings, never for an input of a preview."""
    if is_mapping(value) and set(value) == {"label", "value"}:
        value = f"{value['label']}={value['value']}"
    text = " ".join(str(value).split()) if not isinstance(value, bool) else str(value).lower()
    if isinstance(value, str) and value.startswith("sha256:"):
        text = value[:19]
    if not text:
        return "nothing"
    return code(text) if len(text) <= LONGEST_VALUE else code(f"{text[:LONGEST_VALUE]}…")


def difference(name: str, before: object, now: object) -> str:
    """Return how a value has become another one; None stands for none."""
    if now is None:
        return f"`{name}` is gone (was {shown(before)})"
    if before is None:
        return f"`{name}` is there ({shown(now)}) and was not"
    return f"`{name}` is {shown(now)} instead of {shown(before)}"


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
        return (not telling, difference.kind != "update", difference.path)

    return min(change.causes, key=rank, default=None)

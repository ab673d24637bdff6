"""Inputs that differ between resources of two stacks which stand for each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from policy.resource import listing, mapping
from tools.gostack.explorer.model import PropertyDifference, ResourceView, StackView
from tools.gostack.explorer.placement import without_region
from tools.gostack.explorer.texts import LONG

CONTEXT = 30
"""Characters around what differs in a long text."""

_ABSENT = object()


class InputComparison:
    """Compares resources of the same type in the same place of a component, in regions that stand for each other."""

    def __init__(self, left: StackView, right: StackView, regions: Mapping[str, str], texts: list[str]) -> None:
        self.left = left
        self.right = right
        self.regions = regions
        self.texts = texts

    def differing(self, left: list[int], right: list[int]) -> list[PropertyDifference]:
        """Return what differs between these resources of the left stack and those of the right one, told once each."""
        theirs = {self._slot(self.right["resources"][place], {}): place for place in right}
        counted: dict[str, PropertyDifference] = {}
        for place in left:
            resource = self.left["resources"][place]
            other = theirs.get(self._slot(resource, self.regions))
            if other is None:
                continue
            for path, (mine, their) in self._differing(resource, self.right["resources"][other]).items():
                entry = counted.setdefault(
                    f"{path}\0{mine!r}\0{their!r}",
                    {"path": f"{resource['kind']}.{path}", "left": mine, "right": their, "count": 0, "examples": []},
                )
                entry["count"] += 1
                if len(entry["examples"]) < 3:
                    entry["examples"].append(resource["name"])
        return sorted(counted.values(), key=lambda item: (-item["count"], item["path"]))

    def _differing(self, left: ResourceView, right: ResourceView) -> dict[str, tuple[Any, Any]]:
        ours = self._flat(left["inputs"], self.left["name"], _signs(left["region"], self.regions.keys()))
        theirs = self._flat(right["inputs"], self.right["name"], _signs(right["region"], self.regions.values()))
        return {
            path: shortened(ours.get(path), theirs.get(path))
            for path in sorted({*ours, *theirs})
            if ours.get(path, _ABSENT) != theirs.get(path, _ABSENT)
        }

    def _slot(self, resource: ResourceView, regions: Mapping[str, str]) -> tuple[str, str, str]:
        """What makes a resource the counterpart of another stack's: type, name but for the region, and the region."""
        region = resource["region"]
        return resource["type"], without_region(resource["name"], region), regions.get(region, region)

    def _flat(self, inputs: Any, stack: str, regions: Mapping[str, str]) -> dict[str, Any]:
        """Return dotted path to value; the names of the stack and of these regions are no difference."""
        flat: dict[str, Any] = {}

        def walk(value: Any, path: str) -> None:
            known = mapping(value)
            if set(known) == {"§"}:
                flat[path] = neutral(self.texts[known["§"]], stack, regions)
            elif known or listing(value):
                for key, item in [*known.items(), *enumerate(listing(value))]:
                    walk(item, f"{path}.{key}" if path else str(key))
            else:
                flat[path] = neutral(value, stack, regions)

        walk(inputs, "")
        return flat


def _signs(region: str, paired: Iterable[str]) -> dict[str, str]:
    """What stands for regions' names: its own region's; what all share names every region that has a counterpart."""
    return {region: "<region>"} if region else {name: f"<region {place}>" for place, name in enumerate(paired, 1)}


def neutral(value: Any, stack: str, regions: Mapping[str, str]) -> Any:
    """Return a value without the names of its stack and, as words, of regions; `regions` has what stands for each."""
    if not isinstance(value, str):
        return value
    if value == stack:
        return "<stack>"
    for before, after in (("gostack-", ""), ("", "-"), (".gostack/build/", "/")):
        value = value.replace(f"{before}{stack}{after}", f"{before}<stack>{after}")
    if not regions:
        return value
    # The longest first: a region may be called like a part of another one.
    names = "|".join(map(re.escape, sorted(regions, key=len, reverse=True)))
    return re.sub(rf"(?<![A-Za-z0-9])(?:{names})(?![A-Za-z0-9])", lambda found: regions[found[0]], value)


def shortened(left: Any, right: Any) -> tuple[Any, Any]:
    """Return two long texts without what they begin and end with in common; anything else as it is."""
    if not (isinstance(left, str) and isinstance(right, str)) or max(len(left), len(right)) <= LONG:
        return left, right
    head = _common(left, right)
    tail = _common(left[head:][::-1], right[head:][::-1])
    cut = max(0, head - CONTEXT), max(0, tail - CONTEXT)
    return _middle(left, *cut), _middle(right, *cut)


def _common(left: str, right: str) -> int:
    """Number of characters that two texts begin with in common."""
    pairs = enumerate(zip(left, right, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(left), len(right)))


def _middle(text: str, head: int, tail: int) -> str:
    return f"{'…' if head else ''}{text[head : len(text) - tail]}{'…' if tail else ''}"

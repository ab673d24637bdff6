"""Two stacks side by side: settings first, because they are the causes, then each component whatever its regions."""

from __future__ import annotations

from collections import Counter
from itertools import zip_longest
from typing import Any

from tools.gostack.explorer.input_differences import InputComparison
from tools.gostack.explorer.model import (
    DifferenceView,
    GroupDifference,
    PropertyDifference,
    SettingDifference,
    SettingView,
    StackView,
)
from tools.gostack.explorer.placement import without_region

MOST = 12
"""Differing inputs that are shown of a component; the others are counted."""


def difference(left: StackView, right: StackView, texts: list[str]) -> DifferenceView:
    """Return what is different in two stacks; `texts` are the page's long texts."""
    return _Comparison(left, right, texts).view()


class _Comparison:
    def __init__(self, left: StackView, right: StackView, texts: list[str]) -> None:
        self.left = left
        self.right = right
        self.regions = paired_regions(
            [region["name"] for region in left["regions"]], [region["name"] for region in right["regions"]]
        )
        self.translated = {ours: theirs for ours, theirs in self.regions if ours and theirs}
        self.inputs = InputComparison(left, right, self.translated, texts)

    def view(self) -> DifferenceView:
        settings, defaults = self._settings()
        return {
            "left": self.left["name"],
            "right": self.right["name"],
            "regions": [list(pair) for pair in self.regions],
            "settings": settings,
            "defaults": defaults,
            "groups": self._groups(),
        }

    def _settings(self) -> tuple[list[SettingDifference], int]:
        """Differing settings, and how many are left out."""
        theirs = {setting["key"]: setting for setting in self.right["settings"]}
        pairs: list[tuple[SettingView | None, SettingView | None, str]] = []
        for ours in self.left["settings"]:
            key = self._translate(ours["key"])
            pairs.append((ours, theirs.pop(key, None), key))
        pairs += [(None, other, key) for key, other in theirs.items()]
        found: list[SettingDifference] = []
        defaults = 0
        for ours, other, key in pairs:
            alone = ours or other if ours is None or other is None else None
            if alone is not None and not alone["given"]:
                # What is not given on one side stands for the section that the other side has.
                defaults += alone["value"] not in (None, [], {})
            elif ours is None or other is None or self._translated_value(ours) != other["value"]:
                found.append(self._setting(ours, other, key))
        return found, defaults

    def _setting(self, ours: SettingView | None, theirs: SettingView | None, key: str) -> SettingDifference:
        either = ours or theirs
        if either is None:
            raise ValueError("a difference needs a side")
        sides = ((self.left["name"], ours), (self.right["name"], theirs))
        return {
            "key": either["key"],
            "right_key": key,
            "left": ours["value"] if ours else None,
            "right": theirs["value"] if theirs else None,
            "left_there": ours is not None,
            "right_there": theirs is not None,
            "meaning": either["meaning"],
            "reasons": {name: side["reason"] for name, side in sides if side and side["reason"]},
        }

    def _translate(self, key: str) -> str:
        """The key in the right stack, where the region that stands for this one may be called differently."""
        steps = key.split(".")
        if steps[0] == "regions" and len(steps) > 1:
            steps[1] = self.translated.get(steps[1], steps[1])
        return ".".join(steps)

    def _translated_value(self, setting: SettingView) -> Any:
        value = setting["value"]
        if setting["key"] == "mysql.primary" and isinstance(value, str):
            return self.translated.get(value, value)
        return value

    def _groups(self) -> list[GroupDifference]:
        ours, theirs = _grouped(self.left), _grouped(self.right)
        groups: list[GroupDifference] = []
        for title, kind in {**ours, **theirs}:
            left, right = ours.get((title, kind), []), theirs.get((title, kind), [])
            properties = self.inputs.differing(_members(self.left, left), _members(self.right, right))
            groups.append(self._group(title, kind, (left, right), properties))
        return groups

    def _group(
        self,
        title: str,
        kind: str,
        cards: tuple[list[int], list[int]],
        properties: list[PropertyDifference],
    ) -> GroupDifference:
        left, right = cards
        left_makes, right_makes = _makes(self.left, left), _makes(self.right, right)
        if not right:
            status = "left only"
        elif not left:
            status = "right only"
        else:
            same = not properties and left_makes == right_makes and len(left) == len(right)
            status = "same" if same else "changed"
        sample = self.left["cards"][left[0]] if left else self.right["cards"][right[0]]
        return {
            "title": title,
            "kind": kind,
            "role": sample["role"],
            "status": status,
            "left": left,
            "right": right,
            "left_makes": left_makes,
            "right_makes": right_makes,
            "properties": properties[:MOST],
            "more": max(0, len(properties) - MOST),
        }


def paired_regions(left: list[str], right: list[str]) -> list[tuple[str, str]]:
    """Return which regions are compared: those of the same name, then the others in their order."""
    same = [name for name in left if name in right]
    ours = [name for name in left if name not in same]
    theirs = [name for name in right if name not in same]
    pairs = [(name, name) for name in same] + list(zip_longest(ours, theirs, fillvalue=""))
    return sorted(pairs, key=lambda pair: (left.index(pair[0]) if pair[0] else len(left), pair[1]))


def _grouped(stack: StackView) -> dict[tuple[str, str], list[int]]:
    """Component without its region, and its class, to its cards."""
    groups: dict[tuple[str, str], list[int]] = {}
    for place, card in enumerate(stack["cards"]):
        title = without_region(card["title"], card["region"]) or card["kind"].lower()
        groups.setdefault((title, card["kind"]), []).append(place)
    return groups


def _members(stack: StackView, cards: list[int]) -> list[int]:
    return [place for place, resource in enumerate(stack["resources"]) if resource["card"] in cards]


def _makes(stack: StackView, cards: list[int]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for card in cards:
        total.update(stack["cards"][card]["makes"])
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))

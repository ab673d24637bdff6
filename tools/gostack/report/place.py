"""Where a resource belongs: its component, its service and its region."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tools.gostack.documents import is_mapping, mapping, mappings
from tools.gostack.report.changes import Change, StackChanges
from tools.gostack.report.findings import Finding, Risk

COMPONENT_PREFIX = "gostack:index:"
_ARN_REGION = re.compile(r"\b([a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d)\b")


@dataclass(frozen=True, order=True)
class Place:
    """Where a resource belongs."""

    component: str
    """Name of the outermost component that holds it; the resource's own name when none does."""

    kind: str
    """Class of that component, for example `Ingress`; empty when there is none."""

    region: str
    """Region; empty for what no region has."""

    service: str
    """What the component belongs to, the same in every region: `users`, `mysql`, `ingress`."""


def labels_of(inputs: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels or tags of a resource of Docker, Kubernetes or AWS."""
    found: dict[str, str] = {}
    for candidate in (
        mapping(inputs.get("metadata")).get("labels"),
        inputs.get("tags"),
        inputs.get("labels"),
    ):
        if is_mapping(candidate):
            found |= {str(key): str(value) for key, value in candidate.items()}
        else:
            found |= {str(item["label"]): str(item.get("value", "")) for item in mappings(candidate) if "label" in item}
    return found


class Places:
    """Finds the place of every resource of a stack."""

    def __init__(self, stack: StackChanges) -> None:
        everything = [*stack.unchanged, *stack.changes]
        self._by_urn = {change.urn: change for change in everything}
        self.regions = tuple(sorted({*_regions_of_settings(stack.settings), *_regions_of_components(everything)}))
        self._places: dict[str, Place] = {}

    def of(self, change: Change) -> Place:
        """Return the place of a resource."""
        if change.urn not in self._places:
            self._places[change.urn] = self._find(change)
        return self._places[change.urn]

    def finding(
        self, risk: Risk, change: Change, sentence: str, path: str = "", affects: Iterable[Change] = ()
    ) -> Finding:
        """Return a risk that a resource causes, and in which region."""
        urns = tuple(item.urn for item in affects)
        return Finding(risk, change.urn, change.name, sentence, path, self.of(change).region, urns)

    def lineage(self, change: Change) -> list[Change]:
        """Return the resource and its parents below the stack, innermost first."""
        line = [change]
        while (parent := self._by_urn.get(line[-1].parent)) is not None and parent.type != "pulumi:pulumi:Stack":
            line.append(parent)
        return line

    def _find(self, change: Change) -> Place:
        line = self.lineage(change)
        component = next((item for item in reversed(line) if item.type.startswith(COMPONENT_PREFIX)), None)
        labels = labels_of(change.inputs)
        name = component.name if component is not None else change.name
        given = (labels.get("gostack.region", ""), labels.get("topology.kubernetes.io/region", ""))
        # A label is a value: only the name of a region that the stack is known to have is told.
        region = next((label for label in given if label in self.regions), "")
        region = region or self._region_in(*(item.name for item in line)) or self._region_in(change.provider)
        if not region and (found := _ARN_REGION.search(f"{change.provider} {change.inputs.get('region', '')}")):
            region = found[1]
        service = _without(name, region) if component is not None else name
        if component is not None and component.type.endswith((":Region", ":Backbone")):
            service = name
        kind = component.type.removeprefix(COMPONENT_PREFIX) if component is not None else ""
        return Place(component=name, kind=kind, region=region, service=service)

    def _region_in(self, *names: str) -> str:
        for name in names:
            parts = f"-{name.replace('::', '-').replace('_', '-')}-"
            # The longest first: "east" is a part of "us-east-1".
            for region in sorted(self.regions, key=len, reverse=True):
                if f"-{region}-" in parts:
                    return region
        return ""


def _without(name: str, region: str) -> str:
    if not region:
        return name
    return f"-{name}-".replace(f"-{region}-", "-", 1).strip("-") or name


def _regions_of_components(changes: Iterable[Change]) -> set[str]:
    return {change.name for change in changes if change.type == f"{COMPONENT_PREFIX}Region"}


def _regions_of_settings(settings: Mapping[str, Any]) -> set[str]:
    return {str(name) for name in mapping(setting(settings, "regions"))}


def setting(settings: Mapping[str, Any], key: str) -> Any:
    """Return a setting of the stack as a value; None when it is not there or hidden."""
    text = settings.get(f"gostack:{key}")
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text

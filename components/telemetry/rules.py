"""The rules that are evaluated: those beside this file, and those that follow from a stack's settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

import yaml

from components.telemetry.objectives import Objective, objective_rules

RUNBOOK = "docs/alerts.md"
"""Page that says of every alert what to do."""

_FILES = Path(__file__).resolve().parent / "rules"


class WantedReplicas(TypedDict):
    """How many replicas of a track of a service there must be in a region."""

    service: str
    """Service."""

    region: str
    """Region."""

    track: str
    """`stable` or `canary`."""

    replicas: int
    """Their number."""


class RulesArgs(TypedDict):
    """What the rules must know of a stack."""

    replicas: Sequence[WantedReplicas]
    """Replicas of every service, in every region."""

    objectives: Mapping[str, Objective]
    """Service to its objective; a service without one has no error budget."""


def rule_files(args: RulesArgs) -> dict[str, str]:
    """Return name to text of each file for vmalert, every alert with the place in the runbook that is about it."""
    groups = _groups()
    groups["settings.yml"] = [{"name": "settings", "interval": "15s", "rules": _recorded(args)}]
    if args["objectives"]:
        groups["objectives.yml"] = [
            {"name": f"objective-{service}", "interval": "1m", "rules": objective_rules(service, objective)}
            for service, objective in sorted(args["objectives"].items())
        ]
    for group in (group for found in groups.values() for group in found):
        for rule in group["rules"]:
            if "alert" in rule:
                rule["annotations"]["runbook"] = f"{RUNBOOK}#{rule['alert'].lower()}"
    return {name: yaml.safe_dump({"groups": found}, sort_keys=False) for name, found in sorted(groups.items())}


def alert_names() -> list[str]:
    """Return the name of every alert that any stack may have."""
    groups = [group for found in _groups().values() for group in found]
    rules = [*(rule for group in groups for rule in group["rules"]), *objective_rules("any", Objective())]
    return sorted({rule["alert"] for rule in rules if "alert" in rule})


def _groups() -> dict[str, list[dict[str, Any]]]:
    return {path.name: yaml.safe_load(path.read_text(encoding="utf-8"))["groups"] for path in _FILES.glob("*.yml")}


def _recorded(args: RulesArgs) -> list[dict[str, Any]]:
    """What the settings say, as series that other rules compare with."""
    return [
        {
            "record": "service:replicas:wanted",
            "expr": f"vector({wanted['replicas']})",
            "labels": {key: wanted[key] for key in ("service", "region", "track")},
        }
        for wanted in args["replicas"]
    ]

"""The report for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from tools.gostack.report.changes import Change
from tools.gostack.report.model import Report, StackReport
from tools.gostack.report.render.prices import figures
from tools.gostack.report.render.sections import members

VERSION = 2
"""Raised when a key changes its meaning or goes."""


def as_json(report: Report) -> str:
    """Return the report as JSON with sorted keys."""
    document = {
        "version": VERSION,
        "verdict": report.verdict,
        "headline": report.headline,
        "stacks": [_stack(item) for item in report.stacks],
    }
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _stack(item: StackReport) -> dict[str, Any]:
    changes = item.assessment.changes
    return {
        "stack": item.stack,
        "verdict": item.decision.verdict,
        "blocks": list(item.decision.blocks),
        "needs": list(item.decision.needs),
        "allowed": list(item.decision.allowed),
        "counts": {**item.assessment.counts, "same": item.assessment.unchanged},
        "settings": list(item.assessment.settings),
        "monthlyCost": figures(item.monthly_cost) if item.monthly_cost is not None else None,
        "findings": [{**asdict(one), "affects": sorted(one.affects)} for one in item.assessment.findings],
        "parts": [
            {
                "name": group.name,
                "kind": group.kind,
                "sentence": group.sentence,
                "regions": [
                    {"region": region, "resources": [_resource(change) for change in found]}
                    for region, found in members(group)
                ],
            }
            for group in item.groups
        ],
        "violations": [asdict(rule) for rule in changes.violations],
        "errors": list(changes.errors),
        "warnings": list(changes.warnings),
    }


def _resource(change: Change) -> dict[str, Any]:
    return {
        "urn": change.urn,
        "operation": change.operation,
        "deleteFirst": change.delete_first,
        "protected": change.protected,
        "follows": change.follows,
        "differences": [
            {"path": item.path, "kind": item.kind, "replaces": item.replaces, "secret": item.secret}
            for item in change.differences
        ],
    }

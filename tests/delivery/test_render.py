"""Lengths and characters of the reports. Does not prove how GitHub shows them."""

from __future__ import annotations

import datetime
import json
import re
from dataclasses import replace

import pytest

from tests.delivery.streams import report
from tools.gostack.gate.decision import decide
from tools.gostack.gate.environments import Environment
from tools.gostack.report.assessment import Assessment
from tools.gostack.report.changes import Change, Difference, StackChanges
from tools.gostack.report.model import Report, StackReport
from tools.gostack.report.render import FORMATS, as_json, as_markdown
from tools.gostack.report.render.as_markdown import LONGEST, MARKER


def large(resources: int, *, name: str = "resource", stacks: int = 1) -> Report:
    """A report of many databases that are replaced, each with a long cause."""

    def change(stack: str, number: int) -> Change:
        kind = "aws:rds/cluster:Cluster"
        full = f"{name}-{number:05d}"
        return Change(
            urn=f"urn:pulumi:{stack}::gostack::{kind}::{full}",
            type=kind,
            name=full,
            operation="replace",
            delete_first=True,
            custom=True,
            differences=(Difference("engineVersion", "update", True),),
            old={"engineVersion": "8.0"},
            new={"engineVersion": "9.0"},
        )

    items: list[StackReport] = []
    for index in range(stacks):
        stack = f"stack{index:03d}"
        looked_at = Assessment.of(StackChanges(stack, tuple(change(stack, number) for number in range(resources))))
        decision = decide(looked_at, Environment(allow_entries=True), [], datetime.date(2026, 11, 21))
        items.append(StackReport(looked_at, decision))
    return Report(tuple(items))


@pytest.mark.parametrize(("resources", "stacks"), [(10, 1), (150, 1), (1500, 1), (40, 300)])
def test_a_comment_is_never_longer_than_github_takes_and_always_says_the_verdict(resources: int, stacks: int) -> None:
    text = as_markdown(large(resources, stacks=stacks))
    assert len(text) <= len(text.encode()) <= LONGEST
    assert text.splitlines()[0] == MARKER
    total = resources * stacks
    assert text.splitlines()[1] == f"### 🔴 Blocked: {total} data loss, {total} downtime"


def test_what_is_left_out_is_counted() -> None:
    text = as_markdown(large(1500))
    assert re.search(r"^- … and \d+ more$", text, re.M)
    assert "more parts of the stack change." in text


@pytest.mark.parametrize("kind", sorted(FORMATS))
def test_what_resources_are_called_is_text_and_nothing_else(kind: str) -> None:
    text = FORMATS[kind](large(1, name="<script>alert(1)</script>@team [x](http://evil) `code` "))
    if kind == "markdown":
        # In code nothing is read as more than text; outside of it, it is escaped.
        outside = re.sub(r"`[^`]*`", "", text.replace(MARKER, ""))
        assert "<script" not in outside
        assert "@team" not in outside
        assert not re.search(r"(?<!\\)\[[^\]]*\]\(http", outside)


def test_json_says_what_the_others_say() -> None:
    document = json.loads(as_json(report("open-port")))
    (stack,) = document["stacks"]
    assert (document["version"], document["verdict"], stack["verdict"]) == (2, "needs care", "needs care")
    assert [finding["property"] for finding in stack["findings"]] == ["ports[0].ip", "ports[0].ip", "ports[1].ip"]
    differences = stack["parts"][0]["regions"][0]["resources"]
    assert {"path": "ports[0].ip", "kind": "update", "replaces": True, "secret": False} in [
        item for resource in differences for item in resource["differences"]
    ]


def test_several_stacks_have_one_verdict() -> None:
    both = report("image-bump", "volume-replaced")
    assert both.verdict == "blocked"
    first, second = both.stacks
    renamed = Report(
        (first, StackReport(Assessment.of(replace(second.assessment.changes, stack="prod")), second.decision))
    )
    assert "prod blocked; report safe." in as_markdown(renamed)

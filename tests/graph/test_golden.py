"""The stacks' whole graphs, as they were reviewed last: a change of one is a change of its golden file.

Does not prove that the graph is right; the promises beside it do, one by one. `UPDATE_GOLDEN=1 pytest tests/graph`
writes the file anew, to be reviewed like code.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.graph.recorder import Graph, Registered, masked

GOLDEN = Path(__file__).resolve().parent / "golden"
STACKS = ["dev", "prod", "staging"]
LONG = 200
# Also inside JSON, and JSON inside JSON.
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----(\n|\\+n)", re.S)


def readable(value: Any) -> Any:
    """Secrets masked, what differs from run to run and long texts as digests."""
    if isinstance(value, dict):
        return {key: readable(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [readable(item) for item in value]
    if isinstance(value, str):
        value = CERTIFICATE.sub("[certificate]", value)
        if len(value) > LONG:
            return f"{value[:60]}… sha256 {hashlib.sha256(value.encode()).hexdigest()[:12]}"
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def described(resource: Registered) -> dict[str, Any]:
    options = {
        "protect": resource.protect,
        "retain_on_delete": resource.retain_on_delete,
        "delete_before_replace": resource.delete_before_replace,
        "replace_on_changes": list(resource.replace_on_changes),
        "ignore_changes": list(resource.ignore_changes),
        "secret_outputs": list(resource.secret_outputs),
        "replacement_trigger": readable(masked(resource.replacement_trigger)),
        "aliases": list(resource.aliases),
        "provider": resource.provider,
    }
    inputs = readable(masked(resource.inputs))
    if resource.type == "pulumi:index:Stash" and inputs["input"] != "[secret]":
        inputs["input"] = "[time]"
    # The source of a service is not part of the stack's shape.
    text = re.sub(r"(?<=-users:)[0-9a-f]{12}", "[source]", json.dumps(inputs, ensure_ascii=False))
    text = re.sub(r"(?<=-users@sha256:)[0-9a-f]{64}", "[source]", text)
    text = re.sub(r'"name": "SERVICE_VERSION", "value": "[0-9a-f]{12}"', '"name": "SERVICE_VERSION"', text)
    text = re.sub(r'(?<="source": ")[0-9a-f]{64}', "[source]", text)
    text = re.sub(r'(?<="VERSION": ")[0-9a-f]{12}', "[source]", text)
    text = re.sub(r"(?<=SERVICE_VERSION=)[0-9a-f]{12}", "[source]", text)
    return {
        "type": resource.type,
        "parent": resource.parent,
        "depends on": sorted(resource.dependencies),
        "options": {key: value for key, value in options.items() if value not in (False, None, [], "")},
        "inputs": json.loads(text),
    }


@pytest.mark.parametrize("stack", STACKS)
def test_the_graph_is_the_one_that_was_reviewed(stack: str, request: pytest.FixtureRequest) -> None:
    recorded: Graph = request.getfixturevalue(stack)
    golden = GOLDEN / f"{stack}.json"
    graph = {name: described(resource) for name, resource in sorted(recorded.resources.items())}
    text = json.dumps(graph, indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    reviewed = golden.read_text(encoding="utf-8")
    if text != reviewed:
        # A few lines of context, so that the resource's name is seen.
        lines = difflib.unified_diff(reviewed.splitlines(), text.splitlines(), "reviewed", "now", lineterm="", n=8)
        pytest.fail("the graph has changed: UPDATE_GOLDEN=1 writes it anew\n" + "\n".join(lines), pytrace=False)


@pytest.mark.parametrize("stack", STACKS)
def test_the_golden_file_holds_no_secret(stack: str) -> None:
    text = (GOLDEN / f"{stack}.json").read_text(encoding="utf-8")
    assert re.findall(r"BEGIN [A-Z ]+KEY|MYSQL_PASSWORD=|\"encrypt\"", text) == []

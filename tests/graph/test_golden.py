"""The stacks' whole graphs as they were reviewed last, one line a resource: a change of one is a change of its line.

Inputs stand as digests, one for each property: what they say is never written down. Does not prove that the graph is
right; the promises beside it do, one by one. `UPDATE_GOLDEN=1 pytest tests/graph/test_golden.py` writes the files anew,
to be reviewed like code.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.graph.recorder import SIGNATURE, Graph, Registered, masked, unwrapped
from tools.gostack.explorer.monitor import name_of

GOLDEN = Path(__file__).resolve().parent / "golden"
STACKS = ["dev", "staging", "prod"]
SHOWN = 2000
MASK = "[secret]"
# What differs from run to run, also inside JSON, and JSON inside JSON.
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----(\n|\\+n)", re.S)
# The source of a service is not part of the stack's shape.
SOURCE = re.compile(
    r"(?<=-users:)[0-9a-f]{12}"
    r"|(?<=-mysql-proxy:)[0-9a-f]{12}"
    r"|(?<=-gostack-collector:)[0-9a-f]{12}"
    r"|(?<=-gostack-console:)[0-9a-f]{12}"
    r"|(?<=-users@sha256:)[0-9a-f]{64}"
    r'|(?<="name": "SERVICE_VERSION", "value": ")[0-9a-f]{12}'
    r'|(?<="source": ")[0-9a-f]{64}'
    r'|(?<="VERSION": ")[0-9a-f]{12}'
    r"|(?<=SERVICE_VERSION=)[0-9a-f]{12}"
)
OPTIONS = (
    "protect",
    "retain_on_delete",
    "delete_before_replace",
    "replace_on_changes",
    "ignore_changes",
    "secret_outputs",
    "aliases",
)


def readable(value: Any) -> str:
    """A value as JSON: secrets masked, without what differs from run to run."""
    text = json.dumps(whole_numbers(masked(value)), sort_keys=True, ensure_ascii=False)
    return SOURCE.sub("[source]", CERTIFICATE.sub("[certificate]", text))


def whole_numbers(value: Any) -> Any:
    """Numbers as the program wrote them: the engine knows no integers."""
    if isinstance(value, dict):
        return {key: whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def inputs_of(resource: Registered) -> dict[str, str]:
    """Property to its value as text."""
    inputs = {key: readable({key: value}) for key, value in sorted(resource.inputs.items())}
    if resource.type == "pulumi:index:Stash" and MASK not in inputs["input"]:
        inputs["input"] = "[time]"
    return inputs


def listed(value: Any) -> str:
    return ",".join(str(item) for item in value) if isinstance(value, (list, tuple)) else str(value)


def line(resource: Registered) -> str:
    """One resource: type, name, parent, what it waits for, options, a digest of each input."""
    options = {name: getattr(resource, name) for name in OPTIONS}
    if resource.replacement_trigger is not None:
        options["replacement_trigger"] = readable(resource.replacement_trigger)
    if resource.provider:
        options["provider"] = name_of(resource.provider.rpartition("::")[0])
    parts = [
        resource.name,
        resource.type,
        f"parent={resource.parent or '-'}",
        *(f"{name}={listed(value)}" for name, value in options.items() if value),
        f"after={listed(sorted(resource.dependencies)) or '-'}",
        "|",
        *(f"{key}={hashlib.sha256(text.encode()).hexdigest()[:6]}" for key, text in inputs_of(resource).items()),
    ]
    return " ".join("".join(part.split()) for part in parts)


def explained(reviewed: str, now: str, resource: Registered) -> str:
    """The properties of a resource whose digests differ, as they are now."""
    before = set(reviewed.partition(" | ")[2].split())
    after = now.partition(" | ")[2].split()
    changed = [part.rpartition("=")[0] for part in after if part not in before]
    inputs = inputs_of(resource)
    return "".join(f"\n  {resource.name}: {key} is now {inputs[key][:SHOWN]}" for key in changed)


@pytest.mark.parametrize("stack", STACKS)
def test_the_graph_is_the_one_that_was_reviewed(stack: str, request: pytest.FixtureRequest) -> None:
    recorded: Graph = request.getfixturevalue(stack)
    golden = GOLDEN / f"{stack}.txt"
    lines = {name: line(resource) for name, resource in sorted(recorded.resources.items())}
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text("\n".join(lines.values()) + "\n", encoding="utf-8")
    reviewed = {text.split(" ", 1)[0]: text for text in golden.read_text(encoding="utf-8").splitlines()}
    if lines != reviewed:
        difference = difflib.unified_diff(
            list(reviewed.values()), list(lines.values()), "reviewed", "now", lineterm="", n=0
        )
        values = [
            explained(reviewed[name], now, recorded.resources[name])
            for name, now in lines.items()
            if name in reviewed and reviewed[name] != now
        ]
        message = "\n".join(["the graph has changed: UPDATE_GOLDEN=1 writes it anew", *difference, *values])
        pytest.fail(message, pytrace=False)


def test_a_changed_input_is_named_with_its_present_value_and_no_secret(dev: Graph) -> None:
    writer = dev.resources["consul-east-secrets-writer"]
    changed = dataclasses.replace(writer, inputs={**writer.inputs, "image": "sha256:other"})
    explanation = explained(line(writer), line(changed), changed)
    assert explanation.strip() == 'consul-east-secrets-writer: image is now {"image": "sha256:other"}'
    shown = inputs_of(writer)["uploads"]
    secrets = secrets_of(writer.inputs["uploads"])
    assert secrets
    assert [value for value in secrets if value in shown] == []


def secrets_of(value: Any) -> list[str]:
    if isinstance(value, dict):
        if SIGNATURE in value:
            return [str(unwrapped(value))]
        return [text for item in value.values() for text in secrets_of(item)]
    return [text for item in value for text in secrets_of(item)] if isinstance(value, list) else []

"""A first preview, in which nothing is known yet, sees every resource that the update will make.

Does not prove what the engine prints of it.
"""

from __future__ import annotations

import json

from tests.graph.conftest import dev_graph
from tests.graph.recorder import UNKNOWN, Graph, Registered, holds_secret


def shape(resource: Registered) -> tuple[object, ...]:
    return (
        resource.urn,
        resource.type,
        resource.parent,
        resource.dependencies,
        resource.protect,
        resource.retain_on_delete,
        resource.delete_before_replace,
        resource.replace_on_changes,
        resource.ignore_changes,
        resource.secret_outputs,
        sorted(resource.inputs),
    )


def test_a_first_preview_knows_no_identity(preview: Graph) -> None:
    assert {resource.id for resource in preview.resources.values()} == {""}
    sandbox = "container:" + UNKNOWN
    assert preview.resources["users-east-0-application"].plain("networkMode") in (UNKNOWN, sandbox)


def test_a_first_preview_shows_every_resource_with_its_parent_its_order_and_its_options(
    preview: Graph, dev: Graph
) -> None:
    assert {name: shape(item) for name, item in preview.resources.items()} == {
        name: shape(item) for name, item in dev.resources.items()
    }


def test_a_first_preview_sends_no_secret_in_plain(preview: Graph) -> None:
    for stash in preview.of_type("pulumi:index:Stash"):
        if not stash.name.endswith("-issued-at"):
            # A certificate waits for its authority; everything else is made at once.
            assert holds_secret(stash.inputs) or stash.inputs["input"] == UNKNOWN, stash.name
    assert [name for name, text in preview.in_plain().items() if "PRIVATE KEY" in text] == []


def test_a_preview_of_a_running_stack_knows_everything(dev: Graph) -> None:
    again = dev_graph(preview=True, kept=dev)
    assert [name for name, item in again.resources.items() if UNKNOWN in json.dumps(item.inputs)] == []

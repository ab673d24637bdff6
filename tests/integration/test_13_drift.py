"""What somebody changes by hand on a running stack is named, all in one run, and `up` repairs that and nothing else.

Does not prove that a change inside of a container's files is seen, nor anything of another platform: that of a
Deployment is in tests/delivery/test_drift.py, from the events that the engine writes.
"""

from __future__ import annotations

import json

import pytest
import urllib3
from docker.models.containers import Container

from tests.integration.support import LiveStack
from tools.gostack.drift.command import DRIFTED, drift, find_drift
from tools.gostack.lifecycle import lifecycle

KEY = "services/users/settings"


def held(stack: LiveStack, region: str) -> object:
    port = stack.workspace.settings.regions[region].consul_port
    return json.loads(urllib3.request("GET", f"http://127.0.0.1:{port}/v1/kv/{KEY}?raw", timeout=10).data)


def identities(stack: LiveStack) -> set[str]:
    return {str(container.id) for container in stack.objects.containers()}


def write(stack: LiveStack, region: str, text: str) -> None:
    server: Container = stack.containers("consul-server", region=region)[0]
    assert server.exec_run(["consul", "kv", "put", KEY, text]).exit_code == 0


@pytest.fixture(scope="module", autouse=True)
def with_a_document(stack: LiveStack):
    stack.change_settings("users", settings={"rate_limit_per_second": 500})
    assert lifecycle.up(stack.workspace) == 0
    yield
    stack.change_settings("users", settings={})
    assert lifecycle.up(stack.workspace) == 0


def test_a_stack_that_nobody_touched_has_no_drift(stack: LiveStack, capsys: pytest.CaptureFixture[str]) -> None:
    assert drift(stack.workspace) == 0
    assert "everything is as the last update left it" in capsys.readouterr().err


def test_each_change_by_hand_is_named_in_one_run_and_up_repairs_only_those(
    stack: LiveStack, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {item["id"]: item["urn"].split("::")[-1] for item in stack.workspace.state()["resources"] if item.get("id")}
    removed = stack.containers("agent", service="users", region="east")[0]
    stopped = stack.containers("application", service="users", region="west")[0]
    lonely = stack.containers("dynamic-configuration", service="users", region="east")[0]
    small = stack.containers("nginx", region="west")[0]
    (backbone,) = [network for network in stack.objects.networks() if network.name.startswith("backbone")]
    before = identities(stack)

    removed.remove(force=True)
    stopped.stop(timeout=5)
    backbone.disconnect(lonely)
    small.update(mem_limit="200m", memswap_limit="200m")
    write(stack, "west", '{"rate_limit_per_second": 1}')

    found = {(item.resource, item.property) for item in find_drift(stack.workspace)}
    assert found == {
        (names[str(removed.id)], ""),
        (names[str(stopped.id)], "mustRun"),
        (names[str(lonely.id)], "networksAdvanced"),
        (names[str(small.id)], "memory"),
        (names[str(small.id)], "memorySwap"),
        ("users-west-settings-document", f"{KEY}: rate_limit_per_second"),
    }
    assert drift(stack.workspace) == DRIFTED
    said = capsys.readouterr().out
    assert f"the key `{KEY}` of Consul in west: `rate_limit_per_second` is `1` instead of `500`" in said
    assert f"{names[str(small.id)]}: `memory` is `200` instead of `256`" in said

    assert lifecycle.up(stack.workspace) == 0
    assert drift(stack.workspace) == 0
    assert held(stack, "west") == {"rate_limit_per_second": 500}
    # Whoever was not touched is the same container as before.
    # Whoever was not removed is the same container as before.
    assert before - identities(stack) == {str(removed.id)}
    assert len(identities(stack) - before) == 1


def test_a_key_that_was_removed_is_named(stack: LiveStack) -> None:
    server: Container = stack.containers("consul-server", region="east")[0]
    assert server.exec_run(["consul", "kv", "delete", KEY]).exit_code == 0
    assert [str(item) for item in find_drift(stack.workspace)] == [
        f"users-east-settings-document: Consul in east no longer has the key `{KEY}`"
    ]
    assert lifecycle.up(stack.workspace) == 0
    assert held(stack, "east") == {"rate_limit_per_second": 500}


def test_a_container_that_nobody_made_is_named(stack: LiveStack) -> None:
    model = stack.containers("agent", service="users", region="east")[0]
    labels = {key: value for key, value in model.labels.items() if key != "gostack.role"}
    image = model.attrs["Image"]
    stranger = stack.objects.client.containers.create(image, ["true"], labels=labels, name="integration-stranger")
    try:
        assert [(item.resource, item.property) for item in find_drift(stack.workspace)] == [
            ("integration-stranger", "")
        ]
    finally:
        stranger.remove(force=True)

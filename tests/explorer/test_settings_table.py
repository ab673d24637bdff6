"""Settings: every key with default, meaning and reason, and the components that take a value from it.

Does not prove that a setting has the meaning that its docstring says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from infra.settings import Settings
from policy.readers import from_recorded
from tests.explorer.conftest import titles
from tests.graph.conftest import Document, as_replica, dev_graph, published_settings, staging_graph
from tests.graph.recorder import Graph
from tools.gostack.explorer.causes import CAUSES
from tools.gostack.explorer.comments import reasons
from tools.gostack.explorer.model import StackView
from tools.gostack.explorer.recording import RecordedStack
from tools.gostack.explorer.settings_table import settings_of
from tools.gostack.explorer.view import page_view


def at(document: Document, key: str, value: Any) -> None:
    *path, last = key.split(".")
    section: Any = document
    for step in path:
        section = section[int(step)] if isinstance(section, list) else section.setdefault(step, {})
    section[last] = value


def test_every_key_has_a_meaning(dev: StackView, small: StackView) -> None:
    assert [setting["key"] for setting in [*dev["settings"], *small["settings"]] if not setting["meaning"]] == []


def test_a_key_is_given_exactly_when_the_stack_file_says_it(dev: StackView) -> None:
    given = {setting["key"]: setting["value"] for setting in dev["settings"] if setting["given"]}
    assert given["regions.east.https_port"] == 8443
    assert given["mysql.topology"] == "group"
    assert "regions.east.bind_address" not in given
    assert "images.mysql" not in given


def test_a_key_without_a_default_is_required(dev: StackView) -> None:
    required = {setting["key"] for setting in dev["settings"] if setting["required"]}
    assert {"mysql.primary", "services.users.routes.0.path"} <= required
    assert "mysql.topology" not in required


def test_the_keys_in_force_are_those_of_the_settings(recorded: list[RecordedStack]) -> None:
    by_key = {setting.key: setting.value for setting in settings_of(recorded[0].settings)}
    assert by_key["certificates.lifetime_days"] == recorded[0].settings.certificates.lifetime_days
    assert by_key["services.users.database.migrate"] == ["migrate"]
    assert by_key["services.users.canary"] is None


def test_a_comment_above_or_behind_a_key_is_its_reason() -> None:
    text = (
        "# About the file.\n"
        "config:\n"
        "  # Two lines\n"
        "  # of why.\n"
        "  gostack:mysql:\n"
        "    topology: group # because\n"
        '    primary: "a # b"\n'
        "  other:key: 1 # not ours\n"
    )
    assert reasons(text) == {"mysql": "Two lines of why.", "mysql.topology": "because"}


CHANGES: dict[str, Any] = {
    "backbone.cidr": "10.90.0.0/24",
    "regions.west.cidr": "10.90.2.0/24",
    "regions.east.bind_address": "0.0.0.0",
    "regions.west.consul_port": 19500,
    "consul.servers": 1,
    "mysql.topology": "replica",
    "mysql.buffer_pool_mib": 128,
    "mysql.witness.cidr": "10.90.3.0/24",
    "images.mysql": "mysql:9.8",
    "images.golang": "golang:1.27",
    "ingress.hosts": ["example.com"],
    "ingress.worker_connections": 512,
    "certificates.lifetime_days": 30,
    "certificates.authority_lifetime_days": 365,
    "rotation.passwords": 2,
    "rotation.gossip_key": 2,
    "rotation.certificates": 2,
    "rotation.authority": 2,
    "services.users.main_package": "./cmd",
    "services.users.replicas": 3,
    "services.users.routes.0.rate_limit_per_second": 5,
    "services.users.environment": {"LEVEL": "debug"},
    "services.users.settings": {"rate_limit_per_second": 5},
    "services.users.database.name": "people",
    "services.users.drain_seconds": 5,
}


WHEN_MADE_ANEW = {"certificates.authority_lifetime_days": {"authority"}}
"""What takes a value only when it is made, and not when the value changes."""


GOES_WITH = {"mysql.topology": {"witness", "mysql-witness"}}
"""What goes because of another key that must be changed together with this one: a replica takes no witness."""


ON_KUBERNETES: dict[str, Any] = {
    "kubernetes.quota.cpus": 40,
    "kubernetes.namespace": "other",
    "kubernetes.storage_class": "fast",
    "registry": "127.0.0.1:5001/other",
    "mysql.storage_gib": 3,
    "services.users.autoscaling.maximum": 5,
}

Recording = Callable[..., Graph]


@pytest.fixture(scope="module")
def dev_before() -> Graph:
    return dev_graph()


@pytest.fixture(scope="module")
def staging_before() -> Graph:
    return staging_graph()


@pytest.mark.parametrize("key", CHANGES)
def test_a_changed_setting_changes_the_components_that_are_said_to_take_it(key: str, dev_before: Graph) -> None:
    look_at_change("dev", key, CHANGES[key], dev_before, dev_graph)


@pytest.mark.parametrize("key", ON_KUBERNETES)
def test_on_kubernetes_too_a_changed_setting_changes_what_is_said_to_take_it(key: str, staging_before: Graph) -> None:
    look_at_change("staging", key, ON_KUBERNETES[key], staging_before, staging_graph)


def look_at_change(stack_name: str, key: str, value: Any, before: Graph, recording: Recording) -> None:
    def change(document: Document) -> None:
        if key == "mysql.topology":
            as_replica(document)
        else:
            at(document, key, value)

    after = recording(change, kept=before)
    stack = viewed(published_settings(stack_name, change), after)
    setting = next(item for item in stack["settings"] if item["key"] == key)
    claimed = set(titles(stack, setting["cards"]))
    others = set(before.resources) ^ set(after.resources)
    changed = cards_of(stack, after.changed(before) | others) | cards_of(
        viewed(published_settings(stack_name), before), others
    )
    assert claimed != set()
    assert claimed - changed == WHEN_MADE_ANEW.get(key, set()), f"{key} is said to be taken by what it does not change"
    unexplained = {name for name in changed - claimed if not reachable(stack, name) & claimed}
    assert unexplained == GOES_WITH.get(key, set()), f"{key} changes what is not said to take it, nor depends on it"


def viewed(settings: Settings, graph: Graph) -> StackView:
    recorded = RecordedStack("dev", settings, from_recorded(graph.resources.values()), "")
    return page_view([recorded])["stacks"][0]


def cards_of(stack: StackView, names: set[str]) -> set[str]:
    return set(titles(stack, [item["card"] for item in stack["resources"] if item["name"] in names]))


def reachable(stack: StackView, title: str) -> set[str]:
    found: set[int] = set()
    waiting = [place for place, card in enumerate(stack["cards"]) if card["title"] == title]
    while waiting:
        for place in stack["cards"][waiting.pop()]["needs"]:
            if place not in found:
                found.add(place)
                waiting.append(place)
    return set(titles(stack, sorted(found)))


def test_every_group_of_causes_but_those_of_aws_and_the_canary_is_tried_by_a_change() -> None:
    keys = [*CHANGES, *ON_KUBERNETES]
    untried = {cause.pattern for cause in CAUSES if not any(re.fullmatch(cause.pattern, key) for key in keys)}
    # To change the platform or the primary's region is to change everything; kubeconfig and context are no value of
    # anything else.
    known = {"platform", "kubernetes\\.(kubeconfig|context)", "mysql\\.primary"}
    assert {pattern for pattern in untried if "canary" not in pattern and not pattern.startswith("aws")} == known

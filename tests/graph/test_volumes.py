"""Volumes of services in whole stacks: who mounts them, and what the rules say of them.

Does not prove that files stay: `tests/integration/test_15_volumes.py` does, on Docker.
"""

from __future__ import annotations

from typing import Any

import pytest

from policy.judge import judge
from policy.readers import from_recorded
from policy.rule import Environment
from tests.graph.conftest import Document, dev_graph, published_settings, recorded, staging_graph
from tests.graph.recorder import Graph

UPLOADS: dict[str, Any] = {"path": "/data/uploads"}
MANY: dict[str, Any] = {**UPLOADS, "storage_class": "files"}
OWN: dict[str, Any] = {"path": "/data/own", "shared": "replica"}


def changed(**values: Any) -> Any:
    def change(document: Document) -> None:
        users = document["services"]["users"]
        users["tasks"] = {"clean": {"args": ["clean"]}}
        users["schedules"] = {"nightly": {"cron": "@daily", "task": "clean"}}
        users["hooks"] = {"before": "clean"}
        users.update(values)

    return change


@pytest.fixture(scope="module")
def dev() -> Graph:
    return dev_graph(changed(volumes={"uploads": UPLOADS, "own": OWN}))


def mounts(graph: Graph, name: str) -> dict[str, str]:
    found = graph.resources[name].plain("volumes")
    return {one["containerPath"]: one["volumeName"] for one in found if one["containerPath"].startswith("/data/")}


def test_replicas_of_a_region_hooks_and_schedules_have_the_same_files(dev: Graph) -> None:
    shared = {"/data/uploads": "gostack-dev-users.uploads-east"}
    for index in range(2):
        own = {"/data/own": f"gostack-dev-users.own-east.{index}"}
        assert mounts(dev, f"users-east-{index}-application") == {**shared, **own}
    assert mounts(dev, "users-hook-before-run") == shared
    assert mounts(dev, "users-schedules-east-scheduler") == shared
    assert mounts(dev, "users-west-0-application")["/data/uploads"] == "gostack-dev-users.uploads-west"


def test_a_canary_has_the_files_of_the_stable_track() -> None:
    graph = dev_graph(changed(volumes={"uploads": UPLOADS}, canary={"environment": {"A": "1"}}))
    assert mounts(graph, "users-east-canary-0-application") == mounts(graph, "users-east-0-application")


def refused(graph: Graph, environment: Environment) -> list[tuple[str, str]]:
    """Rule and resource of each finding that blocks an update."""
    told = judge(from_recorded(graph.resources.values()), environment)
    return sorted((one.rule.name, one.finding.resource.name) for one in told if one.blocks)


def test_the_rules_accept_a_volume_that_outlives_its_service(dev: Graph) -> None:
    assert [one for one in refused(dev, Environment.DEV) if "schedules" not in one[1]] == []
    assert refused(staging_graph(changed(volumes={"uploads": MANY})), Environment.STAGING) == []


def test_the_rules_accept_the_only_pod_of_a_disk_to_go_first() -> None:
    graph = staging_graph(changed(volumes={"own": OWN}, replicas=1, autoscaling=None))
    assert refused(graph, Environment.STAGING) == []
    (deployment,) = (item for item in graph.of_kind("Deployment") if item.name == "users-east-deployment")
    assert deployment.plain("spec")["strategy"] == {"type": "Recreate"}


@pytest.mark.parametrize("protect", [True, False])
def test_in_prod_a_volume_has_to_be_protected(protect: bool) -> None:
    settings = published_settings("prod", changed(volumes={"uploads": {**MANY, "protect": protect}}))
    found = refused(recorded(settings, stack="prod"), Environment.PROD)
    expected = [("protected-data", f"users-{region}-volumes-uploads") for region in sorted(settings.regions)]
    assert found == ([] if protect else expected)

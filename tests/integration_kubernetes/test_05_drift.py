"""What somebody changes by hand in the cluster is named, all in one run, and `up` repairs that and nothing else.

Does not prove what a controller does that owns a field for good: it would win it back.
"""

from __future__ import annotations

from tests.integration_kubernetes.support import ClusterStack, tell
from tools.gostack.drift.command import find_drift
from tools.gostack.lifecycle import lifecycle


def test_each_change_by_hand_is_named_in_one_run_and_up_repairs_only_those(stack: ClusterStack) -> None:
    assert find_drift(stack.workspace) == []
    apps = f"/apis/apps/v1/namespaces/{stack.namespace}/deployments"
    budgets = f"/apis/policy/v1/namespaces/{stack.namespace}/poddisruptionbudgets"
    (found_budget,) = stack.api.items(budgets, gostack_service="users")
    budget = f"{budgets}/{found_budget['metadata']['name']}"
    before, pods = stack.api.get(f"{apps}/users-east")["spec"], stack.names("mysql") | stack.names("consul-server")
    edited = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "users-east", "namespace": stack.namespace},
        "spec": {"minReadySeconds": 1, "revisionHistoryLimit": 7},
    }
    stack.api.apply(f"{apps}/users-east", edited)
    stack.api.delete(budget)

    found = {(item.resource, item.property) for item in find_drift(stack.workspace)}
    assert found == {
        ("users-east-deployment", "spec.minReadySeconds"),
        ("users-east-deployment", "spec.revisionHistoryLimit"),
        ("users-east-budget", ""),
    }
    tell("drift: an edited Deployment and a removed PodDisruptionBudget were named in one run")

    assert lifecycle.up(stack.workspace) == 0
    after = stack.api.get(f"{apps}/users-east")["spec"]
    assert {key: after[key] for key in edited["spec"]} == {key: before[key] for key in edited["spec"]}
    assert len(stack.api.items(budgets, gostack_service="users")) == 1
    assert stack.names("mysql") | stack.names("consul-server") == pods
    assert find_drift(stack.workspace) == []

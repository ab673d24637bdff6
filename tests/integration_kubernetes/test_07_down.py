"""Down leaves the data and nothing else; the next up finds every row; with purge nothing stays.

Does not prove what a storage class does with a disk whose claim is gone.
"""

from __future__ import annotations

from tests.integration_kubernetes.support import ClusterStack, wait_until
from tools.gostack.kubernetes.report import pods
from tools.gostack.lifecycle import lifecycle

KINDS = {
    "/apis/apps/v1": ("deployments", "statefulsets", "replicasets"),
    "/apis/batch/v1": ("jobs",),
    "/apis/networking.k8s.io/v1": ("networkpolicies",),
    "/apis/policy/v1": ("poddisruptionbudgets",),
    "/apis/autoscaling/v2": ("horizontalpodautoscalers",),
    "/api/v1": ("services", "secrets", "resourcequotas", "limitranges", "persistentvolumeclaims"),
}


def left(stack: ClusterStack) -> set[str]:
    """Kind and name of everything in the namespace that somebody made."""
    return {
        f"{kind}/{item['metadata']['name']}"
        for root, kinds in KINDS.items()
        for kind in kinds
        for item in stack.api.items(f"{root}/namespaces/{stack.namespace}/{kind}")
    }


def test_down_leaves_the_data_and_up_finds_every_row(stack: ClusterStack) -> None:
    user = stack.create_user()
    assert lifecycle.down(stack.workspace, purge=False) == 0
    wait_until(lambda: not pods(stack.api, stack.workspace.stack), 90, "every pod is gone")
    data = {"persistentvolumeclaims/data-mysql-east-0", "persistentvolumeclaims/data-mysql-east-replica-0"}
    wait_until(lambda: left(stack) == data, 60, f"nothing is left but the data: {sorted(left(stack))}")
    assert lifecycle.up(stack.workspace) == 0
    stack.__dict__.pop("address", None)
    stack.__dict__.pop("authority", None)
    response = stack.request("GET", f"/api/v1/users/{user['id']}")
    assert (response.status, response.json()["data"]["email"]) == (200, user["email"])


def test_down_with_purge_leaves_nothing(stack: ClusterStack) -> None:
    assert lifecycle.down(stack.workspace, purge=True) == 0
    assert not stack.api.exists(f"/api/v1/namespaces/{stack.namespace}")
    # And once more: nothing to do is no error.
    assert lifecycle.down(stack.workspace, purge=True) == 0

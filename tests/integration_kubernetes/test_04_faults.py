"""Any single pod may go: requests keep succeeding, and what is lost comes back by itself, the database with all rows.

Does not prove the loss of a node or a zone, of which the local cluster has no real ones.
"""

from __future__ import annotations

import time

import pytest

from tests.integration_kubernetes.support import ClusterStack, tell, wait_until
from tools.gostack.kubernetes.api import TooManyDisruptionsError

RATE = 50


def deleted_under_load(stack: ClusterStack, role: str, count: int, **labels: str) -> None:
    """Delete a pod as `kubectl delete pod` does, and go on until its successor is ready."""
    victim = sorted(stack.names(role, **labels))[0]
    with stack.load(RATE) as load:
        time.sleep(1)
        stack.api.delete(stack.pod_path(victim))
        time.sleep(3)
        stack.wait_for(role, count)
        time.sleep(1)
    tell(f"pod {role} deleted: {load.result}")
    assert load.result.failures == []


@pytest.mark.parametrize(("role", "count"), [("application", 2), ("nginx", 2), ("consul-server", 3)])
def test_a_pod_that_is_deleted_is_not_noticed(role: str, count: int, stack: ClusterStack) -> None:
    deleted_under_load(stack, role, count)


def test_a_replica_of_the_database_that_is_deleted_is_not_noticed(stack: ClusterStack) -> None:
    deleted_under_load(stack, "mysql", 2, member="replica")


def test_the_primary_comes_back_by_itself_with_every_acknowledged_row(stack: ClusterStack) -> None:
    acknowledged = [stack.create_user() for _ in range(20)]
    (primary,) = stack.names("mysql", member="primary")
    began = time.monotonic()
    stack.api.delete(stack.pod_path(primary))
    # It is told to go and ends gracefully: until then it still answers.
    wait_until(lambda: not writable(stack), 60, "the primary has gone")
    gone = time.monotonic()
    wait_until(lambda: writable(stack), 120, "the primary takes writes again")
    tell(f"MySQL's primary deleted: no writes for {time.monotonic() - gone:.1f} s ({gone - began:.1f} s until it went)")
    for user in acknowledged:
        assert stack.request("GET", f"/api/v1/users/{user['id']}").json()["data"]["email"] == user["email"]
    stack.wait_for("mysql", 2)
    # Each replica has a circuit breaker of its own, which finds out in its own time.
    wait_until(lambda: all(writable(stack) for _ in range(20)), 60, "every replica takes writes again")


def writable(stack: ClusterStack) -> bool:
    try:
        stack.create_user()
    except AssertionError:
        return False
    return True


def test_a_second_eviction_waits_for_the_first_ones_successor(stack: ClusterStack) -> None:
    stack.wait_for("application", 2)
    first, second = sorted(stack.names("application"))
    with stack.load(RATE) as load:
        stack.evict(first)
        with pytest.raises(TooManyDisruptionsError):
            stack.evict(second)
        time.sleep(2)
        stack.wait_for("application", 2)
        stack.evict(second)
        time.sleep(2)
        stack.wait_for("application", 2)
    tell(f"both replicas evicted, one after the other: {load.result}")
    assert load.result.failures == []

"""Parts of the stack are killed under 25 requests a second, and clients do not notice; `up` brings the parts back.

Does not prove anything about a loss of the MySQL primary, of the ingress or of a whole machine, nor about higher loads.
"""

from __future__ import annotations

import time

from docker.models.containers import Container

from tests.integration.support import RATE, LiveStack, tell, wait_until
from tests.support.load_result import Result
from tools.gostack.lifecycle import lifecycle

SECONDS_AFTER = 8


def load_during_kill(stack: LiveStack, victims: list[Container], what: str) -> Result:
    with stack.mixed_load() as load:
        time.sleep(2)
        for victim in victims:
            victim.kill()
            # Two that die in the same moment may both have begun the same request, which no third one gets.
            victim.wait()
        time.sleep(SECONDS_AFTER)
    tell(f"{what}: {load.result}")
    return load.result


def assert_no_request_failed(result: Result) -> None:
    assert result.sent >= RATE * SECONDS_AFTER
    assert result.failures == []


def assert_up_brings_everything_back(stack: LiveStack) -> None:
    assert lifecycle.up(stack.workspace) == 0
    assert [item.name for item in stack.objects.containers() if item.status != "running" and not is_job(item)] == []
    assert stack.preview_changes() == ""


def is_job(container: Container) -> bool:
    return container.labels["gostack.role"] == "job"


def test_killing_one_replica_loses_no_request(stack: LiveStack) -> None:
    victim = stack.containers("application", service="users", region="east")[0]
    assert_no_request_failed(load_during_kill(stack, [victim], "one replica of two killed"))
    assert_up_brings_everything_back(stack)


def test_killing_all_replicas_of_a_region_loses_no_request(stack: LiveStack) -> None:
    victims = stack.containers("application", service="users", region="east")
    assert len(victims) == 2
    assert_no_request_failed(load_during_kill(stack, victims, "every replica of the region killed"))
    assert_up_brings_everything_back(stack)


def test_killing_one_consul_server_of_three_loses_no_request(stack: LiveStack) -> None:
    victim = stack.containers("consul-server", region="east")[0]
    assert_no_request_failed(load_during_kill(stack, [victim], "one Consul server of three killed"))
    assert_up_brings_everything_back(stack)


def test_a_pod_whose_sandbox_was_killed_is_whole_again_after_up(stack: LiveStack) -> None:
    victim = stack.containers("sandbox", service="users", region="west")[0]
    assert_no_request_failed(load_during_kill(stack, [victim], "the sandbox of a replica killed"))
    assert_up_brings_everything_back(stack)
    west = stack.outputs["consul"]["west"]

    def both_pass() -> bool:
        answer = stack.request("GET", f"{west}/v1/health/service/users?passing=true")
        return len(answer.json()) == 2

    wait_until(both_pass, 30, "both replicas pass their check again")


def test_a_process_that_crashes_is_restarted_by_the_engine(stack: LiveStack) -> None:
    victim = stack.containers("application", service="users", region="east")[0]
    pid = victim.attrs["State"]["Pid"]
    assert pid > 1
    started = victim.attrs["State"]["StartedAt"]
    stack.kill_process(pid)

    def restarted() -> bool:
        victim.reload()
        return victim.status == "running" and victim.attrs["State"]["StartedAt"] != started

    wait_until(restarted, 30, "the engine has restarted the replica")
    assert stack.preview_changes() == ""


def test_a_container_removed_by_hand_comes_back(stack: LiveStack) -> None:
    victim = stack.containers("agent", service="users", region="east")[0]
    victim.remove(force=True, v=True)
    assert_up_brings_everything_back(stack)


def test_the_replica_database_catches_up_after_a_kill(stack: LiveStack) -> None:
    (member,) = stack.containers("mysql", region="west")
    member.kill()
    user = stack.create_user()
    assert_up_brings_everything_back(stack)
    query = f"SELECT email FROM users.users WHERE id = {user['id']}"
    wait_until(lambda: stack.rows("west", query) == [user["email"]], 60, "the replica has caught up")
